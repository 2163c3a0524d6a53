"""The queue as a whole."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from ..api.errors import ApiError
from ..api.jobs import Queue
from ..api.model import ApiModel, Body
from ..api.routing import Routes
from ..keys import JOBS, asking, is_admin

routes = Routes("queue")


class QueueQuery(Body):
    """How much of the queue."""

    limit: int = Field(100, ge=0, le=1000)


class Cleared(ApiModel):
    """The cancelled jobs."""

    cancelled: int


@routes.get("/v1/queue", errors=(422,))
async def get_queue(request: web.Request, query: QueueQuery) -> Queue:
    """Tell what runs and what waits, in the order in which it will run."""
    return await request.app[JOBS].queue(asking(request), query.limit)


@routes.post("/v1/queue/pause")
async def pause(request: web.Request) -> Queue:
    """Start no more jobs; running ones go on. It stays so over a restart."""
    _for_administrators(request)
    await request.app[JOBS].pause()
    return await request.app[JOBS].queue(asking(request))


@routes.post("/v1/queue/resume")
async def resume(request: web.Request) -> Queue:
    """Start jobs again."""
    _for_administrators(request)
    await request.app[JOBS].resume()
    return await request.app[JOBS].queue(asking(request))


@routes.post("/v1/queue/clear")
async def clear(request: web.Request) -> Cleared:
    """Cancel every waiting job of who asks; an administrator cancels everyone's."""
    return Cleared(cancelled=await request.app[JOBS].clear(asking(request)))


def _for_administrators(request: web.Request) -> None:
    if not is_admin(request):
        raise ApiError(403, "Only an administrator may do this.", code="request.forbidden")
