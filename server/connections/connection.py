"""One connection: hands bytes to aiohttp, and notices when it takes too long."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
from typing import cast

from aiohttp.web_protocol import RequestHandler

from ..api.errors import ApiError, error_json
from ..settings import Patience
from .table import ConnectionTable, party


class Connection(asyncio.Protocol):
    """Stands between a socket and aiohttp's handler of it.

    A connection is counted before TLS is agreed on, so that silent ones cannot hide there. TLS is
    therefore begun here and not by the listening socket.

    Args:
        table: Counts it.
        handler: aiohttp's side.
        patience: How long anything may take.
        tls: For TLS; None for none.
    """

    def __init__(
        self,
        table: ConnectionTable,
        handler: RequestHandler,
        patience: Patience,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address = ""
        self.has_asked = False
        self._table = table
        self._handler = handler
        self._patience = patience
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._shaking: asyncio.Task[None] | None = None
        self._begun = False  # whether aiohttp has the connection
        self._early = bytearray()
        self._received = 0  # bytes
        self._head_since: float | None = None  # when the request began that is not whole yet
        self._body: tuple[float, int] | None = None  # when bytes were counted last, and how many
        self._stuck_since: float | None = None  # when the other end stopped reading

    @property
    def is_waiting(self) -> bool:
        """Whether no request is being answered: it is idle, or its next head is not whole."""
        if not self._begun:
            return True
        waiter = self._handler._waiter  # what aiohttp's own time limit looks at
        return waiter is not None and not waiter.done()

    # -- asyncio tells --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast("asyncio.Transport", transport)
        self.address = party(transport.get_extra_info("peername"))
        _give_up_on_the_dead(transport.get_extra_info("socket"), self._patience.reading)
        self._head_since = self._loop.time()
        if not self._table.enter(self):
            if self._tls is None:
                self._transport.write(_BUSY)
            self._transport.close()
        elif self._tls is None:
            self._begin(self._transport)
        else:
            self._shaking = self._loop.create_task(self._shake_hands(self._transport, self._tls))

    async def _shake_hands(self, transport: asyncio.Transport, tls: ssl.SSLContext) -> None:
        try:
            secure = await self._loop.start_tls(
                transport, self, tls,
                server_side=True, ssl_handshake_timeout=self._patience.head,
            )  # fmt: skip
        except (OSError, EOFError):  # no TLS, too slow, or gone; `ssl.SSLError` is an OSError
            secure = None
        except BaseException:
            self._table.leave(self)
            raise
        if secure is None or transport.is_closing():
            self._table.leave(self)
            transport.abort()
            return
        self._transport = secure
        self._head_since = self._loop.time()
        self._begin(secure)

    def _begin(self, transport: asyncio.Transport) -> None:
        self._begun = True
        self._handler.connection_made(transport)
        if self._early:  # aiohttp begins to wait for it in the next turn of the event loop
            self._loop.call_soon(self.data_received, bytes(self._early))
            self._early.clear()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if not self._begun:  # what comes with the last words of TLS
            self._early += data
            return
        self._received += len(data)
        self._handler.data_received(data)
        if self.is_waiting:
            if self._head_since is None:
                self._head_since = self._loop.time()
        else:
            self._head_since = None
            self.has_asked = True
        self._table.heard(self)

    def eof_received(self) -> bool | None:
        """The other end says nothing more."""
        if self._begun:
            self._handler.eof_received()
        return None

    def pause_writing(self) -> None:
        """The other end does not read as fast as we write."""
        self._stuck_since = self._loop.time()
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """It has read."""
        self._stuck_since = None
        self._handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self._table.leave(self)
        if self._shaking is not None:
            self._shaking.cancel()
        if self._begun:
            self._handler.connection_lost(exc)

    # -- too slow -------------------------------------------------------------------------------

    def drop(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    def look(self, now: float) -> None:
        """Close it if it is too slow.

        Args:
            now: By the clock of the event loop.
        """
        late = self._head_since is not None and now - self._head_since > self._patience.head
        if late and self.is_waiting:
            self._end_without_request()
        elif self._stuck_since is not None and now - self._stuck_since > self._patience.reading:
            self._table.closed("it did not read its response", self.address)
            self.drop()
        else:
            self._look_at_body(now)

    def _end_without_request(self) -> None:
        assert self._transport is not None
        self._table.closed("no complete request arrived in time", self.address)
        if not self._begun:
            self.drop()
            return
        if self._received:
            self._transport.write(_TOO_SLOW)
        self._handler.force_close()
        self._head_since = None

    def _look_at_body(self, now: float) -> None:
        """Break a request off whose body comes too slowly, unless we are who does not read it."""
        request = self._handler._current_request if self._begun else None
        reading = self._transport is not None and self._transport.is_reading()
        if request is None or request.content.is_eof() or not reading:
            self._body = None
            return
        if self._body is None:
            self._body = (now, self._received)
            return
        since, before = self._body
        if now - since < self._patience.body:
            return
        if self._received - before >= self._patience.body_rate * (now - since):
            self._body = (now, self._received)
        elif request.content.exception() is None:
            self._table.closed("the body of a request arrived too slowly", self.address)
            request.content.set_exception(_slow_body())
            self._body = (now, self._received)
        else:  # whoever was to read the body does something else
            self.drop()


def _give_up_on_the_dead(sock: socket.socket | None, seconds: float) -> None:
    """Let the system close a connection whose other end takes nothing of what was sent.

    asyncio does not notice that while it sends a file by itself.
    """
    if sys.platform == "linux" and sock is not None and sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


def _slow_body() -> ApiError:
    return ApiError(
        408,
        "The body of the request arrived too slowly.",
        code="request.too_slow",
        hint="Send it again over a faster connection.",
        headers={"Connection": "close"},
    )


def _answer(status: str, error: ApiError) -> bytes:
    """An answer for who has not asked in HTTP yet."""
    body = json.dumps(error_json(error)).encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
    ).encode() + body


_TOO_SLOW = _answer(
    "408 Request Timeout",
    ApiError(408, "No complete request arrived in time.", code="request.too_slow"),
)
_BUSY = _answer(
    "503 Service Unavailable",
    ApiError(
        503,
        "The server has reached its maximum number of connections, and all are in use.",
        code="server.busy",
        hint="Close some connections, or start the server with a larger --max-connections.",
    ),
)
