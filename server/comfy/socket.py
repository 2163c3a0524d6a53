"""`/ws`: a websocket for each client, several if it likes."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from ..api.errors import ApiError
from ..guard.middleware import is_let_in
from ..guard.throttle import Throttle
from ..keys import SETTINGS, asking, owner_of
from .prompts import BRIDGE
from .routing import Twins
from .session import Session

routes = Twins()
_MOST_BYTES = 2**16  # of a message from a client
_HEARTBEAT = 30.0  # seconds


@routes.get("/ws")
async def connect(request: web.Request) -> web.StreamResponse:
    """Tell a client of its prompts, for as long as it stays."""
    bridge = request.app[BRIDGE]
    if bridge.connections >= request.app[SETTINGS].limits.connections:
        raise ApiError(503, "There are too many connections.", code="server.busy")
    socket = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=_MOST_BYTES)
    if not socket.can_prepare(request).ok:
        raise ApiError(400, "This is for websockets.", code="request.no_websocket")
    await socket.prepare(request)
    client_id = request.query.get("clientId", "")[:200] or uuid.uuid4().hex
    session = Session(socket, owner_of(request), asking(request), client_id)
    sending = asyncio.create_task(session.pump())
    try:
        await bridge.join(session)
        if not is_let_in(request):  # no longer: the token ended while the websocket was made
            session.ended.set()
        await _listen_until_ended(socket, session, request.app[SETTINGS].limits.upload_bytes)
    finally:
        bridge.leave(session)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    return socket


async def _listen_until_ended(
    socket: web.WebSocketResponse, session: Session, upload_bytes: int
) -> None:
    listening = asyncio.create_task(_listen(socket, session, upload_bytes))
    ended = asyncio.create_task(session.ended.wait())
    try:
        await asyncio.wait((listening, ended), return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            listening.cancel()  # a websocket is closed by whoever reads it
            await asyncio.gather(listening, return_exceptions=True)
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"the token has ended")
        elif not listening.cancelled():
            listening.result()
    finally:
        for task in (listening, ended):
            task.cancel()


async def _listen(socket: web.WebSocketResponse, session: Session, upload_bytes: int) -> None:
    heard = Throttle(rate=20, burst=100, keys=1)
    async for got in socket:
        if not heard.take(""):
            await socket.close(code=1008, message=b"too many messages")
            return
        if got.type is not WSMsgType.TEXT:
            continue
        flags = _feature_flags(got.data)
        if flags is not None:
            session.wants_metadata = flags.get("supports_preview_metadata") is True
            session.send("feature_flags", features(upload_bytes))


def _feature_flags(text: str) -> dict[str, Any] | None:
    """The flags of a message that has some. Nothing else that clients say is acted on."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.get("type") != "feature_flags":
        return None
    flags = data.get("data")
    return flags if isinstance(flags, dict) else {}


def features(upload_bytes: int) -> dict[str, Any]:
    """Features of this server that older ones lack."""
    return {"supports_preview_metadata": True, "max_upload_size": upload_bytes}
