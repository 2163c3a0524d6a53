"""Lazy inputs during a run: the nodes they need start when they are awaited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..declaration.lazy import Lazy
from ..plan import Source, Step
from ..store.cache import MISSING
from .known import Known
from .scheduler import Scheduler


class LazyInputs:
    """The lazy inputs of the steps of one run.

    Args:
        scheduler: Has steps computed.
        known: What is known of them.
        waits: Awaits something that may be broken off when the run is cancelled.

    Attributes:
        passed: Values that were awaited, by `id`, with their digests: a node may hand them on.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        known: Known,
        waits: Callable[[Awaitable[None]], Awaitable[None]],
    ) -> None:
        self.passed: dict[int, tuple[Any, bytes]] = {}
        self._scheduler = scheduler
        self._known = known
        self._waits = waits

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
        self._scheduler.demand(index)
        again = False
        while True:
            if again or self._known.digests[index] is None:
                future = self._scheduler.expect(index)
                if again:
                    self._scheduler.force(index)
                await self._waits(future)
            value = (await self._known.fetched([source], keep=True))[source]
            if value is not MISSING:
                digests = self._known.digests[index]
                assert digests is not None
                self.passed[id(value)] = (value, digests[source[1]])
                return value
            again = True
