"""A worker process on this machine, talked to over its standard input and output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from typing import cast

from .base import Heard, Lost, Worker
from .messages import Cutter, FromWorker, Setup, ToWorker, encode

_SERVERS_OWN = frozenset({"WEFT_TOKEN", "DATABASE_URL", "PGPASSWORD", "PGPASSFILE"})
"""Variables that open the server or its database. Those of other accounts stay, because a cache on
another machine (`WEFT_CACHE`) needs them in the worker."""


class LocalWorker(Worker):
    """A child process.

    Args:
        name: For logs.
        setup: What it is.
        environment: Variables that it gets besides those of this process.
    """

    def __init__(self, name: str, setup: Setup, environment: dict[str, str]) -> None:
        self.name = name
        self._setup = setup
        self._environment = environment
        self._transport: asyncio.SubprocessTransport | None = None
        self._input: asyncio.WriteTransport | None = None
        self._said: list[bytes] = []
        self._gone = asyncio.Event()

    async def start(self, heard: Heard, lost: Lost) -> None:
        """Start the process."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.subprocess_exec(
            lambda: _Conversation(self, heard, lost),
            sys.executable,
            "-P",  # the current folder may hold anything, and is not searched for modules
            "-m",
            "weft.server.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=None,
            env=_without_secrets(os.environ) | self._environment,
            start_new_session=True,  # Ctrl-C in a terminal is for the server, which then decides
        )
        self._transport = transport
        self._input = cast("asyncio.WriteTransport", transport.get_pipe_transport(0))
        self.send(self._setup)

    @property
    def pid(self) -> int | None:
        """Id of the process; None before it starts."""
        return self._transport.get_pid() if self._transport is not None else None

    def send(self, message: ToWorker) -> None:
        """Send a message; those of one turn of the event loop go out in one write."""
        if not self._said:
            asyncio.get_running_loop().call_soon(self._write)
        self._said.append(encode(message))

    def _write(self) -> None:
        if self._input is not None and not self._input.is_closing():
            self._input.write(b"".join(self._said))
        self._said.clear()

    def kill(self) -> None:
        """End the process at once."""
        if self._transport is not None:
            with contextlib.suppress(ProcessLookupError):
                self._transport.kill()

    async def close(self) -> None:
        """End the process and wait for its end."""
        self.kill()
        if self._transport is not None:
            await self._gone.wait()

    def _is_gone(self) -> None:
        self._gone.set()


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a worker gets of its server's: nodes of packs are others' programs."""
    return {name: value for name, value in environment.items() if name not in _SERVERS_OWN}


class _Conversation(asyncio.SubprocessProtocol):
    def __init__(self, worker: LocalWorker, heard: Heard, lost: Lost) -> None:
        self._worker = worker
        self._heard = heard
        self._lost = lost
        self._cutter = Cutter()
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        for message in self._cutter.feed(data):
            self._heard(self._worker, cast("FromWorker", message))

    def connection_lost(self, exc: Exception | None) -> None:
        # Comes after the process has ended and everything that it said has been read.
        assert self._transport is not None
        code = self._transport.get_returncode()
        self._transport.close()
        self._worker._is_gone()
        self._lost(self._worker, _reason(code))


def _reason(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        memory = ", perhaps because memory ran out" if -code == 9 else ""
        return f"its process was ended by {name}{memory}"
    # How a shell says that a signal ended what it ran.
    if code is not None and code - 128 in set(signal.Signals):
        return f"its process ended with code {code}, as after {signal.Signals(code - 128).name}"
    return f"its process ended with code {code}"
