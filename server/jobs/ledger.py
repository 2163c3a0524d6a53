"""Changes of jobs and the events that tell of them: stored together, then told in order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..api.events import (
    ArtifactWritten,
    JobChanged,
    JobDeleted,
    NodesChanged,
    QueueChanged,
)
from ..api.jobs import Artifact, NodeReport
from ..events.hub import Hub
from ..events.note import Note
from ..store.statements import Statements
from ..store.writer import Change, Writer
from ..worker.messages import Wrote
from .record import Record, when

_SWEEP = 500  # events between two deletions of old ones


class Ledger:
    """Writes down what happens to jobs, and tells it once it is stored.

    Args:
        hub: Tells events.
        writer: Stores rows.
        statements: How rows are stored.
        keep: How many events are kept.
        last_job: The highest number of a job so far.
        last_artifact: The highest number of an artifact so far.
    """

    def __init__(
        self,
        hub: Hub,
        writer: Writer,
        statements: Statements,
        *,
        keep: int,
        last_job: int,
        last_artifact: int,
    ) -> None:
        self.hub = hub
        self._writer = writer
        self._say = statements
        self._keep = keep
        self._job = last_job
        self._artifact = last_artifact

    @property
    def healthy(self) -> bool:
        """Whether the database took the last change."""
        return self._writer.healthy

    def next_job(self) -> int:
        """The number of a new job."""
        self._job += 1
        return self._job

    async def accept(
        self,
        records: Sequence[Record],
        orders: Sequence[Mapping[str, Any]],
        then: Callable[[], None],
    ) -> None:
        """Store new jobs together; returns when they are.

        Args:
            records: The jobs.
            orders: A row of `orders` for each.
            then: Called once they are stored and told.

        Raises:
            IntegrityError: An id or idempotency key is taken; nothing was stored.
        """
        changes = [Change(self._say.add_job, record.row()) for record in records]
        changes += [Change(self._say.add_order, row) for row in orders]
        await self._store(changes, [self._job_note(record) for record in records], then)

    async def settle(self) -> None:
        """Return when everything that was written down so far can be read."""
        await self._writer.settle()

    def changed(
        self,
        record: Record,
        *,
        report: dict[str, Any] | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """A job has changed.

        Args:
            record: The job as it is now.
            report: A row of `reports`, if that has changed too.
            then: Called once it is stored and told.
        """
        changes = [Change(self._say.change_job, record.changes(), last_wins=record.id)]
        if report is not None:
            changes.append(self._say.report({"job": record.id, **report}))
        self._put(changes, [self._job_note(record)], then)

    async def changed_now(self, records: Iterable[Record]) -> None:
        """Jobs have changed; returns when that is stored and told."""
        changes, notes = [], []
        for record in records:
            changes.append(Change(self._say.change_job, record.changes(), last_wins=record.id))
            notes.append(self._job_note(record))
        if changes:
            await self._store(changes, notes)

    def nodes(self, record: Record, nodes: dict[str, NodeReport]) -> None:
        """Nodes of a job reached another state."""

        def make(number: int) -> NodesChanged:
            return NodesChanged(id=number, job=record.id, nodes=nodes)

        self._put([], [self.hub.number(make, record.owner, record.id)])

    def wrote(self, record: Record, message: Wrote) -> Artifact:
        """A job has written a file."""
        self._artifact += 1
        now = time.time()
        artifact = Artifact(
            id=self._artifact,
            node=message.node,
            file=message.file,
            media_type=message.media_type,
            bytes=message.bytes,
            kind="temp" if message.temporary else "output",
            created=when(now),
        )
        row = artifact.model_dump() | {
            "job": record.id,
            "attempt": record.attempt,
            "created": now,
        }

        def make(number: int) -> ArtifactWritten:
            return ArtifactWritten(id=number, job=record.id, artifact=artifact)

        note = self.hub.number(make, record.owner, record.id)
        self._put([Change(self._say.add_artifact, row)], [note])
        return artifact

    async def queue(self, *, paused: bool, waiting: int) -> None:
        """The queue was paused, resumed or emptied."""

        def make(number: int) -> QueueChanged:
            return QueueChanged(id=number, paused=paused, waiting=waiting)

        change = self._say.fact("paused", json.dumps(paused))
        await self._store([change], [self.hub.number(make, None)])

    async def forget(self, records: Iterable[Record]) -> None:
        """Delete jobs and all that belongs to them."""
        changes: list[Change] = []
        notes = []
        for record in records:
            changes += self._say.forget_job(record.id)

            def make(number: int, job: str = record.id) -> JobDeleted:
                return JobDeleted(id=number, job=job)

            notes.append(self.hub.number(make, record.owner, record.id))
        if changes:
            await self._store(changes, notes)

    def _job_note(self, record: Record) -> Note:
        view = record.view()

        def make(number: int) -> JobChanged:
            return JobChanged(id=number, job=view)

        return self.hub.number(make, record.owner, record.id)

    def _events(self, notes: list[Note]) -> list[Change]:
        changes = []
        for note in notes:
            assert note.id is not None
            changes.append(self._say.event(note.id, note.owner, note.job, note.text))
            if note.id % _SWEEP == 0:
                changes.append(self._say.forget_events(note.id - self._keep))
        return changes

    def _put(
        self, changes: list[Change], notes: list[Note], then: Callable[[], None] | None = None
    ) -> None:
        self._writer.put([*changes, *self._events(notes)], self._release(notes, then))

    async def _store(
        self, changes: list[Change], notes: list[Note], then: Callable[[], None] | None = None
    ) -> None:
        await self._writer.store([*changes, *self._events(notes)], self._release(notes, then))

    def _release(self, notes: list[Note], then: Callable[[], None] | None) -> Callable[[], None]:
        def told() -> None:
            for note in notes:
                self.hub.release(note)
            if then is not None:
                then()

        return told
