"""Queries of the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from ..api.library import WorkflowQuery
from ..store.library_tables import revisions, shares, stars, workflows
from ..store.reach import rows_of

Row = Mapping[str, Any]
_LIST = [c for c in revisions.c if c.name != "document"]


class LibraryQueries:
    """Reads; never writes.

    Args:
        engine: The database.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def _rows(self, statement: Executable) -> Sequence[Any]:
        return await rows_of(self._engine, statement)

    async def _one(self, statement: Executable) -> Row | None:
        rows = await self._rows(statement)
        return rows[0] if rows else None

    async def workflow(self, workflow: str) -> Row | None:
        """One workflow, deleted or not."""
        return await self._one(select(workflows).where(workflows.c.id == workflow))

    async def with_link(self, link: str) -> Row | None:
        """The workflow that a share link leads to."""
        return await self._one(
            select(workflows).where(workflows.c.link == link, workflows.c.deleted.is_(None))
        )

    async def owned(self, owner: str) -> int:
        """The number of a user's workflows, with those in the trash."""
        rows = await self._rows(
            select(func.count().label("n")).select_from(workflows).where(workflows.c.owner == owner)
        )
        return int(rows[0]["n"])

    async def knows(self, person: str) -> bool:
        """Whether a user has any data: workflows, shares, stars."""
        for column in (workflows.c.owner, revisions.c.author, shares.c.person, stars.c.person):
            if await self._rows(select(column).where(column == person).limit(1)):
                return True
        return False

    async def bytes_of(self, owner: str) -> int:
        """The size of all revisions of a user's workflows in bytes, with those in the trash."""
        rows = await self._rows(
            select(func.coalesce(func.sum(revisions.c.bytes), 0).label("n"))
            .select_from(revisions)
            .join(workflows, workflows.c.id == revisions.c.workflow)
            .where(workflows.c.owner == owner)
        )
        return int(rows[0]["n"])

    async def page(self, person: str | None, query: WorkflowQuery) -> Sequence[Row]:
        """Workflows that a user may see, one more than requested if there is one.

        Args:
            person: Who asks; None sees all.
            query: Which.
        """
        wanted: list[ColumnElement[bool]] = []
        mine = select(shares.c.workflow).where(shares.c.person == person)
        if query.deleted:
            wanted.append(workflows.c.deleted.is_not(None))
            if person is not None:
                wanted.append(workflows.c.owner == person)
        else:
            wanted.append(workflows.c.deleted.is_(None))
            if person is not None:
                wanted.append(
                    or_(
                        workflows.c.owner == person,
                        workflows.c.visibility == "public",
                        workflows.c.id.in_(mine),
                    )
                )
        words = (query.search or "").casefold().split()
        wanted += [workflows.c.words.contains(word, autoescape=True) for word in words]
        if query.tag is not None:
            wanted.append(workflows.c.tags.contains(f",{query.tag.casefold()},", autoescape=True))
        if query.owner is not None:
            wanted.append(workflows.c.owner == query.owner)
        if query.starred:
            whose = person if person is not None else "local"
            starred = select(stars.c.workflow).where(stars.c.person == whose)
            wanted.append(workflows.c.id.in_(starred))
        if query.before is not None:
            wanted.append(workflows.c.changed < query.before)
        newest = (workflows.c.changed.desc(), workflows.c.id)
        return await self._rows(
            select(workflows).where(and_(*wanted)).order_by(*newest).limit(query.limit + 1)
        )

    async def revision(self, workflow: str, number: int) -> Row | None:
        """One revision with its document."""
        return await self._one(
            select(revisions).where(revisions.c.workflow == workflow, revisions.c.number == number)
        )

    async def revisions(self, workflow: str) -> Sequence[Row]:
        """The revisions of a workflow without documents, the latest first."""
        return await self._rows(
            select(*_LIST)
            .where(revisions.c.workflow == workflow)
            .order_by(revisions.c.number.desc())
        )

    async def shares(self, among: Sequence[str]) -> dict[str, dict[str, str]]:
        """For each of some workflows, with whom it is shared and what they may do."""
        found: dict[str, dict[str, str]] = {workflow: {} for workflow in among}
        for row in await self._rows(select(shares).where(shares.c.workflow.in_(list(among)))):
            found[row["workflow"]][row["person"]] = row["role"]
        return found

    async def starred(self, person: str, among: Sequence[str]) -> set[str]:
        """The workflows that a user has starred, out of some."""
        rows = await self._rows(
            select(stars.c.workflow).where(
                stars.c.person == person, stars.c.workflow.in_(list(among))
            )
        )
        return {row["workflow"] for row in rows}
