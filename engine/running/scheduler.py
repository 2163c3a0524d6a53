"""The order of a run: which steps wait, are ready, are wanted, and have to be computed again.

It is a queue of ready steps and never recurses. A step is ready when those that it needs are done,
somebody wants it, and (inside a map) its item is open. A step whose value got lost is *forced*: it
is queued again for the readers that wait for the value.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from ..declaration.lazy import Unreachable
from ..plan import Plan, Step, surviving
from ..store.cache import MISSING
from .gate import Gate
from .known import Held, Known


class Scheduler:
    """The order of one run.

    Args:
        plan: The plan.
        known: What is known of its steps; told when a value has one reader more or less.
        wake: Called when there is something new to do.

    Attributes:
        steps: The steps, as they are called: tolerant ones lose what cannot be computed.
        ready: Steps that may begin.
        demanded: For each step, whether anybody wants it so far.
        forced: Step that is computed again -> the steps that wait for it.
    """

    def __init__(self, plan: Plan, known: Known, wake: Callable[[], None]) -> None:
        self.steps: list[Step] = list(plan.steps)
        self.ready: deque[int] = deque()
        self.demanded = list(plan.demanded)
        self.forced: dict[int, list[int]] = {}
        self._plan = plan
        self._known = known
        self._wake = wake
        self._waiting = list(plan.needs)
        self._gate = Gate(plan) if plan.within else None
        self._dead: set[int] = set()
        self._expected: dict[int, list[asyncio.Future[None]]] = {}
        self._borrowed: dict[int, list[int]] = {}  # step -> steps whose values it holds besides
        for index, needs in enumerate(plan.needs):
            if needs == 0 and plan.demanded[index]:
                self._go(index)

    # -- what begins --------------------------------------------------------------------------

    def demand(self, index: int) -> None:
        """Want a step, and all that it needs; each begins when nothing holds it back."""
        queue = [index]
        while queue:
            each = queue.pop()
            if not self.demanded[each]:
                self.demanded[each] = True
                if self._gate is not None:
                    self._gate.demand(each)
                if self._waiting[each] == 0:
                    self._go(each)
                queue.extend(self._plan.steps[each].needs)

    def expect(self, index: int) -> asyncio.Future[None]:
        """A future that is done when a step is; it raises `Unreachable` if the step never will be.

        Raises:
            Unreachable: The step, or one before it, failed already.
        """
        if index in self._dead:
            raise Unreachable
        future = asyncio.get_running_loop().create_future()
        self._expected.setdefault(index, []).append(future)
        return future

    def without_dead(self, index: int) -> Step:
        """A tolerant step that collects only what could be computed."""
        step = self.steps[index]
        if any(each in self._dead for each in step.needs):
            step = self.steps[index] = surviving(step, self._dead.__contains__)
        return step

    def _go(self, index: int) -> None:
        """A step waits for nothing more."""
        if self._gate is None or self._gate.admit(index):
            self.ready.append(index)
            self._wake()

    def _over(self, index: int) -> None:
        """A step will not be begun again, unless its value gets lost."""
        if self._gate is not None and self.demanded[index]:
            for step in self._gate.over(index):
                self.ready.append(step)
                self._wake()

    # -- what ends ----------------------------------------------------------------------------

    def done(self, index: int) -> None:
        """A step is done: its readers wait for one less, and it lets go of what it read."""
        waiting, known = self._waiting, self._known
        if self._borrowed:
            for source in self._borrowed.pop(index, ()):
                known.release(source)
        again = self.forced.pop(index, None)
        if again is not None:  # its other readers were told the first time
            readers: Iterable[int] = again
        else:
            readers = self._plan.readers[index]
            step = self.steps[index]
            for source in step.needs:
                known.release(source)
            for source in step.perhaps:
                known.release(source)
        demanded = self.demanded
        gated = self._gate is not None
        for reader in readers:
            waiting[reader] -= 1
            if waiting[reader] == 0 and demanded[reader]:
                if gated:
                    self._go(reader)
                else:
                    self.ready.append(reader)
        for future in self._expected.pop(index, ()) if self._expected else ():
            if not future.done():
                future.set_result(None)
        if gated and again is None:
            self._over(index)

    def tolerates(self, index: int) -> bool:
        """Whether a failure of a step leaves the run a good one."""
        return self._gate is not None and self._gate.tolerated(index)

    def failed(self, index: int) -> None:
        """A step failed: nothing that needs it will be done, and a map may stop."""
        self.bury(index)
        if self._gate is not None:
            for other in self._gate.stop(index):
                self.bury(other)

    def bury(self, index: int) -> None:
        """A step will not be done, nor what needs it: whoever awaits one of these is told.

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

    # -- values that nobody holds -------------------------------------------------------------

    def force_lost(self, held: Held, reader: int | None) -> None:
        """Have the steps computed again whose values are missing.

        Args:
            held: Values by source, `MISSING` where one is lost.
            reader: The step that waits for them; None = the run itself.
        """
        for producer in {source[0] for source, value in held.items() if value is MISSING}:
            self.force(producer, reader)

    def force(self, index: int, reader: int | None = None) -> None:
        """Have a step computed again whose value nobody holds any more, see `force_lost`."""
        readers = self.forced.get(index)
        if readers is None:
            readers = self.forced[index] = []
            self.ready.append(index)
            self._wake()
        if reader is not None:
            readers.append(reader)
            self._waiting[reader] += 1
            # What it gives must outlive the cache until the reader is done, or both could go on
            # evicting each other for ever.
            self._known.hold(index)
            self._borrowed.setdefault(reader, []).append(index)
