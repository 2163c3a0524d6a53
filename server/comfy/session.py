"""One websocket of a client. What it does not read in time is dropped, never piled up."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Hashable
from typing import Any

from aiohttp import WSCloseCode, web

_MOST = 5000  # frames that wait for a slow reader
_MOST_BYTES = 256 * 2**20


class Session:
    """A websocket and what waits to be sent over it.

    Args:
        socket: Prepared.
        owner: Who connected.
        sees: Whose jobs are counted; None for everyone's.
        client_id: As the client named itself.
    """

    def __init__(
        self, socket: web.WebSocketResponse, owner: str, sees: str | None, client_id: str
    ) -> None:
        self.socket, self.owner, self.sees, self.client_id = socket, owner, sees, client_id
        self.wants_metadata = False
        self.wants_logs = False
        self._waiting: deque[str | bytes] = deque()
        self._latest: dict[Hashable, str | bytes] = {}
        self._more = asyncio.Event()
        self.ended = asyncio.Event()  # whoever connected may not listen any longer
        self._too_slow = False
        self._bytes = 0

    def send(self, kind: str, data: Any) -> None:
        """Send a message in its order; one that must not be lost."""
        self.send_frame(message(kind, data))

    def send_frame(self, frame: str | bytes) -> None:
        """`send` for what is a frame already."""
        # What is still unsent of the latest came before it.
        for each in (*self._latest.values(), frame):
            self._waiting.append(each)
            self._bytes += len(each)
        self._latest.clear()
        self._too_slow = self._too_slow or len(self._waiting) > _MOST or self._bytes > _MOST_BYTES
        self._more.set()

    def send_latest(self, key: Hashable, frame: str | bytes) -> None:
        """Send a frame, unless a newer one with that key comes before it was its turn."""
        self._latest.pop(key, None)
        self._latest[key] = frame
        self._more.set()

    async def pump(self) -> None:
        """Send what waits, until the socket closes or its reader is far too slow."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            while not self.socket.closed:
                await self._more.wait()
                self._more.clear()
                while frame := self._next():
                    if self._too_slow:
                        await self.socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
                        return
                    if isinstance(frame, str):
                        await self.socket.send_str(frame)
                    else:
                        await self.socket.send_bytes(frame)

    def _next(self) -> str | bytes | None:
        if self._waiting:
            frame = self._waiting.popleft()
            self._bytes -= len(frame)
            return frame
        if self._latest:
            return self._latest.pop(next(iter(self._latest)))
        return None


def message(kind: str, data: Any) -> str:
    """A text frame."""
    return json.dumps({"type": kind, "data": data}, separators=(",", ":"))
