"""Events, over a websocket or as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from aiohttp import ClientConnectionResetError, WSCloseCode, web
from pydantic import ConfigDict, Field

from ..api.errors import ApiError
from ..api.jobs import JobId
from ..api.model import ApiModel
from ..api.routing import Routes
from ..events.hub import EventBatch
from ..keys import HUB, SETTINGS, asking, owner_of

routes = Routes("events")

_HEARTBEAT = 20.0  # seconds
_LARGEST_MESSAGE = 1 << 16  # bytes, of what clients send; nothing is expected


class EventQuery(ApiModel):
    """Selects events."""

    model_config = ConfigDict(extra="ignore")  # the guard may take a token from here
    after: int | None = Field(None, ge=0, description="Number of the last event that is known.")
    job: JobId | None = Field(None, description="Only events of this job.")


@routes.get("/v1/events", errors=(422, 503), media_type="text/event-stream")
async def events(request: web.Request, query: EventQuery) -> web.StreamResponse:
    """Listen to what happens.

    The first event is a snapshot of everything that is going on; or, with `after` (or the header
    `Last-Event-ID`) of an event that is kept still, `resumed`, and then what was missed.

    A websocket gets text frames, each an array of events as JSON, and previews as binary frames:
    4 bytes (big-endian) with the length of the JSON, the JSON, the picture. Any other client gets
    server-sent events, without previews. A slow listener gets fewer progress reports and previews,
    and a new snapshot if it falls far behind.
    """
    hub = request.app[HUB]
    if hub.listeners >= request.app[SETTINGS].limits.connections:
        raise ApiError(
            503,
            "Too many clients listen already.",
            code="events.full",
            headers={"Retry-After": "5"},
        )
    after = query.after
    known = request.headers.get("Last-Event-ID", "")
    if after is None and known.isascii() and known.isdecimal():
        after = int(known[:18])
    stream = hub.stream(owner=asking(request), job=query.job, after=after, who=owner_of(request))
    # Many listeners share one text; compressing it for each would cost more than it saves.
    socket = web.WebSocketResponse(
        heartbeat=_HEARTBEAT, compress=False, max_msg_size=_LARGEST_MESSAGE
    )
    if socket.can_prepare(request):
        return await _over_websocket(request, socket, stream)
    return await _as_server_sent(request, stream)


async def _over_websocket(
    request: web.Request, socket: web.WebSocketResponse, stream: AsyncGenerator[EventBatch, None]
) -> web.WebSocketResponse:
    await socket.prepare(request)

    async def send() -> None:
        async with contextlib.aclosing(stream):
            async for batch in stream:
                text = _array(batch)
                if text is not None:
                    await socket.send_str(text)
                for note in batch.latest:
                    if note.image is not None:
                        await socket.send_bytes(note.frame)
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"closed by the server")

    sender = asyncio.create_task(send())
    try:
        async for _ in socket:
            pass  # clients have nothing to say; reading answers pings and notices the end
    finally:
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError, ClientConnectionResetError):
            await sender
    return socket


def _array(batch: EventBatch) -> str | None:
    """A batch as one text frame, previews left out; None if nothing is left."""
    parts = [batch.first] if batch.first is not None else []
    if batch.kept.notes:
        parts.append(batch.kept.text)
    parts += [note.text for note in batch.latest if note.image is None]
    return f"[{','.join(parts)}]" if parts else None


async def _as_server_sent(
    request: web.Request, stream: AsyncGenerator[EventBatch, None]
) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # proxies shall pass each event on at once
        }
    )
    await response.prepare(request)
    async with contextlib.aclosing(stream):
        following = asyncio.ensure_future(anext(stream))
        try:
            while True:
                done, _ = await asyncio.wait([following], timeout=_HEARTBEAT)
                if not done:
                    await response.write(b": still here\n\n")
                    continue
                await response.write(_lines(following.result()).encode())
                following = asyncio.ensure_future(anext(stream))
        except (ClientConnectionResetError, StopAsyncIteration):
            return response  # the client is gone, its token has ended, or the server stops
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await following


def _lines(batch: EventBatch) -> str:
    events = []
    if batch.first is not None:
        events.append(f"id: {batch.first_id}\ndata: {batch.first}\n\n")
    events += [f"id: {note.id}\ndata: {note.text}\n\n" for note in batch.kept.notes]
    events += [f"data: {note.text}\n\n" for note in batch.latest if note.image is None]
    return "".join(events)
