"""Lets a map flow: few of its items are under way at once, so that 500 photos need room for a few.

Without it, all photos would be loaded before the first one is sampled, because loading is quick and
nothing else holds it back. A step inside a map may begin when its item is open; an item opens when
a place is free, and gives its place back when all its steps are over: done, failed, or out of reach
behind a failure. Steps outside of maps are never held back, and items of one map do not need each
other, so every open item can always go on, and places always come free.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..plan import Plan

UNDER_WAY = 8
"""Items of one map at once: enough to keep loading, sampling and saving busy at the same time."""


@dataclass(slots=True)
class _Map:
    open: int = 0
    stopped: bool = False
    parked: dict[int, list[int]] = field(default_factory=dict)  # item -> its steps that are ready


class Gate:
    """Which steps of maps may begin.

    Args:
        plan: Whose steps.
    """

    def __init__(self, plan: Plan) -> None:
        self._items = plan.items
        self._within = plan.within
        self._maps = [_Map() for _ in plan.maps]
        self._stops = [options.on_error == "stop" for options in plan.maps]
        self._open: set[int] = set()
        self._left = [0] * len(plan.items)  # steps that are wanted and not over
        self._steps: list[list[int]] = [[] for _ in plan.items]
        for step, items in plan.within.items():
            for item in items:
                self._steps[item].append(step)
            if plan.demanded[step]:
                self.demand(step)

    def demand(self, step: int) -> None:
        """A step is wanted (now, if it stood behind a lazy input)."""
        for item in self._within.get(step, ()):
            self._left[item] += 1

    def admit(self, step: int) -> bool:
        """Whether a ready step may begin. If not, `over` will name it when it may."""
        for item in self._within.get(step, ()):
            if item in self._open:
                continue
            each = self._maps[self._items[item].map]
            if each.stopped:
                return False
            if each.open >= UNDER_WAY:
                each.parked.setdefault(item, []).append(step)
                return False
            each.open += 1
            self._open.add(item)
        return True

    def over(self, step: int) -> list[int]:
        """A wanted step will not be begun again; the steps that may begin now."""
        free: list[int] = []
        for item in self._within.get(step, ()):
            self._left[item] -= 1
            if self._left[item] == 0 and item in self._open:
                each = self._maps[self._items[item].map]
                self._open.discard(item)
                each.open -= 1
                while each.parked and each.open < UNDER_WAY and not each.stopped:
                    first = next(iter(each.parked))
                    free.extend(s for s in each.parked.pop(first) if self.admit(s))
        return free

    def stop(self, step: int) -> Iterable[int]:
        """A step failed: the steps of its maps' unopened items, where that stops the map."""
        found: list[int] = []
        for item in self._within.get(step, ()):
            number = self._items[item].map
            each = self._maps[number]
            if not self._stops[number] or each.stopped:
                continue
            each.stopped = True
            each.parked.clear()
            found += [
                s
                for i, steps in enumerate(self._steps)
                if self._items[i].map == number and i not in self._open and self._left[i]
                for s in steps
            ]
        return found

    def tolerated(self, step: int) -> bool:
        """Whether a failure of this step leaves the run a good one."""
        return any(not self._stops[self._items[i].map] for i in self._within.get(step, ()))
