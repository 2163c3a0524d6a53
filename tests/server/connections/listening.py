"""A server in this process whose connections are counted and watched, as `weft serve` has it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from weft.server.api.answering import answer_errors
from weft.server.connections.listen import Listener
from weft.server.connections.table import ConnectionTable
from weft.server.settings import Patience

PATIENCE = 60.0  # seconds; only a broken test waits so long
HALF = b"GET / HTTP/1.1\r\nX: "
WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Wire:
    """One connection of a client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)

    async def until_closed(self) -> bytes:
        """Wait until the server has closed it; what it said."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def answer(self) -> tuple[int, bytes]:
        """The status and the body of the next answer."""
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            return int(head.split()[1]), await self.reader.readexactly(length)


@dataclass
class Place:
    """The server, and what its handlers wait for."""

    table: ConnectionTable
    port: int
    go: asyncio.Event
    working: asyncio.Queue[None]  # one thing for each request that waits
    tls: ssl.SSLContext | None = None
    wires: list[Wire] = field(default_factory=list)

    async def connect(self, *, tls: bool = False) -> Wire:
        """Open a connection."""
        context = self.tls if tls else None
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.port, ssl=context))
        self.wires.append(wire)
        return wire

    async def until_open(self, count: int) -> None:
        """Wait until so many connections are counted."""
        async with asyncio.timeout(PATIENCE):
            while len(self.table) != count:  # noqa: ASYNC110  (the table tells nobody)
                await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def listening(
    *,
    most: int = 100,
    each: int = 100,
    tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
    **patience: Any,
) -> AsyncIterator[Place]:
    """A server: `/` answers, `/wait` answers when told to, `/read` answers with a body's length,
    `/large` gives more than anybody keeps in buffers.
    """
    go: asyncio.Event = asyncio.Event()
    working: asyncio.Queue[None] = asyncio.Queue()

    async def front(_: web.Request) -> web.Response:
        return web.Response(text="here")

    async def wait(_: web.Request) -> web.Response:
        working.put_nowait(None)
        await go.wait()
        return web.Response(text="waited")

    async def read(request: web.Request) -> web.Response:
        working.put_nowait(None)
        return web.Response(text=str(len(await request.read())))

    async def large(_: web.Request) -> web.Response:
        return web.Response(body=bytes(64 << 20))

    app = web.Application(middlewares=[answer_errors], client_max_size=1 << 30)
    app.router.add_get("/", front)
    app.router.add_get("/wait", wait)
    app.router.add_post("/read", read)
    app.router.add_get("/large", large)
    kept = Patience(**patience)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=kept.idle, shutdown_timeout=0.1)
    await runner.setup()
    assert runner.server is not None
    table = ConnectionTable(most, each)
    listener = Listener(runner.server, table, kept, tls[0] if tls else None)
    await listener.listen("127.0.0.1", 0)
    port = listener.addresses[0][1]
    place = Place(table, port, go, working, tls[1] if tls else None)
    try:
        yield place
    finally:
        for wire in place.wires:
            wire.writer.transport.abort()
        go.set()
        listener.close()
        await runner.cleanup()
