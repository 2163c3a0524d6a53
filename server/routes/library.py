"""The workflow library: save, find, compare, share."""

from __future__ import annotations

from aiohttp import web

from ..api.errors import json_response
from ..api.library import (
    DeleteQuery,
    Diff,
    DiffQuery,
    Fork,
    NewRevision,
    NewWorkflow,
    Revision,
    RevisionQuery,
    Revisions,
    Share,
    Shared,
    Workflow,
    WorkflowChange,
    WorkflowPage,
    WorkflowQuery,
)
from ..api.routing import Routes
from ..guard.middleware import POLICY
from ..keys import LIBRARY, is_admin, owner_of
from ..library.service import Person

routes = Routes("workflows")
_ID = "/v1/workflows/{workflow:[0-9a-f]+}"


def _who(request: web.Request) -> Person:
    return Person(owner_of(request), is_admin=is_admin(request))


def _named(request: web.Request, person: str) -> str:
    """Who is meant by a name, as the library keeps it: the user who has it now."""
    return request.app[POLICY].users.owner(person)


@routes.post("/v1/workflows", status=201, errors=(400, 413, 422, 429))
async def create(request: web.Request, body: NewWorkflow) -> Workflow:
    """Keep a workflow under a name. It is private unless it says otherwise."""
    return await request.app[LIBRARY].create(_who(request), body)


@routes.get("/v1/workflows", errors=(422,))
async def find(request: web.Request, query: WorkflowQuery) -> WorkflowPage:
    """List workflows that one may see, the latest changed first, a page at a time."""
    return await request.app[LIBRARY].find(_who(request), query)


@routes.get(_ID, errors=(404,))
async def get(request: web.Request, workflow: str) -> Workflow:
    """Tell what is known of a workflow, without its document."""
    return await request.app[LIBRARY].get(workflow, _who(request))


@routes.route("PATCH", _ID, errors=(403, 404, 422))
async def change(request: web.Request, workflow: str, body: WorkflowChange) -> Workflow:
    """Change name, description, tags or visibility."""
    return await request.app[LIBRARY].change(workflow, _who(request), body)


@routes.delete(_ID, errors=(403, 404, 409))
async def delete(request: web.Request, workflow: str, query: DeleteQuery) -> None:
    """Put a workflow away, with its revisions; its link ends. `forever` deletes it for good."""
    if query.forever:
        await request.app[LIBRARY].forget(workflow, _who(request))
    else:
        await request.app[LIBRARY].delete(workflow, _who(request))


@routes.post(_ID + "/restore", errors=(403, 404))
async def restore(request: web.Request, workflow: str) -> Workflow:
    """Bring a deleted workflow back."""
    return await request.app[LIBRARY].restore(workflow, _who(request))


@routes.get(_ID + "/document", media_type="application/json", errors=(404, 422))
async def document(request: web.Request, workflow: str, query: RevisionQuery) -> web.StreamResponse:
    """Give the document of a revision."""
    found = await request.app[LIBRARY].document(workflow, _who(request), query.revision)
    return json_response(found)


@routes.get(_ID + "/revisions", errors=(404,))
async def revisions(request: web.Request, workflow: str) -> Revisions:
    """List the saves of a workflow, the latest first."""
    return await request.app[LIBRARY].revisions(workflow, _who(request))


@routes.post(_ID + "/revisions", status=201, errors=(400, 403, 404, 409, 413, 422))
async def save(request: web.Request, workflow: str, body: NewRevision) -> Revision:
    """Save. With a base that is not the latest revision: 409, and nothing is changed.

    Saving what the latest revision has already makes no new one, but an autosave becomes a save
    then, with the message if there is one.
    """
    return await request.app[LIBRARY].save(workflow, _who(request), body)


@routes.get(_ID + "/diff", errors=(404, 422))
async def diff(request: web.Request, workflow: str, query: DiffQuery) -> Diff:
    """Compare two revisions: nodes, values, links."""
    return await request.app[LIBRARY].diff(workflow, _who(request), query)


@routes.post(_ID + "/fork", status=201, errors=(404, 422, 429))
async def fork(request: web.Request, workflow: str, body: Fork) -> Workflow:
    """Make a copy of one's own."""
    return await request.app[LIBRARY].fork(workflow, _who(request), body)


@routes.put(_ID + "/star", errors=(404,))
async def star(request: web.Request, workflow: str) -> None:
    """Star a workflow."""
    await request.app[LIBRARY].star(workflow, _who(request), on=True)


@routes.delete(_ID + "/star", errors=(404,))
async def unstar(request: web.Request, workflow: str) -> None:
    """Take the star away."""
    await request.app[LIBRARY].star(workflow, _who(request), on=False)


@routes.put(_ID + "/shares/{person:[A-Za-z0-9_~-]+}", errors=(403, 404, 422))
async def share(request: web.Request, workflow: str, person: str, body: Share) -> Workflow:
    """Let a user of this server look at or edit a workflow."""
    return await request.app[LIBRARY].share(
        workflow, _who(request), _named(request, person), body.role
    )


@routes.delete(_ID + "/shares/{person:[A-Za-z0-9_~-]+}", errors=(403, 404))
async def unshare(request: web.Request, workflow: str, person: str) -> Workflow:
    """Take that back."""
    return await request.app[LIBRARY].share(workflow, _who(request), _named(request, person), None)


@routes.post(_ID + "/link", errors=(403, 404))
async def link(request: web.Request, workflow: str) -> Workflow:
    """Make a link through which every user of this server can look and fork."""
    return await request.app[LIBRARY].link(workflow, _who(request), on=True)


@routes.delete(_ID + "/link", errors=(403, 404))
async def unlink(request: web.Request, workflow: str) -> Workflow:
    """End the link."""
    return await request.app[LIBRARY].link(workflow, _who(request), on=False)


@routes.get("/v1/workflows/shared/{link:[A-Za-z0-9_-]+}", errors=(404,))
async def shared(request: web.Request, link: str) -> Shared:
    """Show what a share link leads to."""
    return await request.app[LIBRARY].shared(link, _who(request))


@routes.post("/v1/workflows/shared/{link:[A-Za-z0-9_-]+}/fork", status=201, errors=(404, 422, 429))
async def fork_shared(request: web.Request, link: str, body: Fork) -> Workflow:
    """Make a copy of what a share link leads to."""
    return await request.app[LIBRARY].fork_shared(link, _who(request), body)
