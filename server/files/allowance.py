"""Daily upload limits of each user, so that one user cannot fill the disk.

Counted in memory: a restart forgives, and nothing has to be written for every upload.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from ..api.errors import ApiError

_DAY = 24 * 3600.0
_GRAIN = 3600.0  # seconds that are counted together


class Allowance:
    """Bytes that people have uploaded within a day.

    Args:
        most: Bytes a person a day.
        now: Seconds that only grow.
    """

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = most, now
        self._spent: dict[str, deque[tuple[float, int]]] = {}

    def spend(self, owner: str, count: int) -> None:
        """Count bytes of an upload before they are kept.

        Raises:
            ApiError: 429: that would be too much for one day; nothing was counted.
        """
        grain = self._now() // _GRAIN * _GRAIN
        spent = self._spent.setdefault(owner, deque())
        while spent and spent[0][0] <= self._now() - _DAY:
            spent.popleft()
        used = sum(each for _, each in spent)
        if used + count > self._most:
            wait = int(spent[0][0] + _DAY - self._now()) + 1 if spent else int(_DAY)
            raise ApiError(
                429,
                f"You have uploaded {used} bytes within a day.",
                code="files.quota",
                expected=f"at most {self._most} bytes a day",
                hint="Wait, or ask the administrator for more.",
                headers={"Retry-After": str(wait)},
            )
        if spent and spent[-1][0] == grain:
            spent[-1] = (grain, spent[-1][1] + count)
        else:
            spent.append((grain, count))
