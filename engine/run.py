"""Walk a plan: look up by key, call, store, report, cancel.

The order is the scheduler's. A step whose result is known is answered from the cache without
touching its value; values are fetched only when some function has to be called. Should a value have
been evicted by then, the step that makes it is run again.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from .declaration.context import Run
from .declaration.lazy import Unreachable
from .declaration.named_files import NamedFiles
from .errors import (
    Cancelled,
    FileError,
    Problem,
    is_out_of_memory,
    problem_from_exception,
)
from .events import (
    Event,
    NodeArtifact,
    NodeCached,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunFinished,
    RunStarted,
    Status,
)
from .leaving import leaving_refused
from .plan import Plan, Source, Step, key_of
from .running.arguments import linked_arguments
from .running.calls import Calls, Computed, FilesChanged
from .running.holdings import who_holds
from .running.known import Held, Known
from .running.lazy_run import LazyInputs
from .running.scheduler import Scheduler
from .running.services import RunContext, RunServices
from .store.cache import MISSING
from .store.journal import Written

_BREATH = 128  # inline steps between two looks at the event loop
_TRIES = 3  # of a step whose files change while it reads them

T = TypeVar("T")


class Execution:
    """One walk over one plan.

    Args:
        plan: What to do.
        services: What the engine lends.
        context: What belongs to this run.

    Attributes:
        known: What is known of the steps.
        problems: Failures that fail the run.
        skipped: Failures that a map was told to go on after.
        first_error: The exception behind the first problem; None if there is none.
        ran: How many steps were called.
        cached: Steps that were answered from the cache.
        spoiled: Whether a node changed a value that is shared.
    """

    def __init__(self, plan: Plan, services: RunServices, context: RunContext) -> None:
        journal = context.journal
        self.began = datetime.now().astimezone() if journal is None else journal.began
        self.plan = plan
        self.run_id = context.run
        self.numerics: bytes | None = None
        self.spoiled = False
        self.problems: list[Problem] = []
        self.skipped: list[Problem] = []
        self.first_error: BaseException | None = None
        self.cached: set[int] = set()
        self.ran = 0
        self._services = services
        self._context = context
        self._cache, self._disk = services.cache, services.disk
        self._lanes, self._purity = services.lanes, services.purity
        self._token, self._listener = context.token, context.listener
        self._diary, self._journal = context.diary, journal
        self._spoils = services.cache.spoils
        self._kept: list[tuple[float, bytes]] = []  # when each result was there, and its key
        self._wake = asyncio.Event()
        self.known = Known(plan, services.cache, services.disk, services.values, self._in_io)
        self._scheduler = Scheduler(plan, self.known, self._wake.set)
        self._steps, self._forced = self._scheduler.steps, self._scheduler.forced
        self._lazy = LazyInputs(self._scheduler, self.known, self._waits)
        self._calls = Calls(services, self.known, self._steps, self._lazy)
        self._tries: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[Any]] = set()  # those that wait for something, in no thread

    async def execute(self) -> Status:
        """Do it; how it ended. Never raises for a failing node (see `problems`)."""
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._thread = threading.get_ident()
        self._token.notify(lambda: loop.call_soon_threadsafe(self._wake.set))
        began = time.perf_counter()
        self._emit(
            RunStarted(self.run_id, tuple(s.node for s in self._steps), dict(self.plan.seeds))
        )
        try:
            await self._walk()
            while (
                not (self.problems or self._token.cancelled or self._is_spoiled())
                and await self._force_wanted()
            ):
                await self._walk()
        except asyncio.CancelledError:
            self._token.cancel()
            await self._settle()
            self._finish("cancelled", began)
            raise
        status: Status = "done"
        if self._token.cancelled:
            status = "cancelled"
        elif self.problems:
            status = "failed"
        elif self._is_spoiled():
            self.problems.append(
                Problem(
                    "run.spoiled",
                    "Another run changed a value in place that this run may have used; that "
                    "run's error names the node.",
                    hint="Run this workflow again.",
                )
            )
            status = "failed"
        self._finish(status, began)
        return status

    # -- the walk ---------------------------------------------------------------------------

    async def _walk(self) -> None:
        ready = self._scheduler.ready
        breath = 0
        while True:
            while ready and not (self._token.cancelled or self.spoiled):
                self._advance(ready.popleft())
                breath += 1
                if breath >= _BREATH:
                    breath = 0
                    await asyncio.sleep(0)
            if not self._tasks:
                return
            if self._token.cancelled or self.spoiled:
                await self._settle()
                return
            await self._wake.wait()
            self._wake.clear()

    async def _settle(self) -> None:
        """End what only waits, and wait for threads, which cannot be stopped from outside."""
        while self._tasks:
            for task in self._idle:
                task.cancel()
            await asyncio.wait(list(self._tasks), return_when=asyncio.FIRST_COMPLETED)

    async def _waits(self, awaitable: Awaitable[T]) -> T:
        """Await what may be broken off at once when the run is cancelled."""
        task = asyncio.current_task()
        assert task is not None
        self._idle.add(task)
        try:
            return await awaitable
        finally:
            self._idle.discard(task)

    def _advance(self, index: int) -> None:
        """Answer a ready step from the cache, call it here if it is inline, else start a task."""
        step = self._steps[index]
        spec = step.spec
        if spec.tolerant:
            step = self._scheduler.without_dead(index)
        if spec.files:
            self._start(index)
            return
        if spec.lane == "gpu" and self.numerics is None:
            self._start(index)  # finding out may import a large library
            return
        key: bytes | None = None
        if spec.kept:
            try:
                key = self._key(step, ())
            except Exception as error:  # of a node's fingerprint
                self._failed(index, error)
                return
            if self.known.recall(index, key, whole=index in self._forced):
                self._cached(index)
                return
        held = self.known.held(step.sources)
        gone = MISSING in held.values()
        apart = spec.lane != "inline" or self._lanes.prepared
        if apart or spec.is_async or (gone and self._disk is not None):
            self._start(index)
            return
        if gone:
            self._scheduler.force_lost(held, index)
            return
        try:
            if self._listener is not None:
                self._listener(self._started(step))
            computed = self._calls.compute(step, self._arguments(step, held), key)
        except Cancelled:
            self._token.cancel()
            return
        except Exception as error:  # whatever a node raises ends its branch, not the run
            self._failed(index, error)
            return
        self._computed(index, key, computed)

    def _start(self, index: int) -> None:
        task = self._loop.create_task(self._perform(index))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()

    async def _perform(self, index: int) -> None:
        """A step that waits: for a file's digest, for another run, for a thread."""
        step = self._steps[index]
        key: bytes | None = None
        try:
            if step.spec.lane == "gpu" and self.numerics is None:
                self.numerics = await self._in_io(self._services.numerics)
            if step.spec.kept:
                names = {p.name for p in step.spec.files}
                links = [s for n, sources, _ in step.links if n in names for s in sources]
                held = await self._gather(index, links)
                if held is None:
                    return
                key = self._key(step, await self._named_files(step, held))
            written: bytes | None = None
            if self._journal is not None and step.spec.writes_once and index not in self._forced:
                written = self._key(step, await self._named_files(step, await self._names(step)))
                before = self._journal.take(written)
                if before is not None:
                    self._written_before(index, before)
                    return
            while True:
                whole = index in self._forced
                if key is not None and (
                    self.known.recall(index, key, whole=whole)
                    or await self.known.recall_from_disk(index, key, whole=whole)
                ):
                    self._cached(index)
                    return
                held = await self._gather(index, step.sources)
                if held is None:
                    return
                flight = self._services.flights.join(key) if key is not None else None
                if flight is None:
                    break
                await self._waits(asyncio.shield(asyncio.wrap_future(flight)))
            try:
                self._emit(self._started(step))
                computed = await self._call(index, step, held, key)
                if written is not None and self._journal is not None:
                    self._journal.done(step.node, written, computed[0].digests)
                # The result is in the cache before the flight ends, so that those who wait find it.
                self._computed(index, key, computed)
            finally:
                if key is not None:
                    self._services.flights.leave(key)
        except Cancelled:
            self._token.cancel()
        except Unreachable:
            self._scheduler.bury(index)
        except FilesChanged:
            self._again(index)
        except Exception as error:  # whatever a node raises ends its branch, not the run
            self._failed(index, error)

    def _again(self, index: int) -> None:
        """Begin a step anew whose files changed, with their new content in its key."""
        self._tries[index] = self._tries.get(index, 0) + 1
        if self._tries[index] < _TRIES:
            self._start(index)
            return
        step = self._steps[index]
        names = ", ".join(parameter.name for parameter in step.spec.files)
        error = FileError(
            f"An input file ({names}) changed again each time it was read.",
            code="files.changing",
            expected="files that are no longer being written",
            got=f"{_TRIES} attempts, and a change during each",
            hint="Wait until the file is complete, then run again.",
        )
        self._failed(index, error)

    async def _call(self, index: int, step: Step, held: Held, key: bytes | None) -> Computed:
        arguments = self._arguments(step, held)
        if step.spec.is_async:
            began, used = time.perf_counter(), self._services.watch()
            watched = self._purity.watches(step, arguments)
            with (
                leaving_refused(),
                self._purity.unchanged(step, arguments, self._steps, self.known)
                if watched
                else contextlib.nullcontext(),
            ):
                result = await self._waits(step.spec.function(**arguments))
            seconds = time.perf_counter() - began
            return await self._in_io(self._calls.described, step, result, key, began, seconds, used)
        if step.spec.lane == "inline" and not self._lanes.prepared:
            return self._calls.compute(step, arguments, key)
        pool = self._lanes.pool(step.spec.lane, self.run_id, index)
        context = contextvars.copy_context()

        def work() -> Computed:
            self._token.check()
            return context.run(self._calls.compute, step, arguments, key)

        try:
            return await self._loop.run_in_executor(pool, work)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            # What the cache holds can be computed again; the step at hand cannot do without room.
            freed = self._cache.drop_values()
            freed += await self._loop.run_in_executor(pool, self._services.release)
            if not freed:
                raise
        context = contextvars.copy_context()
        return await self._loop.run_in_executor(pool, work)

    # -- one step ---------------------------------------------------------------------------

    def _key(self, step: Step, named: tuple[bytes, ...]) -> bytes:
        digests = self.known.digests
        linked = [digests[i][o] for i, o in step.sources]  # type: ignore[index]
        key, outside = key_of(step, linked, named, self._services.values, self.numerics)
        if self._diary is not None:
            self._diary.note_outside(step.node, outside)
        return key

    async def _names(self, step: Step) -> Held:
        """The linked values that name files; what is lost names none, and another key is found."""
        names = {p.name for p in step.spec.files}
        return await self.known.fetched(
            [s for name, sources, _ in step.links if name in names for s in sources]
        )

    def _written_before(self, index: int, written: Written) -> None:
        """A writer is done already: its files are there."""
        node = self._steps[index].node
        for path, kind in written.files:
            self._emit(NodeArtifact(self.run_id, node, path, kind, temporary=False))
        self.known.digests[index] = written.digests
        self._cached(index)

    async def _named_files(self, step: Step, held: Held) -> tuple[bytes, ...]:
        """Content digests of the files that a step's inputs name."""
        if not step.spec.files:
            return ()
        names = self._arguments(step, held, only={p.name for p in step.spec.files})
        if self._diary is not None:
            self._diary.note_names(step.node, names)
        found = await self._in_io(NamedFiles, self._services.workspace, step.spec.files, names)
        self._calls.named[step.node] = found
        return found.digests

    def _started(self, step: Step) -> NodeStarted:
        why: tuple[str, ...] = ()
        if self._diary is not None:
            why = self._diary.why(step, self.known.digests, self.numerics)
        return NodeStarted(self.run_id, step.node, why, step.spec.lane)

    def _cached(self, index: int) -> None:
        self.cached.add(index)
        if self._listener is not None:
            self._listener(NodeCached(self.run_id, self._steps[index].node))
        self._scheduler.done(index)

    def _arguments(self, step: Step, held: Held, only: set[str] | None = None) -> dict[str, Any]:
        lazy = self._lazy.arguments(step) if step.spec.lazy else {}
        arguments = linked_arguments(step, held, lazy, only)
        if step.spec.run_parameter is not None:
            arguments[step.spec.run_parameter] = Run(
                step.node,
                self.run_id,
                self._services.workspace,
                self._context.document(),
                self.plan.seeds,
                self._token,
                self._emit_anywhere if self._listener is not None or self._journal else None,
                self._context.texts,
                self._context.lock,
                self.began,
            )
        return arguments

    def _computed(self, index: int, key: bytes | None, computed: Computed) -> None:
        action, outputs, sizes, began = computed
        if key is not None:
            self._kept.append((began + action.seconds, key))
        if self._cache.spoils != self._spoils and self._is_spoiled():
            return
        self.known.computed(index, key, action, outputs, sizes)
        self.ran += 1
        self.cached.discard(index)
        if self._listener is not None:
            node = self._steps[index].node
            self._listener(NodeFinished(self.run_id, node, action.seconds, began, sum(sizes)))
        self._scheduler.done(index)

    def _failed(self, index: int, error: BaseException) -> None:
        step = self._steps[index]
        problem = problem_from_exception(error, node=step.node, node_type=step.spec.type_id)
        if is_out_of_memory(error):
            problem = Problem(
                "run.out_of_memory",
                f"Node {step.node} ({step.spec.type_id}) ran out of memory, also after the cache "
                f"was emptied: {str(error)[:300]}",
                step.node,
                got=who_holds([*self.known.holdings(), *self._services.holdings()]),
                hint="Use a smaller image or batch, or close other programs.",
            )
        spoiled = self._is_spoiled()
        if self._scheduler.tolerates(index) and not spoiled:
            self.skipped.append(problem)
        else:
            self.problems.append(problem)
            if self.first_error is None:
                self.first_error = error
        self._emit(NodeFailed(self.run_id, step.node, problem))
        self._scheduler.failed(index)

    def _is_spoiled(self) -> bool:
        """Whether a node changed a value that is shared. Nothing that was made since is kept."""
        since = self._cache.spoiled_since(self._spoils)
        if since is None:
            return False
        self.spoiled = True
        self._scheduler.ready.clear()
        self._wake.set()
        for there, key in self._kept:
            if there >= since:
                self._cache.forget(key)
                if self._disk is not None:
                    self._disk.forget(key)
        self._kept = [each for each in self._kept if each[0] < since]
        return True

    # -- values that nobody holds -------------------------------------------------------------

    async def _gather(self, index: int, sources: Iterable[Source]) -> Held | None:
        """Values for a step, from disk if need be; None when some must be computed again first."""
        held = await self.known.fetched(sources)
        if MISSING in held.values():
            self._scheduler.force_lost(held, index)
            return None
        return held

    async def _force_wanted(self) -> bool:
        """Make sure that every wanted value is at hand; whether steps had to be queued for it."""
        held = await self.known.fetched(self.plan.wanted.values(), keep=True)
        self._scheduler.force_lost(held, None)
        return MISSING in held.values()

    async def _in_io(self, function: Callable[..., T], *arguments: Any) -> T:
        return await self._loop.run_in_executor(
            self._lanes.pool("io", self.run_id), function, *arguments
        )

    # -- reporting ----------------------------------------------------------------------------

    def _emit(self, event: Event) -> None:
        if self._listener is not None:
            self._listener(event)

    def _emit_anywhere(self, event: Event) -> None:
        if self._journal is not None and isinstance(event, NodeArtifact):
            self._journal.saw(event)
        if threading.get_ident() == self._thread:
            self._emit(event)
        else:
            self._loop.call_soon_threadsafe(self._emit, event)

    def _finish(self, status: Status, began: float) -> None:
        seconds = time.perf_counter() - began
        self._emit(RunFinished(self.run_id, status, self.ran, len(self.cached), seconds))
