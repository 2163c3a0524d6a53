"""A job as the server holds it: the row of `jobs`, and what clients see of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..api.errors import ProblemModel
from ..api.jobs import FINAL, Job, State

# What changes in a job's life; the rest of its row never does.
MUTABLE = (
    "priority", "position", "state", "reason", "attempt", "crashes",
    "started", "finished", "ran", "cached", "seconds", "error",
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Record:
    """One job. Attributes are the columns of the table, see there; `error` is a finding as JSON."""

    seq: int
    id: str
    owner: str
    title: str | None
    priority: int
    position: int
    state: State
    models: str
    nodes: int
    created: float
    order_digest: str
    idempotency_key: str | None = None
    reason: str | None = None
    attempt: int = 0
    crashes: int = 0
    started: float | None = None
    finished: float | None = None
    ran: int | None = None
    cached: int | None = None
    seconds: float | None = None
    error: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL

    def row(self) -> dict[str, Any]:
        """The whole row."""
        return {name: getattr(self, name) for name in self.__slots__}

    def changes(self) -> dict[str, Any]:
        """The part of the row that can have changed, and which row it is."""
        return {"which": self.id} | {f"new_{n}": getattr(self, n) for n in MUTABLE}

    def view(self, position: int | None = None) -> Job:
        """As clients see it.

        Args:
            position: Its place in the queue, where that is known.
        """
        return Job(
            id=self.id,
            owner=self.owner,
            title=self.title,
            state=self.state,
            reason=self.reason,
            priority=self.priority,
            position=position,
            created=when(self.created),
            started=when(self.started) if self.started is not None else None,
            finished=when(self.finished) if self.finished is not None else None,
            attempt=self.attempt,
            nodes=self.nodes,
            ran=self.ran,
            cached=self.cached,
            seconds=self.seconds,
            error=ProblemModel(**json.loads(self.error)) if self.error is not None else None,
        )


def record_of(row: Mapping[str, Any]) -> Record:
    """A record from a row."""
    return Record(**row)


def when(seconds: float) -> datetime:
    """A time of the database as a time."""
    return datetime.fromtimestamp(seconds, UTC)
