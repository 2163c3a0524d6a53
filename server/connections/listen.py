"""`Listener`: listening sockets whose connections are counted and watched."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Callable
from typing import Any

from aiohttp.web_protocol import RequestHandler

from ..logs import Seldom, log
from ..settings import Patience
from .connection import Connection
from .table import ConnectionTable

_AT_ONCE = 32  # connections taken in one turn of the event loop, before any of them is counted
_QUEUE = 1024  # connections that the system keeps until they are taken
_LOOK = 1.0  # seconds between two looks at all connections
_SHED = 64  # connections that are closed when the system has no more open files
_NO_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Listener:
    """Listens on addresses, for an aiohttp server.

    Args:
        make: Makes aiohttp's side of a connection; an `aiohttp.web.Server`.
        table: Counts connections.
        patience: How long they may take.
        tls: For TLS; None for none.
    """

    def __init__(
        self,
        make: Callable[[], RequestHandler],
        table: ConnectionTable,
        patience: Patience,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.table = table
        self._make, self._patience, self._tls = make, patience, tls
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._seldom = Seldom(log)
        self._before = self._loop.get_exception_handler()
        self._loop.set_exception_handler(self._trouble)

    async def listen(self, host: str, port: int) -> None:
        """Listen on an address too.

        Raises:
            OSError: It cannot be listened on.
        """
        # The address may be taken again at once: connections that the last process left behind do
        # not count.
        server = await self._loop.create_server(
            self._connection, host, port, reuse_address=True, backlog=_AT_ONCE
        )
        self._servers.append(server)
        for each in server.sockets:
            with contextlib.closing(socket.socket(fileno=os.dup(each.fileno()))) as same:
                same.listen(_QUEUE)
        if self._timer is None:
            self._timer = self._loop.call_later(_LOOK, self._look)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of every listening socket."""
        names = [each.getsockname() for server in self._servers for each in server.sockets]
        return [(name[0], name[1]) for name in names]

    def close(self) -> None:
        """Listen no more; connections stay until aiohttp closes them."""
        if self._timer is not None:
            self._timer.cancel()
        for server in self._servers:
            server.close()
        self._loop.set_exception_handler(self._before)

    def _connection(self) -> Connection:
        return Connection(self.table, self._make(), self._patience, self._tls)

    def _look(self) -> None:
        now = self._loop.time()
        for each in list(self.table):
            if isinstance(each, Connection):
                each.look(now)
        self._timer = self._loop.call_later(min(_LOOK, self._patience.head), self._look)

    def _trouble(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The event loop met an error that nobody waits for."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in _NO_FILES and "socket" in context:
            # asyncio says so for each connection that it could not take, and tries again later.
            self._seldom.error("no more files can be opened: %s", error.strerror)
            self.table.shed(_SHED)
        elif self._before is not None:
            self._before(loop, context)
        else:
            loop.default_exception_handler(context)
