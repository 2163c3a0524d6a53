"""A worker as on another machine: folders and cache of its own, and files sent over by digest."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from blake3 import blake3

from weft.engine.files.atomic import write_atomically
from weft.server.worker.base import Heard, Lost, Worker
from weft.server.worker.local import LocalWorker
from weft.server.worker.messages import FromWorker, Setup, ToWorker, Wrote


class Elsewhere(Worker):
    """What a cluster would do, with a pipe for its network.

    Args:
        name: For logs.
        machine: The other machine's disk: nothing of it is the server's.
        output: The server's output folder, to which finished files are brought.
        values: Where values by digest are shared; None for a cache that only it sees.
    """

    def __init__(self, name: str, machine: Path, output: Path, values: Path | None = None) -> None:
        self.name = name
        self.moved: list[str] = []
        self._far, self._near = machine / "out", output
        cache = values if values is not None else machine / "cache"
        setup = Setup(
            path=sys.path,
            node_modules=["tests.server.toys"],
            packs=False,
            models=[],
            inputs=[],
            output=str(self._far),
            extra_model_paths=[],
            warm=False,
            level="INFO",
        )
        environment = {"WEFT_HOME": str(machine / "home"), "WEFT_CACHE": str(cache)}
        self._inner = LocalWorker(name, setup, environment)

    async def start(self, heard: Heard, lost: Lost) -> None:
        def hear(_: Worker, message: FromWorker) -> None:
            if isinstance(message, Wrote):
                self._bring(message)
            heard(self, message)

        await self._inner.start(hear, lambda _, reason: lost(self, reason))

    def _bring(self, message: Wrote) -> None:
        """The file must be there before anybody is told of it."""
        content = (self._far / message.file).read_bytes()
        sent = blake3(content).hexdigest()
        target = self._near / message.file
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, content)
        assert blake3(target.read_bytes()).hexdigest() == sent
        self.moved.append(sent)

    def send(self, message: ToWorker) -> None:
        self._inner.send(message)

    def kill(self) -> None:
        self._inner.kill()

    async def close(self) -> None:
        await self._inner.close()


def machines(
    folder: Path, *, shared: bool = False
) -> tuple[list[Elsewhere], Callable[[int], Worker]]:
    """Workers on machines of their own, as they are made; a new one gets a new machine.

    Args:
        folder: Everything lies below it; the server's output folder is `out`.
        shared: Whether they share their values.
    """
    made: list[Elsewhere] = []

    def make(number: int) -> Worker:
        machine = folder / f"machine-{len(made)}"
        values = folder / "values" if shared else None
        made.append(Elsewhere(f"far-{number}", machine, folder / "out", values))
        return made[-1]

    return made, make
