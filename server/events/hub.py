"""`Hub`: every event goes through here.

Nothing is queued for a listener. The last events lie in one ring; a listener is a place in it. One
that is too slow, or was away too long, finds its place gone and gets a snapshot instead, so that
memory does not depend on who listens. Progress and previews are kept once, the latest only.
"""

from __future__ import annotations

import asyncio
import functools
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass

from ..api.events import Event, JobChanged, PreviewShown, ProgressMade, Resumed
from .note import Kept, Note
from .picture import Picture

PACE = 0.04  # seconds between two batches for a client


class Stretch:
    """Some numbered events, and their text, which listeners at the same place share."""

    def __init__(self, notes: Iterable[Note | Kept]) -> None:
        self.notes = tuple(notes)

    @functools.cached_property
    def text(self) -> str:
        """The events as JSON objects with commas between them."""
        return ",".join(note.text for note in self.notes)


@dataclass(frozen=True, slots=True)
class EventBatch:
    """The events that a listener receives at once.

    Attributes:
        first: `snapshot` or `resumed` as JSON, at the beginning and after a gap; else None.
        first_id: Number of the last event that `first` includes.
        kept: Numbered events, oldest first.
        latest: Progress and previews that are new to the listener.
    """

    first: str | None
    first_id: int
    kept: Stretch
    latest: tuple[Note, ...]


class Hub:
    """Numbers events, keeps the last ones, and hands them to listeners.

    Args:
        keep: How many numbered events are kept.
        last: The highest number that was given so far.
        kept: Events of an earlier process, oldest first.
    """

    def __init__(self, keep: int, last: int = 0, kept: Iterable[Kept] = ()) -> None:
        self.picture = Picture()
        self.listeners = 0
        self._closed = False
        self._ended: Counter[str] = Counter()  # how often the streams of somebody were ended
        self._ring: deque[Note | Kept] = deque(kept, maxlen=keep)
        self._end = len(self._ring)  # events that were ever in the ring
        self._number = last  # given
        self._released = last  # told
        self._latest: dict[tuple[str, str, str], tuple[int, Note]] = {}
        self._version = 0
        self._fresh: asyncio.Future[None] | None = None  # for those who want every event at once
        self._tick: asyncio.Future[None] | None = None  # for those who want batches
        self._stretches: dict[tuple[int, str | None, str | None], Stretch] = {}
        self._pacer: asyncio.TimerHandle | None = None
        self._pace_again = False

    # -- telling --------------------------------------------------------------------------------

    def number(
        self, make: Callable[[int], Event], owner: str | None, job: str | None = None
    ) -> Note:
        """Make an event with the next number. Whoever does must `release` it once it is stored,
        in order.
        """
        self._number += 1
        return Note(make(self._number), owner, job, self._number)

    def release(self, note: Note) -> None:
        """Tell a numbered event."""
        assert note.id is not None
        self._ring.append(note)
        self._end += 1
        self._stretches.clear()
        self._released = note.id
        self.picture.apply(note.event)
        if isinstance(note.event, JobChanged) and note.event.job.state != "running":
            gone = [key for key in self._latest if key[0] == note.job]
            for key in gone:
                del self._latest[key]
        self._wake()

    def tell(
        self, event: ProgressMade | PreviewShown, owner: str, image: bytes | None = None
    ) -> None:
        """Tell progress or a preview; it replaces the one before."""
        node = event.progress.node if isinstance(event, ProgressMade) else ""
        self._version += 1
        note = Note(event, owner, event.job, image=image)
        self._latest[event.job, node, event.type] = (self._version, note)
        self._wake()

    def end(self, who: str) -> None:
        """End the event streams of a user who may not listen any longer."""
        self._ended[who] += 1
        self._tick_now()

    def close(self) -> None:
        """End the streams of clients: the server stops."""
        self._closed = True
        self._tick_now()

    # -- listening ------------------------------------------------------------------------------

    def stream(
        self,
        *,
        owner: str | None = None,
        job: str | None = None,
        after: int | None = None,
        who: str = "",
    ) -> AsyncGenerator[EventBatch, None]:
        """Batches for a client, at most one each `PACE` seconds, for as long as it takes them.

        Args:
            owner: Whose events; None for everyone's.
            job: Only of this job; None for all.
            after: Number of the last event that the client knows; None for none.
            who: Who listens; `end` ends all of theirs.
        """
        # Counted now and not when the first batch is asked for: somebody may be shut out meanwhile.
        return self._stream(owner, job, after, who, self._ended[who])

    async def _stream(
        self, owner: str | None, job: str | None, after: int | None, who: str, ended: int
    ) -> AsyncGenerator[EventBatch, None]:
        place = self._place_after(after)
        first = Resumed(id=after or 0).model_dump_json() if place is not None else None
        first_id, seen = after or 0, 0
        self.listeners += 1
        try:
            while self._ended[who] == ended:
                if place is None or place < self._end - len(self._ring):
                    first = self._snapshot(owner, job)
                    first_id, place, seen = self._released, self._end, 0
                stretch = self._since(place, owner, job)
                latest = self._latest_since(seen, owner, job)
                place, seen = self._end, self._version
                if first is not None or stretch.notes or latest:
                    yield EventBatch(first, first_id, stretch, latest)
                    first = None
                if self._closed:
                    return
                tick = self._next_tick()
                if place != self._end or seen != self._version:
                    self._wake()
                await asyncio.shield(tick)
        finally:
            self.listeners -= 1

    async def listen(self, owner: str | None = None) -> AsyncGenerator[list[Note], None]:
        """Events from now on, as they come, several at a time; for adapters in this process.

        Who is slower than the ring is long misses events.

        Args:
            owner: Only events that concern this owner; None for all.
        """
        place, seen = self._end, self._version
        while True:
            if place == self._end and seen == self._version:
                if self._fresh is None:
                    self._fresh = asyncio.get_running_loop().create_future()
                await asyncio.shield(self._fresh)
            place = max(place, self._end - len(self._ring))
            notes = [n for n in self._since(place, owner, None).notes if isinstance(n, Note)]
            notes.extend(self._latest_since(seen, owner, None))
            place, seen = self._end, self._version
            if notes:
                yield notes

    def _place_after(self, after: int | None) -> int | None:
        """Where in the ring the events after a number begin; None if they are not all there."""
        if after is None or after > self._released or not self._ring:
            return self._end if after is not None and after == self._released else None
        if after < (self._ring[0].id or 0) - 1:
            return None
        ids = [note.id or 0 for note in self._ring]
        return self._end - len(self._ring) + bisect_right(ids, after)

    def _since(self, place: int, owner: str | None, job: str | None) -> Stretch:
        key = (place, owner, job)  # up to the newest event
        found = self._stretches.get(key)
        if found is None:
            ring = self._ring
            notes = [ring[i] for i in range(len(ring) - (self._end - place), len(ring))]
            found = Stretch(_without_passing([n for n in notes if n.is_for(owner, job)]))
            self._stretches[key] = found
        return found

    def _latest_since(self, seen: int, owner: str | None, job: str | None) -> tuple[Note, ...]:
        return tuple(
            note
            for version, note in self._latest.values()
            if version > seen and note.is_for(owner, job)
        )

    def _snapshot(self, owner: str | None, job: str | None) -> str:
        progress = [n.event for _, n in self._latest.values() if isinstance(n.event, ProgressMade)]
        made = self.picture.snapshot(self._released, progress, owner, job)
        return made.model_dump_json(exclude_none=True)

    # -- waking ---------------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._fresh is not None:
            self._fresh.set_result(None)
            self._fresh = None
        if self._tick is None:
            return
        if self._pacer is None:
            self._beat()
        else:
            self._pace_again = True

    def _beat(self) -> None:
        """Wake all clients together: they then share the work of encoding a batch."""
        self._tick_now()
        self._pace_again = False
        self._pacer = asyncio.get_running_loop().call_later(PACE, self._paced)

    def _tick_now(self) -> None:
        if self._tick is not None:
            self._tick.set_result(None)
            self._tick = None

    def _paced(self) -> None:
        self._pacer = None
        if self._pace_again:
            self._beat()

    def _next_tick(self) -> asyncio.Future[None]:
        if self._tick is None:
            self._tick = asyncio.get_running_loop().create_future()
        return self._tick


def _without_passing(notes: list[Note | Kept]) -> list[Note | Kept]:
    """Leave out the states that a job passed through between its first and last in a batch."""
    first: dict[str | None, int] = {}
    last: dict[str | None, int] = {}
    for number, note in enumerate(notes):
        if isinstance(note, Note) and isinstance(note.event, JobChanged):
            first.setdefault(note.job, number)
            last[note.job] = number
    return [
        note
        for number, note in enumerate(notes)
        if not isinstance(note, Note)
        or not isinstance(note.event, JobChanged)
        or number in (first[note.job], last[note.job])
    ]
