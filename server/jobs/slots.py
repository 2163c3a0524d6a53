"""A worker and the jobs assigned to it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..worker.base import Worker
from .record import Record
from .running import Running

_AHEAD = 0.05  # seconds of work
_MOST_AHEAD = 64


@dataclass(slots=True, eq=False)
class Slot:
    """One worker, as the dispatcher sees it.

    Attributes:
        number: From 0; stays when the worker is replaced.
        worker: The worker.
        ready: Whether it can work.
        given: Its jobs in the order in which it runs them; the first one runs or is about to.
        unsent: Those of them whose documents it does not have yet.
        running: The job that runs, or None.
        models: Model files of the last job given to it.
        pace: Seconds that its jobs took lately; None before the first.
        stopped: Ids of jobs of it that were asked to stop.
        failures: How often in a row it ended before it was ready.
        trouble: Why it ended last, in words; None when it did not.
        done: How many jobs it has finished.
        heard: When it said something last, by the clock of the event loop; None before its start.
        hangs: Whether it is being ended because it said nothing for too long.
        is_mute: Whether it left a question without an answer, and has answered none since.
    """

    number: int
    worker: Worker
    ready: bool = False
    given: deque[Record] = field(default_factory=deque)
    unsent: deque[Record] = field(default_factory=deque)
    running: Running | None = None
    models: str = ""
    pace: float | None = None
    stopped: set[str] = field(default_factory=set)
    failures: int = 0
    trouble: str | None = None
    done: int = 0
    heard: float | None = None
    hangs: bool = False
    is_mute: bool = False

    @property
    def has_room(self) -> bool:
        """Whether it can be given another job.

        Usually one at a time, so that order and cancelling mean something. While jobs take
        milliseconds it is given some ahead, else it would wait for the server between them, and
        the server for it.
        """
        if not self.given or self.pace is None:
            return self.ready and not self.given
        ahead = min(_MOST_AHEAD, int(_AHEAD / max(self.pace, 1e-6)))
        return self.ready and len(self.given) < ahead

    def find(self, job: str) -> Record | None:
        """A job that it was given."""
        return next((record for record in self.given if record.id == job), None)

    def took(self, seconds: float) -> None:
        """A job took this long."""
        self.pace = seconds if self.pace is None else 0.7 * self.pace + 0.3 * seconds
        self.done += 1
