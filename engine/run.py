"""Walk a plan: look up by key, call, store, report, cancel.

The walk is a queue of ready steps and never recurses. A step whose result is known is answered from
the cache without touching its value; values are fetched only when some function has to be called.
Should a value have been evicted by then, the step that makes it is run again.

More than 500 lines, because it is one thing: every method works on the state of one walk. What can
be told apart has files of its own (`known`, `lazy_run`, `gate`, `journal`, `results`, `diary`).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from .cancel import CancelToken
from .declaration.context import Run
from .declaration.lazy import Unreachable
from .declaration.named_files import NamedFiles
from .errors import (
    Cancelled,
    FileError,
    NodeError,
    Problem,
    is_out_of_memory,
    problem_from_exception,
)
from .events import (
    Event,
    Listener,
    NodeArtifact,
    NodeCached,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunFinished,
    RunStarted,
    Status,
)
from .files.workspace import Workspace
from .leaving import leaving_refused
from .plan import Plan, Source, Step, key_of, surviving
from .running.diary import Diary
from .running.gate import Gate
from .running.holdings import who_holds
from .running.known import Held, Known
from .running.lanes import Flights, Lanes
from .running.lazy_run import LazyInputs
from .running.purity import Purity
from .running.results import describe
from .store.cache import MISSING, Action, MemoryCache
from .store.disk_cache import DiskCache
from .store.journal import Journal, Written
from .store.values import Values

_BREATH = 128  # inline steps between two looks at the event loop
_TRIES = 3  # of a step whose files change while it reads them

T = TypeVar("T")
Computed = tuple[Action, tuple[Any, ...], tuple[int, ...], float]


class FilesChanged(Exception):  # noqa: N818  (a signal inside this module)
    """A file of a step changed while the step ran, so it is unknown which content it read."""


class Execution:
    """One walk over one plan.

    Args:
        plan: What to do.
        run: Id of the run.
        cache: Known results, in memory.
        disk: Known results on disk, or None.
        numerics: What else decides the numbers that models give (device, precision), for keys of
            steps in the `gpu` lane. Called once, in a thread, if there is such a step.
        values: Digests and sizes.
        lanes: Threads.
        flights: Steps under way in any run.
        workspace: Folders.
        document: The resolved workflow, for nodes that embed it.
        token: Cancellation.
        listener: Receives the events, or None.
        diary: Notes what each result was made of, to explain this run and the next; or None.
        holdings: Who else holds memory: names and bytes, of models for example.
        release: Lets go of what else takes memory and is not in use; the bytes set free.
        journal: What an unfinished run before this one has written, to go on from there; or None.
        texts: Tells what more texts written files shall carry, by name.
        lock: What the workflow is made with, for nodes that embed it.
        purity: Watches for nodes that change what they are given.
        watch: Called before a call that takes time; what it gives is called after it, and raises
            if the call used what was not what it should have been (a model's file that was
            written over).
        began: When the run that this one is, or goes on with, began; None for now.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        run: str,
        cache: MemoryCache,
        disk: DiskCache | None,
        numerics: Callable[[], bytes],
        values: Values,
        lanes: Lanes,
        flights: Flights,
        workspace: Workspace,
        document: Callable[[], Mapping[str, Any]],
        token: CancelToken,
        listener: Listener | None,
        diary: Diary | None = None,
        holdings: Callable[[], Iterable[tuple[str, int]]] = tuple,
        release: Callable[[], int] = lambda: 0,
        journal: Journal | None = None,
        texts: Callable[[], Mapping[str, str]] = dict,
        lock: Callable[[], Mapping[str, Any] | None] = lambda: None,
        purity: Purity,
        watch: Callable[[], Callable[[], None]],
        began: datetime | None = None,
    ) -> None:
        self.began = began if began is not None else datetime.now().astimezone()
        self.plan = plan
        self.steps = list(plan.steps)
        self.run_id = run
        self.cache = cache
        self.disk = disk
        self.find_numerics = numerics
        self.numerics: bytes | None = None
        self.values = values
        self.lanes = lanes
        self.flights = flights
        self.workspace = workspace
        self.document = document
        self.token = token
        self.listener = listener
        self.diary = diary
        self.holdings = holdings
        self.release = release
        self.journal = journal
        self.texts = texts
        self.lock = lock
        self.purity = purity
        self.watch = watch

        self.spoiled = False  # a node changed a value that is shared
        self._spoils = cache.spoils
        self._kept: list[tuple[float, bytes]] = []  # when each result was there, and its key
        self._wake = asyncio.Event()
        self.known = Known(plan, cache, disk, values, self._in_io)
        self.waiting = list(plan.needs)
        self.ready: deque[int] = deque()
        self.gate = Gate(plan) if plan.within else None
        self.lazy = LazyInputs(
            plan,
            self.known,
            self.waiting,
            self._go,
            self._over,
            self._force_again,
            self._wanted,
            self._waits,
        )
        for index, needs in enumerate(plan.needs):
            if needs == 0 and plan.demanded[index]:
                self._go(index)
        self.forced: dict[int, list[int]] = {}  # step to run again -> steps that wait for it
        self.borrowed: dict[int, list[int]] = {}  # step -> steps whose values it holds besides
        self.problems: list[Problem] = []
        self.skipped: list[Problem] = []  # failures that a map was told to go on after
        self.first_error: BaseException | None = None
        self.cached: set[int] = set()
        self.ran = 0
        self._named: dict[str, NamedFiles] = {}
        self._tries: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[Any]] = set()  # those that wait for something, in no thread

    async def execute(self) -> Status:
        """Do it; how it ended. Never raises for a failing node (see `problems`)."""
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._thread = threading.get_ident()
        self.token.notify(lambda: loop.call_soon_threadsafe(self._wake.set))
        began = time.perf_counter()
        self._emit(
            RunStarted(self.run_id, tuple(s.node for s in self.steps), dict(self.plan.seeds))
        )
        try:
            await self._walk()
            while (
                not (self.problems or self.token.cancelled or self._is_spoiled())
                and await self._force_wanted()
            ):
                await self._walk()
        except asyncio.CancelledError:
            self.token.cancel()
            await self._settle()
            self._finish("cancelled", began)
            raise
        status: Status = "done"
        if self.token.cancelled:
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
        ready = self.ready
        breath = 0
        while True:
            while ready and not (self.token.cancelled or self.spoiled):
                self._advance(ready.popleft())
                breath += 1
                if breath >= _BREATH:
                    breath = 0
                    await asyncio.sleep(0)
            if not self._tasks:
                return
            if self.token.cancelled or self.spoiled:
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
        step = self.steps[index]
        spec = step.spec
        if spec.tolerant:
            step = self._without_the_dead(index)
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
            if self.known.recall(index, key, whole=index in self.forced):
                self._cached(index)
                return
        held = self.known.held(step.sources)
        gone = MISSING in held.values()
        apart = spec.lane != "inline" or self.lanes.prepared
        if apart or spec.is_async or (gone and self.disk is not None):
            self._start(index)
            return
        if gone:
            self._force_gone(index, held)
            return
        try:
            if self.listener is not None:
                self.listener(self._started(step))
            computed = self._compute(step, self._arguments(step, held), key)
        except Cancelled:
            self.token.cancel()
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
        step = self.steps[index]
        key: bytes | None = None
        try:
            if step.spec.lane == "gpu" and self.numerics is None:
                self.numerics = await self._in_io(self.find_numerics)
            if step.spec.kept:
                names = {p.name for p in step.spec.files}
                links = [s for n, sources, _ in step.links if n in names for s in sources]
                held = await self._gather(index, links)
                if held is None:
                    return
                key = self._key(step, await self._named_files(step, held))
            written: bytes | None = None
            if self.journal is not None and step.spec.writes_once and index not in self.forced:
                written = self._key(step, await self._named_files(step, await self._names(step)))
                before = self.journal.take(written)
                if before is not None:
                    self._written_before(index, before)
                    return
            while True:
                whole = index in self.forced
                if key is not None and (
                    self.known.recall(index, key, whole=whole)
                    or await self.known.recall_from_disk(index, key, whole=whole)
                ):
                    self._cached(index)
                    return
                held = await self._gather(index, step.sources)
                if held is None:
                    return
                flight = self.flights.join(key) if key is not None else None
                if flight is None:
                    break
                await self._waits(asyncio.shield(asyncio.wrap_future(flight)))
            try:
                self._emit(self._started(step))
                computed = await self._call(index, step, held, key)
                if written is not None and self.journal is not None:
                    self.journal.done(step.node, written, computed[0].digests)
                # The result is in the cache before the flight ends, so that those who wait find it.
                self._computed(index, key, computed)
            finally:
                if key is not None:
                    self.flights.leave(key)
        except Cancelled:
            self.token.cancel()
        except Unreachable:
            self.lazy.bury(index)
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
        step = self.steps[index]
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
            began, used = time.perf_counter(), self.watch()
            watched = self.purity.watches(step, arguments)
            with (
                leaving_refused(),
                self.purity.unchanged(step, arguments, self.steps, self.known)
                if watched
                else contextlib.nullcontext(),
            ):
                result = await self._waits(step.spec.function(**arguments))
            seconds = time.perf_counter() - began
            return await self._in_io(self._described, step, result, key, began, seconds, used)
        if step.spec.lane == "inline" and not self.lanes.prepared:
            return self._compute(step, arguments, key)
        pool = self.lanes.pool(step.spec.lane, self.run_id, index)
        context = contextvars.copy_context()

        def work() -> Computed:
            self.token.check()
            return context.run(self._compute, step, arguments, key)

        try:
            return await self._loop.run_in_executor(pool, work)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            # What the cache holds can be computed again; the step at hand cannot do without room.
            freed = self.cache.drop_values()
            freed += await self._loop.run_in_executor(pool, self.release)
            if not freed:
                raise
        context = contextvars.copy_context()
        return await self._loop.run_in_executor(pool, work)

    # -- order ------------------------------------------------------------------------------

    def _go(self, index: int) -> None:
        """A step waits for nothing more."""
        if self.gate is None or self.gate.admit(index):
            self.ready.append(index)
            self._wake.set()

    def _over(self, index: int) -> None:
        """A step will not be begun again, unless its value gets lost."""
        if self.gate is not None and self.lazy.demanded[index]:
            for step in self.gate.over(index):
                self.ready.append(step)
                self._wake.set()

    def _wanted(self, index: int) -> None:
        if self.gate is not None:
            self.gate.demand(index)

    def _without_the_dead(self, index: int) -> Step:
        """A tolerant step that collects only what there is."""
        step = self.steps[index]
        if any(self.lazy.is_dead(i) for i in step.needs):
            step = surviving(step, self.lazy.is_dead)
            self.steps[index] = step
        return step

    # -- one step ---------------------------------------------------------------------------

    def _key(self, step: Step, named: tuple[bytes, ...]) -> bytes:
        digests = self.known.digests
        linked = [digests[i][o] for i, o in step.sources]  # type: ignore[index]
        key, outside = key_of(step, linked, named, self.values, self.numerics)
        if self.diary is not None:
            self.diary.note_outside(step.node, outside)
        return key

    async def _names(self, step: Step) -> Held:
        """The linked values that name files; what is lost names none, and another key is found."""
        names = {p.name for p in step.spec.files}
        return await self.known.fetched(
            [s for name, sources, _ in step.links if name in names for s in sources]
        )

    def _written_before(self, index: int, written: Written) -> None:
        """A writer is done already: its files are there."""
        node = self.steps[index].node
        for path, kind in written.files:
            self._emit(NodeArtifact(self.run_id, node, path, kind, temporary=False))
        self.known.digests[index] = written.digests
        self._cached(index)

    async def _named_files(self, step: Step, held: Held) -> tuple[bytes, ...]:
        """Content digests of the files that a step's inputs name."""
        if not step.spec.files:
            return ()
        names = self._arguments(step, held, only={p.name for p in step.spec.files})
        if self.diary is not None:
            self.diary.note_names(step.node, names)
        found = await self._in_io(NamedFiles, self.workspace, step.spec.files, names)
        self._named[step.node] = found
        return found.digests

    def _started(self, step: Step) -> NodeStarted:
        why: tuple[str, ...] = ()
        if self.diary is not None:
            why = self.diary.why(step, self.known.digests, self.numerics)
        return NodeStarted(self.run_id, step.node, why, step.spec.lane)

    def _cached(self, index: int) -> None:
        self.cached.add(index)
        if self.listener is not None:
            self.listener(NodeCached(self.run_id, self.steps[index].node))
        self._done(index)

    def _arguments(self, step: Step, held: Held, only: set[str] | None = None) -> dict[str, Any]:
        arguments = dict(step.literals)
        if step.spec.lazy:
            arguments.update(self.lazy.arguments(step))
        for name, sources, collects in step.links:
            if only is None or name in only:
                arguments[name] = [held[s] for s in sources] if collects else held[sources[0]]
        for parameter in step.checked:
            if only is not None and parameter.name not in only:
                continue
            value = arguments[parameter.name]
            reason = parameter.value_problem(value)
            if reason is not None:
                raise NodeError(
                    f'"{parameter.name}": the linked value is {str(value)[:80]!r}, {reason}.',
                    code="params.out_of_range" if reason.startswith("allowed") else "params.type",
                    port=parameter.name,
                    expected=reason,
                )
            if parameter.type.name == "FLOAT" and type(value) is int:
                arguments[parameter.name] = float(value)
        if step.spec.run_parameter is not None:
            arguments[step.spec.run_parameter] = Run(
                step.node,
                self.run_id,
                self.workspace,
                self.document(),
                self.plan.seeds,
                self.token,
                self._emit_anywhere if self.listener is not None or self.journal else None,
                self.texts,
                self.lock,
                self.began,
            )
        return arguments

    def _compute(self, step: Step, arguments: dict[str, Any], key: bytes | None) -> Computed:
        used = None if step.spec.lane == "inline" else self.watch()
        with leaving_refused():
            if self.purity.watches(step, arguments):
                with self.purity.unchanged(step, arguments, self.steps, self.known):
                    began = time.perf_counter()
                    result = step.spec.function(**arguments)
                    seconds = time.perf_counter() - began
            else:
                began = time.perf_counter()
                result = step.spec.function(**arguments)
                seconds = time.perf_counter() - began
        return self._described(step, result, key, began, seconds, used)

    def _described(
        self,
        step: Step,
        result: Any,
        key: bytes | None,
        began: float,
        seconds: float,
        used: Callable[[], None] | None,
    ) -> Computed:
        """The outputs of a call with their digests and sizes, worked out in the same thread.

        Raises:
            FilesChanged: What is under the key was not, or not only, made of what the key names.
        """
        if used is not None:
            used()
        spec = step.spec
        if spec.files and key is not None and not self._named[step.node].unchanged():
            raise FilesChanged
        outputs, digests, sizes = describe(spec, result, key, self.values, self.lazy.passed)
        if spec.code is not None:
            self.purity.take(spec, outputs, digests, began)
        action = Action(digests, seconds)
        # Seconds are no measure here: what is quick once its model is loaded is not in the next
        # process. Inline nodes are quick always, quicker than a file.
        stored = spec.lane != "inline" and self.cache.spoils == self._spoils
        if self.disk is not None and key is not None and stored:
            self.disk.put(key, action, outputs)
        return action, outputs, sizes, began

    def _computed(self, index: int, key: bytes | None, computed: Computed) -> None:
        action, outputs, sizes, began = computed
        if key is not None:
            self._kept.append((began + action.seconds, key))
        if self.cache.spoils != self._spoils and self._is_spoiled():
            return
        self.known.computed(index, key, action, outputs, sizes)
        self.ran += 1
        self.cached.discard(index)
        if self.listener is not None:
            node = self.steps[index].node
            self.listener(NodeFinished(self.run_id, node, action.seconds, began, sum(sizes)))
        self._done(index)

    def _done(self, index: int) -> None:
        waiting = self.waiting
        if self.borrowed:
            for source in self.borrowed.pop(index, ()):
                self.known.release(source)
        again = self.forced.pop(index, None)
        if again is not None:  # its other readers were told the first time
            readers = again
        else:
            readers = self.plan.readers[index]
            step = self.steps[index]
            for source in step.needs:
                self.known.release(source)
            for source in step.perhaps:
                self.known.release(source)
        demanded = self.lazy.demanded
        gated = self.gate is not None
        for reader in readers:
            waiting[reader] -= 1
            if waiting[reader] == 0 and demanded[reader]:
                if gated:
                    self._go(reader)
                else:
                    self.ready.append(reader)
        self.lazy.arrived(index)
        if gated and again is None:
            self._over(index)

    def _failed(self, index: int, error: BaseException) -> None:
        step = self.steps[index]
        problem = problem_from_exception(error, node=step.node, node_type=step.spec.type_id)
        if is_out_of_memory(error):
            problem = Problem(
                "run.out_of_memory",
                f"Node {step.node} ({step.spec.type_id}) ran out of memory, also after the cache "
                f"was emptied: {str(error)[:300]}",
                step.node,
                got=who_holds([*self.known.holdings(), *self.holdings()]),
                hint="Use a smaller image or batch, or close other programs.",
            )
        spoiled = self._is_spoiled()
        if self.gate is not None and self.gate.tolerated(index) and not spoiled:
            self.skipped.append(problem)
        else:
            self.problems.append(problem)
            if self.first_error is None:
                self.first_error = error
        self._emit(NodeFailed(self.run_id, step.node, problem))
        self.lazy.bury(index)
        if self.gate is not None:
            for other in self.gate.stop(index):
                self.lazy.bury(other)

    def _is_spoiled(self) -> bool:
        """Whether a node changed a value that is shared. Nothing that was made since is kept."""
        since = self.cache.spoiled_since(self._spoils)
        if since is None:
            return False
        self.spoiled = True
        self.ready.clear()
        self._wake.set()
        for there, key in self._kept:
            if there >= since:
                self.cache.forget(key)
                if self.disk is not None:
                    self.disk.forget(key)
        self._kept = [each for each in self._kept if each[0] < since]
        return True

    # -- values that nobody holds -------------------------------------------------------------

    async def _gather(self, index: int, sources: Iterable[Source]) -> Held | None:
        """Values for a step, from disk if need be; None when some must be computed again first."""
        held = await self.known.fetched(sources)
        if MISSING in held.values():
            self._force_gone(index, held)
            return None
        return held

    def _force_gone(self, index: int | None, held: Held) -> None:
        for producer in {source[0] for source, value in held.items() if value is MISSING}:
            self._force(producer, index)

    def _force(self, index: int, reader: int | None) -> None:
        readers = self.forced.get(index)
        if readers is None:
            readers = self.forced[index] = []
            self.ready.append(index)
            self._wake.set()
        if reader is not None:
            readers.append(reader)
            self.waiting[reader] += 1
            # What it gives must outlive the cache until the reader is done, or both could go on
            # evicting each other for ever.
            self.known.hold(index)
            self.borrowed.setdefault(reader, []).append(index)

    def _force_again(self, index: int) -> None:
        self._force(index, None)

    async def _force_wanted(self) -> bool:
        """Make sure that every wanted value is at hand; whether steps had to be queued for it."""
        held = await self.known.fetched(self.plan.wanted.values(), keep=True)
        self._force_gone(None, held)
        return MISSING in held.values()

    async def _in_io(self, function: Callable[..., T], *arguments: Any) -> T:
        return await self._loop.run_in_executor(
            self.lanes.pool("io", self.run_id), function, *arguments
        )

    # -- reporting ----------------------------------------------------------------------------

    def _emit(self, event: Event) -> None:
        if self.listener is not None:
            self.listener(event)

    def _emit_anywhere(self, event: Event) -> None:
        if self.journal is not None and isinstance(event, NodeArtifact):
            self.journal.saw(event)
        if threading.get_ident() == self._thread:
            self._emit(event)
        else:
            self._loop.call_soon_threadsafe(self._emit, event)

    def _finish(self, status: Status, began: float) -> None:
        seconds = time.perf_counter() - began
        self._emit(RunFinished(self.run_id, status, self.ran, len(self.cached), seconds))
