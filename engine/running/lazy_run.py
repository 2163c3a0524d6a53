"""Lazy inputs during a run: the nodes they need start when they are awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ..declaration.lazy import Lazy, Unreachable
from ..plan import Plan, Source, Step
from ..store.cache import MISSING
from .known import Known


class LazyInputs:
    """Which steps are demanded, and who waits for which.

    Args:
        plan: The plan.
        known: What is known of its steps.
        waiting: For each step, how many of those it needs are not done; shared with the walk.
        go: Has a step begin that waits for nothing.
        over: Told of each step that will not be computed.
        force: Has a step computed again, whose value nobody holds any more.
        wanted: Told of each step that is demanded now and was not before.
        waits: Awaits something that may be broken off when the run is cancelled.

    Attributes:
        demanded: For each step, whether anybody wants it so far.
        passed: Values that were awaited, by `id`, with their digests: a node may hand them on.
    """

    def __init__(
        self,
        plan: Plan,
        known: Known,
        waiting: list[int],
        go: Callable[[int], None],
        over: Callable[[int], None],
        force: Callable[[int], None],
        wanted: Callable[[int], None],
        waits: Callable[[Awaitable[None]], Awaitable[None]],
    ) -> None:
        self.demanded = list(plan.demanded)
        self.passed: dict[int, tuple[Any, bytes]] = {}
        self._plan = plan
        self._known = known
        self._waiting = waiting
        self._go = go
        self._over = over
        self._force = force
        self._wanted = wanted
        self._waits = waits
        self._expected: dict[int, list[asyncio.Future[None]]] = {}
        self._dead: set[int] = set()

    def is_dead(self, index: int) -> bool:
        """Whether a step will not be computed, because it or one before it failed."""
        return index in self._dead

    def arguments(self, step: Step) -> dict[str, Lazy[Any]]:
        """The lazy inputs of a step that is about to be called."""
        found = {p.name: p for p in step.spec.parameters.values() if p.lazy}
        inputs = {n: Lazy.of(step.literals[n]) for n in found if n in step.literals}
        for name, sources, collects in step.lazy:
            inputs[name] = self._lazy(sources, collects)
        return inputs

    def _lazy(self, sources: tuple[Source, ...], collects: bool) -> Lazy[Any]:
        async def fetch() -> Any:
            values = [await self._value(source) for source in sources]
            return values if collects else values[0]

        return Lazy(fetch)

    async def _value(self, source: Source) -> Any:
        index = source[0]
        self._demand(index)
        again = False
        while True:
            if again or self._known.digests[index] is None:
                if index in self._dead:
                    raise Unreachable
                future = asyncio.get_running_loop().create_future()
                self._expected.setdefault(index, []).append(future)
                if again:
                    self._force(index)
                await self._waits(future)
            value = (await self._known.fetched([source], keep=True))[source]
            if value is not MISSING:
                digests = self._known.digests[index]
                assert digests is not None
                self.passed[id(value)] = (value, digests[source[1]])
                return value
            again = True

    def _demand(self, index: int) -> None:
        queue = [index]
        while queue:
            each = queue.pop()
            if not self.demanded[each]:
                self.demanded[each] = True
                self._wanted(each)
                if self._waiting[each] == 0:
                    self._go(each)
                queue.extend(self._plan.steps[each].needs)

    def arrived(self, index: int) -> None:
        """A step is done: coroutines that await it continue."""
        for future in self._expected.pop(index, ()):
            if not future.done():
                future.set_result(None)

    def bury(self, index: int) -> None:
        """A step failed, so nothing that needs it will be done: whoever awaits that is told.

        A tolerant reader goes on without it.
        """
        queue = [index]
        while queue:
            each = queue.pop()
            if each not in self._dead:
                self._dead.add(each)
                for reader in self._plan.readers[each]:
                    if not self._plan.steps[reader].spec.tolerant:
                        queue.append(reader)
                        continue
                    self._waiting[reader] -= 1
                    if self._waiting[reader] == 0 and self.demanded[reader]:
                        self._go(reader)
                self._over(each)
                for future in self._expected.pop(each, ()):
                    if not future.done():
                        future.set_exception(Unreachable())
