"""The order in which waiting jobs run.

Higher priorities first; within one priority the owners take turns; the jobs of one owner run in the
order of their positions. A worker that has a job's models loaded already may get it a little
earlier, but never before another job of the same owner while there is only one worker, and no job
is passed over more than a few times.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator

from .record import Record

SPACING = 1 << 20  # between the positions of jobs that follow each other
PATIENCE = 4  # how often a job may be passed over
_WINDOW = 8  # jobs of one owner that are looked at for models

Entry = tuple[int, int, Record]  # position, number of the job; the latter makes entries differ
Turns = OrderedDict[str, list[Entry]]  # owner -> jobs; the first owner is next


class FairQueue:
    """Waiting jobs. Only an index: what it holds is in the database too."""

    def __init__(self) -> None:
        self._levels: dict[int, Turns] = {}
        self._priorities: list[int] = []  # ascending
        self._records: dict[str, Record] = {}
        self._passed: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._records)

    def waiting_of(self, owner: str) -> int:
        """How many jobs of an owner wait."""
        return sum(len(turns.get(owner, ())) for turns in self._levels.values())

    def __contains__(self, job: str) -> bool:
        return job in self._records

    def add(self, record: Record) -> None:
        """Put a job in its place; its owner, if new, takes the last turn."""
        assert record.id not in self._records
        turns = self._levels.get(record.priority)
        if turns is None:
            turns = self._levels[record.priority] = OrderedDict()
            insort(self._priorities, record.priority)
        insort(turns.setdefault(record.owner, []), (record.position, record.seq, record))
        self._records[record.id] = record

    def remove(self, record: Record) -> None:
        """Take a job out. Its position and priority must be those that it was added with."""
        turns = self._levels[record.priority]
        entries = turns[record.owner]
        place = bisect_left(entries, (record.position, record.seq))
        assert entries[place][2] is record
        del entries[place]
        if not entries:
            del turns[record.owner]
        if not turns:
            del self._levels[record.priority]
            self._priorities.remove(record.priority)
        del self._records[record.id]
        self._passed.pop(record.id, None)

    def take(self, models: str = "", *, alone: bool = True) -> Record | None:
        """Take the next job out; None if there is none.

        Args:
            models: Model files that the worker has loaded, as `Record.models`.
            alone: Whether there is only one worker, so that order within an owner is kept.
        """
        if not self._priorities:
            return None
        turns = self._levels[self._priorities[-1]]
        head = next(iter(turns.values()))[0][2]
        chosen = head
        if models and head.models != models and self._passed.get(head.id, 0) < PATIENCE:
            chosen = self._with_models(turns, models, alone=alone) or head
            if chosen is not head:
                self._passed[head.id] = self._passed.get(head.id, 0) + 1
        owner = chosen.owner
        self.remove(chosen)
        if owner in turns:
            turns.move_to_end(owner)
        return chosen

    @staticmethod
    def _with_models(turns: Turns, models: str, *, alone: bool) -> Record | None:
        for number, entries in enumerate(turns.values()):
            if number == _WINDOW:
                break
            for _, _, record in entries[: 1 if alone else _WINDOW]:
                if record.models == models:
                    return record
        return None

    def order(self) -> Iterator[Record]:
        """Waiting jobs in the order in which they will run, models left aside."""
        for priority in reversed(self._priorities):
            rows = list(self._levels[priority].values())
            depth = 0
            while rows:
                for entries in rows:
                    yield entries[depth][2]
                depth += 1
                rows = [entries for entries in rows if len(entries) > depth]

    def position(self, owner: str, priority: int, seq: int, *, front: bool) -> int:
        """The position of a new job of an owner, behind or before the others.

        Args:
            owner: Whose.
            priority: Which.
            seq: Number of the job.
            front: Whether before the others.
        """
        turns = self._levels.get(priority)
        entries = turns.get(owner) if turns is not None else None
        if front and entries:
            return entries[0][0] - SPACING
        return max(seq * SPACING, entries[-1][0] + SPACING if entries else 0)

    def between(self, record: Record, before: Record) -> int | None:
        """A position for a job directly before another of the same owner.

        Args:
            record: The job that moves; may stand in the same row.
            before: The job that it shall precede.

        Returns:
            The position; None if there is no number between the neighbours, see `spread`.
        """
        row = self._levels[before.priority][before.owner]
        entries = [entry for entry in row if entry[2] is not record]
        place = bisect_left(entries, (before.position, before.seq))
        if place == 0:
            return before.position - SPACING
        left = entries[place - 1][0]
        return (left + before.position) // 2 if before.position - left > 1 else None

    def spread(self, owner: str, priority: int) -> list[Record]:
        """Give the jobs of a row positions with room between them; those that have changed."""
        entries = self._levels[priority][owner]
        first = entries[0][0]
        records = [record for _, _, record in entries]
        for number, record in enumerate(records):
            record.position = first + number * SPACING
        entries[:] = [(record.position, record.seq, record) for record in records]
        return records[1:]
