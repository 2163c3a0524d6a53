"""A worker that says what a test tells it to."""

from __future__ import annotations

import asyncio
from typing import Any

from weft.server.worker.base import Heard, Lost, Worker
from weft.server.worker.messages import (
    Answer,
    Ask,
    Began,
    Cancel,
    Ended,
    FromWorker,
    Ready,
    Task,
    ToWorker,
)


class FakeWorker(Worker):
    """Keeps what it is told; a test speaks for it."""

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.told: list[ToWorker] = []
        self.killed = False
        self.obedient = True  # whether jobs stop when they are asked to
        self.is_mute = False  # whether it answers no questions
        self.changed = asyncio.Event()

    async def start(self, heard: Heard, lost: Lost) -> None:
        self._heard, self._lost = heard, lost
        self.say(Ready(1))

    def send(self, message: ToWorker) -> None:
        self.told.append(message)
        self.changed.set()
        if isinstance(message, Cancel) and self.obedient:
            self.end(message.job, "cancelled")
        if isinstance(message, Ask) and not self.is_mute:
            self.say(Answer(message.number, {"asked": message.question}))

    def kill(self) -> None:
        self.killed = True
        self.die("its process was ended by SIGKILL")

    async def close(self) -> None:
        if not self.killed:
            self.kill()

    def say(self, message: FromWorker) -> None:
        """Speak to the server."""
        self._heard(self, message)

    def die(self, reason: str = "it died") -> None:
        """Be gone."""
        self.killed = True
        self._lost(self, reason)

    @property
    def tasks(self) -> list[str]:
        """Ids of the jobs that it was given, in order."""
        return [message.job for message in self.told if isinstance(message, Task)]

    @property
    def cancels(self) -> list[str]:
        """Ids of the jobs that it was asked to stop."""
        return [message.job for message in self.told if isinstance(message, Cancel)]

    async def given(self, count: int) -> list[str]:
        """Wait until it was given so many jobs; their ids."""
        while len(self.tasks) < count:
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 10)
        return self.tasks

    def begin(self, job: str) -> None:
        """Say that a job begins."""
        self.say(Began(job))

    def end(self, job: str, status: str = "done", seconds: float = 1.0, **more: Any) -> None:
        """Say that a job is over."""
        self.say(Ended(job, status, 1, 0, seconds, **more))


class FakeWorkers:
    """Makes them, and keeps all that were made."""

    def __init__(self) -> None:
        self.made: list[FakeWorker] = []

    def __call__(self, number: int) -> FakeWorker:
        worker = FakeWorker(f"fake-{number}")
        self.made.append(worker)
        return worker

    @property
    def last(self) -> FakeWorker:
        """The one that was made last."""
        return self.made[-1]
