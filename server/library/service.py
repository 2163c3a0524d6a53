"""`Library`: keeps workflows, their revisions, and who may see or change them.

A save names the revision that was edited. Should somebody else have saved meanwhile, the second
save is refused with both versions' numbers, and nothing is lost. Who may not see a workflow is
told that there is none.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from weft.engine.declaration.registry import Registry
from weft.engine.graph.diff import difference
from weft.engine.graph.document import parse
from weft.engine.workflows.workflow import Workflow as EngineWorkflow

from ..api.errors import ApiError, not_found
from ..api.library import (
    Access,
    Diff,
    DiffChange,
    DiffQuery,
    Document,
    Fork,
    NewRevision,
    NewWorkflow,
    Revision,
    Revisions,
    Shared,
    ShareRole,
    Workflow,
    WorkflowChange,
    WorkflowPage,
    WorkflowQuery,
)
from ..catalog import in_thread_if_large
from ..store.writer import Writer, WriterChange
from .queries import LibraryQueries, Row
from .statements import MUTABLE, LibraryStatements

MOST_OWNED = 10_000
MOST_REVISIONS = 2000
AUTOSAVES_KEPT = 20
_RANK: Mapping[Access, int] = {"viewer": 1, "editor": 2, "owner": 3}


class Person:
    """The user of a request.

    Args:
        name: Their name.
        is_admin: Whether they may do everything.
    """

    def __init__(self, name: str, *, is_admin: bool) -> None:
        self.name = name
        self.is_admin = is_admin


class Library:
    """The library.

    Args:
        queries: Reads.
        writer: Writes.
        statements: How rows are written; the writer must know them.
        registry: Node types, to read ComfyUI's format.
        most_bytes: How many bytes the revisions of one person's workflows may have.
    """

    def __init__(
        self,
        queries: LibraryQueries,
        writer: Writer,
        statements: LibraryStatements,
        registry: Registry,
        *,
        most_bytes: int,
    ) -> None:
        self._read = queries
        self._writer = writer
        self._say = statements
        self._registry = registry
        self._most_bytes = most_bytes
        self._changing = asyncio.Lock()

    async def knows(self, person: str) -> bool:
        """Whether a user has any data."""
        return await self._read.knows(person)

    # -- workflows ------------------------------------------------------------------------------

    async def create(
        self, who: Person, new: NewWorkflow, *, forked_from: str | None = None
    ) -> Workflow:
        """Keep a new workflow.

        Raises:
            DocumentError: The document is none.
            ApiError: 429: who asks has too many.
        """
        if await self._read.owned(who.name) >= MOST_OWNED:
            raise ApiError(
                429,
                f"You have {MOST_OWNED} workflows already.",
                code="workflows.quota",
                hint="Move some to the trash, and delete them permanently.",
            )
        now = time.time()
        row: dict[str, Any] = {
            "id": secrets.token_hex(8),
            "owner": who.name,
            "name": new.name,
            "description": new.description,
            "tags": _tags(new.tags),
            "words": _words(new.name, new.description, new.tags),
            "visibility": new.visibility,
            "link": None,
            "head": 1,
            "forked_from": forked_from,
            "created": now,
            "changed": now,
            "deleted": None,
        }
        revision = await self._revision(
            row["id"], 1, who, new.document, new.message, automatic=False
        )
        await self._check_room(who.name, revision["bytes"])
        await self._writer.store(
            [
                WriterChange(self._say.add_workflow, row),
                WriterChange(self._say.add_revision, revision),
            ]
        )
        return await self._view(row, who)

    async def find(self, who: Person, query: WorkflowQuery) -> WorkflowPage:
        """Workflows that a user may see, the latest changed first."""
        rows = list(await self._read.page(None if who.is_admin else who.name, query))
        page = rows[: query.limit]
        return WorkflowPage(workflows=await self._views(page, who), more=len(rows) > query.limit)

    async def get(self, workflow: str, who: Person) -> Workflow:
        """One workflow.

        Raises:
            ApiError: 404.
        """
        return await self._view(await self._find(workflow, who, "viewer", deleted=True), who)

    async def change(self, workflow: str, who: Person, change: WorkflowChange) -> Workflow:
        """Change what is said of a workflow.

        Raises:
            ApiError: 404, or 403 for who may only look; only the owner makes it public.
        """
        needed: Access = "editor" if change.visibility is None else "owner"
        async with self._changing:  # what is looked for is made of all three texts
            row = await self._find(workflow, who, needed)
            given = change.model_dump(exclude_none=True)
            if "tags" in given:
                given["tags"] = _tags(given["tags"])
            new = dict(row) | given
            given["words"] = _words(new["name"], new["description"], _list(new["tags"]))
            return await self._view(await self._put(row, **given), who)

    async def delete(self, workflow: str, who: Person) -> None:
        """Put a workflow away; `restore` brings it back."""
        row = await self._find(workflow, who, "owner")
        await self._put(row, deleted=time.time(), link=None)

    async def forget(self, workflow: str, who: Person) -> None:
        """Delete a workflow for good, with all its revisions.

        Raises:
            ApiError: 404, 403, or 409: it was not put away before.
        """
        row = await self._find(workflow, who, "owner", deleted=True)
        if row["deleted"] is None:
            raise ApiError(
                409,
                "Only a workflow in the trash can be deleted permanently.",
                code="workflows.not_deleted",
                hint="Delete it first, which moves it to the trash.",
            )
        await self._writer.store(
            [WriterChange(each, {"which": row["id"]}) for each in self._say.forget]
        )

    async def restore(self, workflow: str, who: Person) -> Workflow:
        """Bring a deleted workflow back; one that is not deleted stays as it is."""
        row = await self._find(workflow, who, "owner", deleted=True)
        if row["deleted"] is not None:
            row = await self._put(row, deleted=None)
        return await self._view(row, who)

    async def fork(self, workflow: str, who: Person, fork: Fork) -> Workflow:
        """Make a copy of one's own."""
        row = await self._find(workflow, who, "viewer")
        return await self._copy(row, who, fork)

    # -- revisions ------------------------------------------------------------------------------

    async def document(self, workflow: str, who: Person, revision: int | None) -> Document:
        """The document of a revision; None for the latest."""
        row = await self._find(workflow, who, "viewer")
        return await self._document(row, revision)

    async def save(self, workflow: str, who: Person, new: NewRevision) -> Revision:
        """Save a revision.

        Raises:
            ApiError: 404, 403, or 409: somebody else has saved meanwhile.
            DocumentError: The document is none.
        """
        row = await self._find(workflow, who, "editor")
        number = new.base + 1
        if new.base != row["head"]:
            raise self._conflict(new.base, row["head"])
        made = await self._revision(
            row["id"], number, who, new.document, new.message, automatic=new.automatic
        )
        last = await self._read.revision(row["id"], row["head"])
        if last is not None and last["digest"] == made["digest"]:
            # Nothing has changed, so there is no new revision; but an autosave becomes a save.
            return _revision(last if new.automatic else await self._pinned(last, new.message))
        await self._check_room(row["owner"], made["bytes"])
        changes = [
            WriterChange(self._say.add_revision, made),
            WriterChange(
                self._say.advance,
                {"which": row["id"], "new_head": number, "new_changed": made["created"]},
            ),
        ]
        changes += await self._spent(row["id"])
        try:
            await self._writer.store(changes)
        except IntegrityError:
            now = await self._read.workflow(row["id"])
            raise self._conflict(new.base, now["head"] if now is not None else number) from None
        return _revision(made)

    async def revisions(self, workflow: str, who: Person) -> Revisions:
        """All revisions that are kept, the latest first."""
        row = await self._find(workflow, who, "viewer")
        return Revisions(revisions=[_revision(r) for r in await self._read.revisions(row["id"])])

    async def diff(self, workflow: str, who: Person, query: DiffQuery) -> Diff:
        """The differences of two revisions."""
        row = await self._find(workflow, who, "viewer")
        after = query.after if query.after is not None else int(row["head"])
        one, other = await self._document(row, query.before), await self._document(row, after)

        def compare() -> list[DiffChange]:
            found = difference(parse(one), parse(other), layout=query.layout)
            return [DiffChange(**change.to_json()) for change in found]

        changes = await in_thread_if_large([one, other], compare)
        return Diff(before=query.before, after=after, changes=changes)

    # -- others ---------------------------------------------------------------------------------

    async def star(self, workflow: str, who: Person, *, on: bool) -> None:
        """Star a workflow, or no longer."""
        row = await self._find(workflow, who, "viewer")
        if on:
            change = WriterChange(self._say.set_star, {"workflow": row["id"], "person": who.name})
        else:
            change = WriterChange(self._say.drop_star, {"which": row["id"], "who": who.name})
        await self._writer.store([change])

    async def share(
        self, workflow: str, who: Person, person: str, role: ShareRole | None
    ) -> Workflow:
        """Let a user view or edit a workflow; None revokes it."""
        row = await self._find(workflow, who, "owner")
        if role is not None:
            given = {"workflow": row["id"], "person": person, "role": role}
            await self._writer.store([WriterChange(self._say.set_share, given)])
        else:
            gone = {"which": row["id"], "who": person}
            await self._writer.store([WriterChange(self._say.drop_share, gone)])
        return await self._view(row, who)

    async def link(self, workflow: str, who: Person, *, on: bool) -> Workflow:
        """Make a share link, or end it. A new link is another secret."""
        row = await self._find(workflow, who, "owner")
        link = secrets.token_urlsafe(24) if on else None
        return await self._view(await self._put(row, link=link), who)

    async def shared(self, link: str, who: Person) -> Shared:
        """The workflow behind a share link.

        Raises:
            ApiError: 404.
        """
        row = await self._linked(link)
        view = await self._view(row, who)
        if view.access != "owner":
            view = view.model_copy(update={"link": None})
        return Shared(workflow=view, document=await self._document(row, None))

    async def fork_shared(self, link: str, who: Person, fork: Fork) -> Workflow:
        """Make a copy of what a share link leads to."""
        return await self._copy(await self._linked(link), who, fork)

    # -- inside ---------------------------------------------------------------------------------

    async def _find(
        self, workflow: str, who: Person, needed: Access, *, deleted: bool = False
    ) -> Row:
        row = await self._read.workflow(workflow)
        access = None
        if row is not None:
            access = _access(row, who, (await self._read.shares([workflow]))[workflow])
        gone = row is not None and row["deleted"] is not None
        if row is None or access is None or (gone and not (deleted and access == "owner")):
            raise not_found("workflow", workflow)
        if _RANK[access] < _RANK[needed]:
            raise ApiError(
                403,
                f"This needs the access {needed} to the workflow; your access is {access}.",
                code="workflows.forbidden",
                expected=needed,
                got=access,
                hint="Fork the workflow to change your own copy.",
            )
        return row

    async def _linked(self, link: str) -> Row:
        row = await self._read.with_link(link)
        if row is None:
            raise ApiError(
                404, "This share link is not valid (any more).", code="workflows.no_link"
            )
        return row

    async def _document(self, row: Row, revision: int | None) -> Document:
        number = revision if revision is not None else row["head"]
        found = await self._read.revision(row["id"], number)
        if found is None:
            raise not_found("revision", str(number))
        document: Document = json.loads(found["document"])
        return document

    async def _copy(self, row: Row, who: Person, fork: Fork) -> Workflow:
        number = fork.revision if fork.revision is not None else row["head"]
        new = NewWorkflow(
            name=fork.name if fork.name is not None else row["name"],
            description=row["description"],
            tags=_list(row["tags"]),
            document=await self._document(row, number),
            message=None,
        )
        return await self.create(who, new, forked_from=f"{row['id']}@{number}")

    async def _pinned(self, last: Row, message: str | None) -> Row:
        """A revision that is kept for good, with a message if there is one to give."""
        text = message if message is not None else last["message"]
        if not last["automatic"] and text == last["message"]:
            return last
        given = {"which": last["workflow"], "what": last["number"], "new_message": text}
        await self._writer.store([WriterChange(self._say.keep_revision, given)])
        return dict(last) | {"automatic": 0, "message": text}

    async def _spent(self, workflow: str) -> list[WriterChange]:
        """Autosaves, and at last other revisions, that need not be kept any longer."""
        kept = await self._read.revisions(workflow)
        old = [r["number"] for r in kept if r["automatic"]][AUTOSAVES_KEPT:]
        old += [r["number"] for r in kept if r["number"] not in old][MOST_REVISIONS:]
        return [WriterChange(self._say.drop_revision, {"which": workflow, "what": n}) for n in old]

    async def _put(self, row: Row, **given: Any) -> Row:
        """Change some of what is said of a workflow; the row as it is then."""
        changed = {f"new_{name}": given.get(name) for name in MUTABLE}
        meant = {f"set_{name}": int(name in given) for name in MUTABLE}
        await self._writer.store(
            [WriterChange(self._say.change_workflow, {"which": row["id"], **changed, **meant})]
        )
        return dict(row) | given

    async def _revision(
        self,
        workflow: str,
        number: int,
        who: Person,
        document: Document,
        message: str | None,
        *,
        automatic: bool,
    ) -> dict[str, Any]:

        def read() -> tuple[int, str]:
            data = EngineWorkflow.from_json(document, self._registry).to_json()
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
            return len(data["nodes"]), text

        nodes, text = await in_thread_if_large([document], read)
        return {
            "workflow": workflow,
            "number": number,
            "author": who.name,
            "message": message,
            "automatic": int(automatic),
            "nodes": nodes,
            "bytes": len(text.encode()),
            "digest": hashlib.sha256(text.encode()).hexdigest(),
            "created": time.time(),
            "document": text,
        }

    async def _check_room(self, owner: str, count: int) -> None:
        used = await self._read.bytes_of(owner)
        if used + count > self._most_bytes:
            raise ApiError(
                429,
                f"The workflows of {owner} use {used} bytes in all revisions.",
                code="workflows.quota",
                expected=f"at most {self._most_bytes} bytes",
                hint="Move some to the trash, and delete them permanently.",
            )

    async def _view(self, row: Row, who: Person) -> Workflow:
        (view,) = await self._views([row], who)
        return view

    async def _views(self, rows: Sequence[Row], who: Person) -> list[Workflow]:
        """Workflows as somebody sees them, with two questions for all of them."""
        names = [row["id"] for row in rows]
        shares = await self._read.shares(names)
        starred = await self._read.starred(who.name, names)
        return [_seen(row, who, shares[row["id"]], row["id"] in starred) for row in rows]

    @staticmethod
    def _conflict(base: int, head: int) -> ApiError:
        return ApiError(
            409,
            f"You edited revision {base}, but the latest is {head}: another save came first.",
            code="workflows.conflict",
            expected=str(head),
            got=str(base),
            hint=f"Compare with revision {head}, then save on top of it, or fork.",
        )


def _access(row: Row, who: Person, shares: Mapping[str, str]) -> Access | None:
    """What somebody may do with a workflow; None for nothing."""
    if who.is_admin or row["owner"] == who.name:
        return "owner"
    role = shares.get(who.name)
    if role == "editor":
        return "editor"
    return "viewer" if role is not None or row["visibility"] == "public" else None


def _seen(row: Row, who: Person, shares: Mapping[str, Any], starred: bool) -> Workflow:
    """A workflow as somebody sees it; who came by a link is a viewer."""
    access = _access(row, who, shares) or "viewer"
    return Workflow(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        tags=_list(row["tags"]),
        owner=row["owner"],
        access=access,
        visibility=row["visibility"],
        revision=row["head"],
        starred=starred,
        forked_from=row["forked_from"],
        link=row["link"] if access == "owner" else None,
        shares=dict(shares) if access == "owner" else None,
        created=row["created"],
        changed=row["changed"],
        deleted=row["deleted"],
    )


def _revision(row: Row) -> Revision:
    return Revision(
        automatic=bool(row["automatic"]),
        **{n: row[n] for n in ("number", "author", "message", "nodes", "bytes", "created")},
    )


def _tags(tags: Sequence[str]) -> str:
    unique = dict.fromkeys(tag.casefold() for tag in tags)
    return "".join(f",{tag}" for tag in unique) + "," if unique else ""


def _list(tags: str) -> list[str]:
    return [tag for tag in tags.split(",") if tag]


def _words(name: str, description: str, tags: Sequence[str]) -> str:
    return "\n".join([name, description, *tags]).casefold()
