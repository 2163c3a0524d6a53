"""The inside of a worker process: reads messages, runs jobs, reports their progress.

Messages come on standard input and go to what was standard output; whatever nodes print goes to
standard error. When the input ends, the server is gone and so is this process: a job must not be
running twice when the server is back.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from weft.nodes.standard.engine import StandardEngine
from weft.nodes.standard.folders import standard_workspace
from weft.nodes.standard.registry import standard_registry

from ..logs import to_standard_error
from .messages import HEARTBEAT, Alive, Cutter, FromWorker, Message, Ready, Setup, Working, encode
from .runner import Runner

log = logging.getLogger(__name__)

_CHUNK = 1 << 16
_PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def main() -> None:
    """Work until the input ends."""
    inbox = os.fdopen(os.dup(0), "rb", buffering=0)
    outbox = _Outbox(os.fdopen(os.dup(1), "wb", buffering=0))
    os.dup2(2, 1)
    threading.Thread(target=_beat, args=(outbox,), name="heart", daemon=True).start()
    _volunteer_for_the_killer()
    _die_with_the_server()
    cutter = Cutter()
    waiting: list[Message] = []
    while not waiting:
        waiting = cutter.feed(_read(inbox))
    setup = waiting.pop(0)
    assert isinstance(setup, Setup)
    sys.path[:] = setup.path
    to_standard_error(setup.level)
    asyncio.run(_work(setup, waiting, cutter, inbox, outbox))


async def _work(
    setup: Setup, waiting: list[Message], cutter: Cutter, inbox: BinaryIO, outbox: _Outbox
) -> None:
    loop = asyncio.get_running_loop()
    mouth = _Mouth(loop, outbox)
    with StandardEngine(
        registry=standard_registry(packs=setup.packs, modules=setup.node_modules),
        workspace=standard_workspace(
            models=setup.models,
            inputs=setup.inputs,
            output=setup.output,
            extra_model_paths=setup.extra_model_paths,
        ),
        metadata=setup.metadata,
    ) as engine:
        pins = Path(setup.pins) if setup.pins is not None else None
        runner = Runner(engine, Path(setup.output), mouth.say, pins=pins, private=setup.private)

        def listen() -> None:
            while True:
                for message in cutter.feed(_read(inbox)):
                    loop.call_soon_threadsafe(runner.hear, message)

        for message in waiting:
            runner.hear(message)
        threading.Thread(target=listen, name="inbox", daemon=True).start()
        mouth.say(Ready(os.getpid()))
        if setup.warm:
            threading.Thread(target=_warm, name="warm", daemon=True).start()
        await runner.work()


class _Mouth:
    """Sends messages; those said in one turn of the event loop go out in one write."""

    def __init__(self, loop: asyncio.AbstractEventLoop, outbox: _Outbox) -> None:
        self._loop = loop
        self._outbox = outbox
        self._said: list[bytes] = []

    def say(self, message: FromWorker) -> None:
        """Send a message soon; that a node begins at once, before it can end the process."""
        if not self._said:
            self._loop.call_soon(self._send)
        self._said.append(encode(message))
        if isinstance(message, Working):
            self._send()

    def _send(self) -> None:
        data = b"".join(self._said)
        self._said.clear()
        self._outbox.send(data)


class _Outbox:
    """The pipe to the server; whoever writes into it writes whole messages."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()

    def send(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            with self._lock:
                while rest:
                    rest = rest[self._file.write(rest) :]
        except BrokenPipeError:
            os._exit(0)


def _beat(outbox: _Outbox) -> None:
    """Say that this process runs, for as long as it does."""
    while True:
        outbox.send(encode(Alive()))
        time.sleep(HEARTBEAT)


def _read(inbox: BinaryIO) -> bytes:
    data = inbox.read(_CHUNK)
    if not data:
        os._exit(0)
    return data


def _volunteer_for_the_killer() -> None:
    """Should memory run out, the system shall end a worker and not the server."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _die_with_the_server() -> None:
    """Where the system can, even if a native call keeps Python from noticing the end of input."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _warm() -> None:
    """Import what pictures need, while nothing else is to be done."""
    try:
        for name in ("torch", "weft.diffusion.files.loading", "weft.diffusion.sampling.sample"):
            importlib.import_module(name)
    except Exception:  # the first job will meet it again, and says so
        log.warning("the diffusion libraries cannot be loaded", exc_info=True)
