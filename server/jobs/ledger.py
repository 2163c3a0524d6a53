"""Changes of jobs and their events: stored together, then sent in order.

Events are made and numbered when their transaction is sent. Of the states that a job passes through
between two transactions only the last is then written and told: a quick job goes from queued to
done.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..api.events import (
    ArtifactWritten,
    Event,
    JobChanged,
    JobDeleted,
    NodesChanged,
    QueueChanged,
)
from ..api.jobs import Artifact, NodeReport
from ..events.hub import Hub
from ..events.note import Note
from ..files.owners import Owners
from ..store.statements import Statements
from ..store.writer import Writer, WriterChange
from ..worker.messages import Wrote
from .record import Record, when

_SWEEP = 500  # events between two deletions of old ones


@dataclass(frozen=True, slots=True, eq=False)
class _Event:
    """An event without its number."""

    make: Callable[[int], Event]
    owner: str | None
    job: str | None


@dataclass(slots=True, eq=False)
class _State:
    """A state of a job that is not sent yet, and whether the job has left it meanwhile."""

    is_passed: bool = False


class Ledger:
    """Stores the changes of jobs, and sends their events once they are stored.

    Args:
        hub: Tells events.
        writer: Stores rows.
        statements: How rows are stored.
        keep: How many events are kept.
        last_job: The highest number of a job so far.
        last_artifact: The highest number of an artifact so far.
        owners: Gets to know whose files are written.
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
        owners: Owners,
    ) -> None:
        self.hub = hub
        self._writer = writer
        self._say = statements
        self._keep = keep
        self._job = last_job
        self._artifact = last_artifact
        self._owners = owners
        self._unsent: dict[str, _State] = {}

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
        changes = [WriterChange(self._say.add_job, record.row()) for record in records]
        changes += [WriterChange(self._say.add_order, row) for row in orders]
        await self._store(changes, [_changed(record) for record in records], then)

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
        self._leave_state(record)
        state = self._unsent[record.id] = _State()
        notes: list[Note] = []

        def make() -> Iterable[WriterChange]:
            if self._unsent.get(record.id) is state:
                del self._unsent[record.id]
            changes = [] if report is None else [self._say.report({"job": record.id, **report})]
            if not state.is_passed:
                changes.append(self._state_of(record))
                changes += self._told_of([_changed(record)], notes)
            return changes

        self._writer.put(make, self._release(notes, then))

    async def changed_now(self, records: Iterable[Record]) -> None:
        """Jobs have changed; returns when the change is stored and sent."""
        records = list(records)
        if records:
            for record in records:
                self._leave_state(record)
            changes = [self._state_of(record) for record in records]
            await self._store(changes, [_changed(record) for record in records])

    def nodes(self, record: Record, nodes: dict[str, NodeReport]) -> None:
        """Nodes of a job reached another state."""

        def make(number: int) -> NodesChanged:
            return NodesChanged(id=number, job=record.id, nodes=nodes)

        self._put([], [_Event(make, record.owner, record.id)])

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

        event = _Event(make, record.owner, record.id)
        name = message.file.removeprefix("temp/") if message.temporary else message.file
        owned = self._owners.given(artifact.kind, name, record.owner)
        self._put([WriterChange(self._say.add_artifact, row), *owned], [event])
        return artifact

    async def queue(self, *, paused: bool, waiting: int) -> None:
        """The queue was paused, resumed or emptied."""

        def make(number: int) -> QueueChanged:
            return QueueChanged(id=number, paused=paused, waiting=waiting)

        change = self._say.fact("paused", json.dumps(paused))
        await self._store([change], [_Event(make, None, None)])

    async def forget(self, records: Iterable[Record]) -> None:
        """Delete jobs and all that belongs to them."""
        changes: list[WriterChange] = []
        events = []
        for record in records:
            changes += self._say.forget_job(record.id)

            def make(number: int, job: str = record.id) -> JobDeleted:
                return JobDeleted(id=number, job=job)

            events.append(_Event(make, record.owner, record.id))
        if changes:
            await self._store(changes, events)

    def _leave_state(self, record: Record) -> None:
        """What was not sent of it need not be told any more."""
        unsent = self._unsent.pop(record.id, None)
        if unsent is not None:
            unsent.is_passed = True

    def _state_of(self, record: Record) -> WriterChange:
        return WriterChange(self._say.change_job, record.changes(), last_wins=record.id)

    def _told_of(self, events: Iterable[_Event], notes: list[Note]) -> list[WriterChange]:
        """Rows of events, which get their numbers now; what is to be released joins `notes`."""
        changes = []
        for event in events:
            note = self.hub.number(event.make, event.owner, event.job)
            assert note.id is not None
            notes.append(note)
            changes.append(self._say.event(note.id, note.owner, note.job, note.text))
            if note.id % _SWEEP == 0:
                changes.append(self._say.forget_events(note.id - self._keep))
        return changes

    def _put(self, changes: list[WriterChange], events: list[_Event]) -> None:
        notes: list[Note] = []
        self._writer.put(
            lambda: [*changes, *self._told_of(events, notes)], self._release(notes, None)
        )

    async def _store(
        self,
        changes: list[WriterChange],
        events: list[_Event],
        then: Callable[[], None] | None = None,
    ) -> None:
        notes: list[Note] = []
        await self._writer.store(
            lambda: [*changes, *self._told_of(events, notes)], self._release(notes, then)
        )

    def _release(self, notes: list[Note], then: Callable[[], None] | None) -> Callable[[], None]:
        def told() -> None:
            for note in notes:
                self.hub.release(note)
            if then is not None:
                then()

        return told


def _changed(record: Record) -> _Event:
    def make(number: int) -> JobChanged:
        return JobChanged(id=number, job=record.view())

    return _Event(make, record.owner, record.id)
