"""Rate limits for repeated requests: a token bucket per key."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable


class Throttle:
    """Allows `burst` at once and `rate` a second after that, for each key on its own.

    Args:
        rate: Refill, per second.
        burst: Largest number at once.
        keys: How many keys are remembered; the longest unused is forgotten first.
        now: Clock, in seconds.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        *,
        keys: int = 10_000,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate, self.burst = rate, burst
        self._keys, self._now = keys, now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, key: str) -> bool:
        """Whether the key may go on now, without taking from it."""
        return self._level(key) >= 1

    def take(self, key: str) -> bool:
        """Take one; False when the key has none left."""
        level = self._level(key)
        taken = level >= 1
        self._buckets[key] = (level - 1 if taken else level, self._now())
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._keys:
            self._buckets.popitem(last=False)
        return taken

    def _level(self, key: str) -> float:
        level, at = self._buckets.get(key, (float(self.burst), self._now()))
        return min(self.burst, level + (self._now() - at) * self.rate)
