"""The state of a run: digests of its steps, values in memory, and the caches.

Most steps are answered by digest alone; a value is fetched only when a function has to be called
with it, first from the run itself, then from memory, then from disk.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from ..plan import Plan, Source
from ..store.cache import MISSING, Action, MemoryCache
from ..store.disk_cache import DiskCache
from ..store.values import Values

Held = dict[Source, Any]
InThread = Callable[..., Awaitable[Any]]


class Known:
    """Results of the steps of one plan.

    Args:
        plan: Whose steps.
        cache: Known results in memory.
        disk: Known results on disk, or None.
        values: Sizes of values.
        in_thread: Awaits a blocking call.

    Attributes:
        digests: For each step its outputs' digests, or None as long as they are not known.
    """

    def __init__(
        self,
        plan: Plan,
        cache: MemoryCache,
        disk: DiskCache | None,
        values: Values,
        in_thread: InThread,
    ) -> None:
        count = len(plan.steps)
        self._plan = plan
        self.digests: list[tuple[bytes, ...] | None] = [None] * count
        self._live: list[tuple[Any, ...] | None] = [None] * count
        # Readers that are not done, and one more for each wanted output: while above zero, a
        # computed value is held even if the cache lets it go.
        self._readers = [len(readers) for readers in plan.readers]
        for index, _ in plan.wanted.values():
            self._readers[index] += 1
        for step in plan.steps:
            for index in step.perhaps:
                self._readers[index] += 1
        self._fetched: Held = {}
        self._cache = cache
        self._disk = disk
        self._values = values
        self._in_thread = in_thread

    def value(self, source: Source) -> Any:
        """A value; MISSING when neither run nor memory holds it."""
        index, output = source
        live = self._live[index]
        if live is not None:
            return live[output]
        if source in self._fetched:
            return self._fetched[source]
        digests = self.digests[index]
        return MISSING if digests is None else self._cache.get(digests[output])

    def held(self, sources: Iterable[Source]) -> Held:
        """Values as far as run or memory hold them, else MISSING."""
        return {source: self.value(source) for source in sources}

    async def fetched(self, sources: Iterable[Source], *, keep: bool = False) -> Held:
        """Values, from disk if need be, else MISSING.

        Args:
            sources: Which.
            keep: Hold what came from disk until the run ends, whatever memory does.
        """
        held = self.held(sources)
        if self._disk is None:
            return held
        for source, value in held.items():
            digests = self.digests[source[0]]
            if value is not MISSING or digests is None:
                continue
            began = time.perf_counter()
            digest = digests[source[1]]
            held[source] = found = await self._in_thread(self._disk.get, digest)
            if found is not MISSING:
                # What it costs to have it again is now the reading, not the computing.
                seconds = time.perf_counter() - began
                self._cache.put(digest, found, self._values.nbytes(found), seconds)
                if keep:
                    self._fetched[source] = found
        return held

    def recall(self, index: int, key: bytes, *, whole: bool) -> bool:
        """Answer a step from memory, if it can be.

        Args:
            index: Which step.
            key: Its key.
            whole: Whether its values are needed, and not only their digests.
        """
        action = self._cache.find(key)
        return action is not None and self._answer(
            index, action, [self._cache.get(d) for d in action.digests] if whole else None
        )

    async def recall_from_disk(self, index: int, key: bytes, *, whole: bool) -> bool:
        """Answer a step from disk, if it can be. As `recall`."""
        if self._disk is None:
            return False
        action = await self._in_thread(self._disk.find, key)
        if action is None:
            return False
        outputs = None
        if whole:
            outputs = [await self._in_thread(self._disk.get, d) for d in action.digests]
        self._cache.keep(key, action)
        return self._answer(index, action, outputs)

    def _answer(self, index: int, action: Action, outputs: list[Any] | None) -> bool:
        if outputs is not None:
            if MISSING in outputs:
                return False
            self._live[index] = tuple(outputs)
        self.digests[index] = action.digests
        return True

    def computed(
        self,
        index: int,
        key: bytes | None,
        action: Action,
        outputs: tuple[Any, ...],
        sizes: tuple[int, ...],
    ) -> None:
        """Take in what a step's function returned.

        Args:
            index: Which step.
            key: Its key; None when the result is not to be kept.
            action: Digests of the outputs, and what they cost.
            outputs: The values.
            sizes: Their sizes in bytes.
        """
        self.digests[index] = action.digests
        if self._readers[index]:
            self._live[index] = outputs
        if key is not None:
            for digest, output, size in zip(action.digests, outputs, sizes, strict=True):
                self._cache.put(digest, output, size, action.seconds)
            self._cache.keep(key, action)

    def holdings(self) -> list[tuple[str, int]]:
        """Nodes whose values this run holds, and their bytes."""
        return [
            (step.node, sum(self._values.nbytes(value) for value in live))
            for step, live in zip(self._plan.steps, self._live, strict=True)
            if live is not None
        ]

    def hold(self, index: int) -> None:
        """Hold a step's values for one more reader."""
        self._readers[index] += 1

    def release(self, index: int) -> None:
        """One reader of a step is done; after the last, its values are the cache's alone."""
        self._readers[index] -= 1
        if self._readers[index] == 0:
            self._live[index] = None
