"""The memory cache: actions (key -> digests of the results) and values (digest -> value).

Two parts, because they answer two questions. An action says *what* a step gives without holding it;
a value may have been evicted and its action still lets everything downstream be found.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Final

MISSING: Final = object()
_ACTION_BYTES = 400  # a key, a record and a few digests, with Python's overhead
_ENTRY_BYTES = 200
_LOW_WATER = 0.9  # evict down to this share at once, so that eviction is rare and its sort cheap


@dataclass(frozen=True, slots=True)
class Action:
    """Result of a step: digests of its outputs, and what computing them cost in seconds."""

    digests: tuple[bytes, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class MemoryCacheStats:
    """How full the cache is and how it served.

    Attributes:
        actions: Number of known results.
        values: Number of values held.
        bytes: Size of the values held and of the bookkeeping.
        budget: Upper bound of `bytes`.
        hits: Keys found.
        misses: Keys not found.
        evicted: Values dropped for want of room.
    """

    actions: int
    values: int
    bytes: int
    budget: int
    hits: int
    misses: int
    evicted: int


class _Entry:
    __slots__ = ("seconds", "size", "used", "value")

    def __init__(self, value: Any, size: int, seconds: float, used: int) -> None:
        self.value = value
        self.size = size
        self.seconds = seconds
        self.used = used


class MemoryCache:
    """Actions and values in memory, under one budget in bytes. Safe from several threads.

    When the budget is exceeded, what goes first is what is cheap to compute again for the room it
    takes, and has not been used for long: entries are ranked by seconds per byte over age.

    Args:
        budget: Bytes that values and bookkeeping may take; 0 keeps nothing.

    Attributes:
        spoils: How often a value was changed since the start, by nodes that must not.
    """

    def __init__(self, budget: int = 4 * 2**30) -> None:
        self.budget = budget
        self._actions: dict[bytes, Action] = {}
        self._values: dict[bytes, _Entry] = {}
        self._bytes = 0
        self._tick = 0
        self._hits = self._misses = self._evicted = 0
        self._spoils: list[float] = []
        self.spoils = 0
        self._lock = threading.Lock()

    def find(self, key: bytes) -> Action | None:
        """The known result of a key, or None."""
        action = self._actions.get(key)  # a dict read is atomic; the lock guards the sums
        if action is None:
            self._misses += 1
        else:
            self._hits += 1
        return action

    def keep(self, key: bytes, action: Action) -> None:
        """Remember a result."""
        with self._lock:
            if key not in self._actions:
                self._bytes += _ACTION_BYTES
            self._actions[key] = action
            if self._bytes > self.budget:
                self._make_room()

    def get(self, digest: bytes) -> Any:
        """The value of a digest, or MISSING."""
        entry = self._values.get(digest)
        if entry is None:
            return MISSING
        self._tick += 1
        entry.used = self._tick
        return entry.value

    def peek(self, digest: bytes) -> Any:
        """The value of a digest, or MISSING; it does not count as a use."""
        entry = self._values.get(digest)
        return MISSING if entry is None else entry.value

    def put(self, digest: bytes, value: Any, size: int, seconds: float) -> None:
        """Hold a value.

        Args:
            digest: Its digest.
            value: The value, never to be changed from now on.
            size: Its size in bytes.
            seconds: What it cost to compute.
        """
        with self._lock:
            if digest in self._values or size + _ENTRY_BYTES > self.budget:
                return
            self._tick += 1
            self._values[digest] = _Entry(value, size + _ENTRY_BYTES, seconds, self._tick)
            self._bytes += size + _ENTRY_BYTES
            if self._bytes > self.budget:
                self._make_room()

    def drop_values(self) -> int:
        """Let go of every value (out of memory); the bytes set free. Actions stay."""
        with self._lock:
            freed = sum(e.size for e in self._values.values())
            self._evicted += len(self._values)
            self._values.clear()
            self._bytes -= freed
            return freed

    def spoil(self, began: float) -> None:
        """A node changed a shared value: drop every value, and inform all runs.

        Args:
            began: When its call began, by `time.perf_counter`; what was made of the value since
                then is not to be trusted.
        """
        with self._lock:
            self._spoils.append(began)
            self.spoils = len(self._spoils)
        self.drop_values()

    def spoiled_since(self, before: int) -> float | None:
        """When the earliest of the changes after the first `before` ones began; None if none."""
        return min(self._spoils[before:], default=None)

    def forget(self, key: bytes) -> None:
        """Forget a result."""
        with self._lock:
            if self._actions.pop(key, None) is not None:
                self._bytes -= _ACTION_BYTES

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._actions.clear()
            self._values.clear()
            self._bytes = 0

    def stats(self) -> MemoryCacheStats:
        """How full it is and how it served."""
        with self._lock:
            return MemoryCacheStats(
                actions=len(self._actions),
                values=len(self._values),
                bytes=self._bytes,
                budget=self.budget,
                hits=self._hits,
                misses=self._misses,
                evicted=self._evicted,
            )

    def _make_room(self) -> None:
        goal = int(self.budget * _LOW_WATER)
        now = self._tick + 1

        def worth(item: tuple[bytes, _Entry]) -> float:
            entry = item[1]
            return (entry.seconds + 1e-6) / entry.size / (now - entry.used)

        for digest, entry in sorted(self._values.items(), key=worth):
            if self._bytes <= goal:
                return
            del self._values[digest]
            self._bytes -= entry.size
            self._evicted += 1
        # Only bookkeeping is left: forget the oldest results.
        for key in list(self._actions):
            if self._bytes <= goal:
                return
            del self._actions[key]
            self._bytes -= _ACTION_BYTES
