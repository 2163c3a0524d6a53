"""`Engine`: the parts put together, for one process and any number of runs."""

from __future__ import annotations

import copy
import functools
import json
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

from .cancel import CancelToken
from .comfy.export import to_comfy
from .declaration.registry import Registry
from .errors import Cancelled, OutputError, Problem, RunError, WeftError, refused
from .events import (
    Event,
    Listener,
    NodeArtifact,
    NodeCached,
    NodeFinished,
    NodeStarted,
    RunFinished,
    Status,
)
from .files.workspace import Workspace
from .graph.document import Document, dump, dumps
from .graph.expand import Expanded, expand
from .graph.file_names import named
from .graph.listing import listed
from .plan import Plan, plan
from .run import Execution
from .running.diary import Diary
from .running.explain import Explainer, StepExplanation
from .running.lanes import Flights, Lanes
from .running.purity import Purity, purity_wanted
from .running.services import RunContext, RunServices
from .running.writable import folder_problems
from .store.cache import MISSING, MemoryCache
from .store.disk_cache import DiskCache
from .store.history import History
from .store.journal import Journal
from .store.values import Values, seal
from .sync import run_sync
from .validate import validate_expanded
from .workflows.workflow import Workflow

_PLANS = 16


@dataclass(frozen=True)
class Result(Mapping[str, Any]):
    """The result of a run. A mapping from output names to values.

    Names are `node.output`, and the interface's public names for the same values.

    Attributes:
        workflow: The workflow as it ran, seeds drawn: running it again gives the same.
        outputs: The values by name.
        seeds: Every seed, `node.parameter` -> value.
        artifacts: Files written, in order.
        ran: Ids of the nodes that were called, in order of finishing.
        cached: Ids of the nodes that were answered from the cache.
        skipped: Failures in maps that were told to go on; what they belong to is left out.
        seconds: Wall time.
    """

    workflow: Workflow
    outputs: Mapping[str, Any]
    seeds: Mapping[str, int]
    artifacts: tuple[NodeArtifact, ...]
    ran: tuple[str, ...]
    cached: tuple[str, ...]
    skipped: tuple[Problem, ...]
    seconds: float = field(compare=False)

    def __getitem__(self, name: str) -> Any:
        try:
            return self.outputs[name]
        except KeyError:
            raise OutputError(
                f'The run has no output "{name}".',
                expected=f"one of: {', '.join(self.outputs) or 'none'}",
                got=name,
                hint="Select outputs with outputs=[...], or name them in the interface.",
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self.outputs

    def __iter__(self) -> Iterator[str]:
        return iter(self.outputs)

    def __len__(self) -> int:
        return len(self.outputs)


class Engine:
    """Runs workflows and remembers what it computed.

    One engine serves any number of runs, one after another or at the same time; steps that two
    runs share are computed once. Use it as a context manager, or call `close`.

    Args:
        registry: The node types there are.
        workspace: Folders.
        values: How values of other libraries are digested and measured.
        cache: What is remembered in memory; by default 4 GiB.
        disk: What is remembered on disk, also over restarts; None for nothing.
        history: What workflows were made of when they last ran; by default kept in memory.
        journals: Folder of notes from which an unfinished run is gone on with; None for none.
        holdings: Names and bytes of what else takes memory (models), for reports when there is
            none left.
        release: Lets go of what else takes memory and is not in use; the bytes set free.
        numerics: Text that names what else decides the numbers models give, such as device and
            precision; part of the keys of steps in the `gpu` lane.
        metadata: Whether nodes get to know the workflow that they are part of, and may embed it in
            what they write; prompts are private to some.
        lock: Writes down what a document is made with, as JSON data, for what nodes embed, from the
            folders of the run; None if it cannot be told.
        ahead: Called in a thread of its own when a run begins that may ask for `lock`: what that
            needs and takes long can be worked out while the picture is made.
        debug_purity: Whether the inputs of every call are hashed in full before and after it, to
            find a node that changes one; None leaves it to `WEFT_DEBUG=purity` in the environment,
            which is read here and not later. Nodes that are not weft's own are watched by samples
            in any case.
        watch: Called before a call that takes time; what it gives is called after it, and raises
            if something else that the call used was changed meanwhile (a model's file).

    Raises:
        WeftError: `WEFT_DEBUG` names a mode that there is not.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        workspace: Workspace | None = None,
        values: Values | None = None,
        cache: MemoryCache | None = None,
        disk: DiskCache | None = None,
        history: History | None = None,
        journals: Path | None = None,
        holdings: Callable[[], Iterable[tuple[str, int]]] = tuple,
        release: Callable[[], int] = lambda: 0,
        numerics: Callable[[], str] = lambda: "",
        metadata: bool = True,
        lock: Callable[[Document, Workspace], Mapping[str, Any] | None] = lambda *_: None,
        ahead: Callable[[Document, Workspace], None] | None = None,
        debug_purity: bool | None = None,
        watch: Callable[[], Callable[[], None]] = lambda: _nothing,
    ) -> None:
        self._metadata = metadata
        self._lock = lock
        self._ahead = ahead
        self._watch = watch
        self.disk = disk
        self.history = history if history is not None else History()
        self._journals = journals
        self._holdings = holdings
        self._release = release
        self._numerics = functools.cache(lambda: seal(b"n" + numerics().encode()))
        self.registry = registry
        self.workspace = workspace if workspace is not None else Workspace()
        self.values = values if values is not None else Values()
        self.cache = cache if cache is not None else MemoryCache()
        self._purity = Purity(self.values, self.cache, everywhere=purity_wanted(debug_purity))
        self._lanes = Lanes()
        self._flights = Flights()
        self._running: dict[str, CancelToken] = {}
        self._plans: OrderedDict[tuple[Any, ...], tuple[Document, Plan]] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def apart(self, prepare: Callable[[], None] | None = None) -> Engine:
        """This engine with threads of its own, which end when it is closed.

        Args:
            prepare: Called first in each of its threads, in which all nodes then run but
                coroutines.
        """
        other = copy.copy(self)
        other._lanes, other._running, other._plans = Lanes(prepare), {}, OrderedDict()
        return other

    def reading(self, workspace: Workspace) -> Engine:
        """This engine with other folders; everything else is shared, its threads too."""
        other = copy.copy(self)
        other.workspace, other._plans = workspace, OrderedDict()
        return other

    def close(self) -> None:
        """End the threads; waits for functions that are running."""
        self._lanes.close()

    def run(
        self,
        workflow: Workflow,
        *,
        outputs: Iterable[str] | None = None,
        on_event: Listener | None = None,
        token: CancelToken | None = None,
        scope: str | None = None,
        resume: str | None = None,
        texts: Mapping[str, str] | None = None,
    ) -> Result:
        """Run a workflow and wait for it.

        Args:
            workflow: What to run.
            outputs: Wanted `node.output`s or public names; None for what its root nodes and
                its interface give.
            on_event: Called with each event, in order.
            token: Cancels the run when set. Ctrl-C does so as well.
            scope: What makes runs belong together (a file's path, an id), so that what changed
                between them can be told; None to tell nothing.
            resume: What makes a run go on from one that did not end well, so that what that one
                has written is not written again (a job's id); None for `scope`.
            texts: More texts that files which the run writes shall carry, by name.

        Raises:
            ValidationError: The workflow cannot run, or its files cannot be written; nothing was
                done.
            RunError: Nodes failed; what did not need them was done and kept.
            Cancelled: It was cancelled.
        """
        return run_sync(
            self.arun(
                workflow,
                outputs=outputs,
                on_event=on_event,
                token=token,
                scope=scope,
                resume=resume,
                texts=texts,
            )
        )

    async def arun(
        self,
        workflow: Workflow,
        *,
        outputs: Iterable[str] | None = None,
        on_event: Listener | None = None,
        token: CancelToken | None = None,
        scope: str | None = None,
        resume: str | None = None,
        texts: Mapping[str, str] | None = None,
    ) -> Result:
        """`run` for async callers. Cancelling the task cancels the run."""
        resolved, steps, names = self._prepare(workflow, outputs)
        writers = [s for s, asked in zip(steps.steps, steps.demanded, strict=True) if asked]
        if problems := folder_problems(writers, self.workspace):
            raise refused("output folder", problems)
        log = _Log(on_event)
        run = uuid.uuid4().hex[:12]
        token = token if token is not None else CancelToken()
        diary = Diary(self.history, scope, steps) if scope is not None else None
        journal = None
        resume = resume if resume is not None else scope
        if resume is not None and self._journals is not None:
            journal = Journal(
                self._journals,
                resume,
                self.workspace.output,
                functools.partial(dumps, resolved.document),
            )
        context = RunContext(
            run=run,
            document=functools.cache(lambda: dump(resolved.document) if self._metadata else {}),
            lock=functools.cache(
                lambda: self._lock(resolved.document, self.workspace) if self._metadata else None
            ),
            texts=functools.cache(lambda: self._texts(resolved.document, texts)),
            token=token,
            listener=log.receive,
            diary=diary,
            journal=journal,
        )
        execution = Execution(steps, self._services(), context)
        self._running[run] = token
        self._begin_ahead(resolved.document, steps)
        status: Status = "failed"
        try:
            status = await execution.execute()
        finally:
            del self._running[run]
            if journal is not None:
                # What a spoiled run wrote may be wrong: the next one writes it anew.
                journal.close(finished=status == "done" or execution.spoiled)
        if diary is not None and not execution.spoiled:
            diary.close(execution.known.digests, execution.numerics)
        if status == "cancelled":
            raise Cancelled("The run was cancelled.")
        if status == "failed":
            failed = len(execution.problems)
            raise RunError(
                f"{failed} of {len(steps.steps)} nodes failed:", execution.problems
            ) from execution.first_error
        values = {name: execution.known.value(source) for name, source in steps.wanted.items()}
        assert MISSING not in values.values()
        values |= {name: values[flat] for name, flat in names.items() if flat in values}
        return Result(
            workflow=resolved,
            outputs=values,
            seeds=steps.seeds,
            artifacts=tuple(log.artifacts),
            ran=tuple(log.ran),
            cached=tuple(log.cached),
            skipped=tuple(execution.skipped),
            seconds=log.seconds,
        )

    def _services(self) -> RunServices:
        return RunServices(
            cache=self.cache,
            disk=self.disk,
            values=self.values,
            lanes=self._lanes,
            flights=self._flights,
            workspace=self.workspace,
            numerics=self._numerics,
            holdings=self._holdings,
            release=self._release,
            purity=self._purity,
            watch=self._watch,
        )

    def _begin_ahead(self, document: Document, steps: Plan) -> None:
        if self._ahead is None or not self._metadata:
            return
        if any("writes" in step.spec.effects for step in steps.steps):
            # A daemon: a run that fails early, or is cancelled, does not wait for it.
            given = (document, self.workspace)
            Thread(target=self._ahead, args=given, name="ahead", daemon=True).start()

    def _texts(self, document: Document, given: Mapping[str, str] | None) -> dict[str, str]:
        """What written files carry beside weft's own texts."""
        if not self._metadata:
            return {}
        texts = dict(given or {})
        if "prompt" not in texts:
            try:
                exported = to_comfy(document, self.registry)
            except WeftError:  # a map
                return texts
            if not exported.obstacles:
                texts["prompt"] = json.dumps(exported.prompt, ensure_ascii=False)
        return texts

    def free(self, *, results: bool = True) -> int:
        """Let go of what takes memory and is not in use; the bytes set free.

        Args:
            results: Whether of remembered results too, those on disk left aside; else only of
                what else takes memory (models).
        """
        freed = self.cache.drop_values() if results else 0
        return freed + self._release()

    def cancel(self, run: str) -> bool:
        """Cancel a run by its id (every event has it); whether it was still running.

        Safe from any thread. Nodes stop at their next look at the token.
        """
        token = self._running.get(run)
        if token is not None:
            token.cancel()
        return token is not None

    def explain(
        self,
        workflow: Workflow,
        *,
        outputs: Iterable[str] | None = None,
        scope: str | None = None,
    ) -> list[StepExplanation]:
        """What a run would do with each node, and why, without running it.

        Args:
            workflow: What would be run.
            outputs: As in `run`.
            scope: As in `run`; without it a result that is not there cannot say what changed.

        Raises:
            ValidationError: The workflow cannot run.
        """
        _, steps, _ = self._prepare(workflow, outputs)
        return Explainer(
            steps,
            cache=self.cache,
            disk=self.disk,
            values=self.values,
            workspace=self.workspace,
            numerics=self._numerics(),
            last=self.history.last(scope) if scope is not None else {},
        ).explain()

    def _prepare(
        self, workflow: Workflow, outputs: Iterable[str] | None
    ) -> tuple[Workflow, Plan, dict[str, str]]:
        """The workflow as it runs, its plan, and the names of its outputs."""
        document = listed(workflow.document, self.registry, self.workspace)
        if document is not workflow.document:
            workflow = Workflow(document, workflow.path)
        resolved = workflow.resolve(self.registry)
        asked = None if outputs is None else tuple(outputs)
        expanded = expand(workflow.document)
        names = _names(expanded, workflow.document.interface.outputs, asked)
        targets = None if asked is None else tuple(dict.fromkeys(names.values()))
        if resolved is not workflow:  # seeds were drawn; the nodes are the same
            flat = expand(resolved.document).document
            expanded = replace(expanded, document=flat)
        return resolved, self._plan(resolved.document, expanded, targets), names

    def _plan(
        self, document: Document, expanded: Expanded, targets: tuple[str, ...] | None
    ) -> Plan:
        """A plan of a valid document; documents never change, so it is made once for each.

        Args:
            document: The resolved document.
            expanded: Its nodes without subgraphs.
            targets: Wanted outputs, flat; None for what the document's root nodes give.
        """
        place = (id(document), targets, self.registry.live_code())
        known = self._plans.get(place)
        if known is not None and known[0] is document:
            self._plans.move_to_end(place)
            return known[1]
        problems = validate_expanded(
            expanded, self.registry, workspace=self.workspace, outputs=targets
        )
        if problems:
            raise refused("workflow", problems)
        filled = replace(expanded, document=named(expanded, self.registry))
        made = plan(filled, self.registry, targets)
        self._plans[place] = (document, made)
        if len(self._plans) > _PLANS:
            self._plans.popitem(last=False)
        return made


def _names(
    expanded: Expanded, public: Mapping[str, str], outputs: tuple[str, ...] | None
) -> dict[str, str]:
    """Every name by which a caller may ask the result, and the flat `node.output` it is."""
    if outputs is None:
        asked = [*public.items(), *((target, target) for target in public.values())]
    else:
        asked = [(name, public.get(name, name)) for name in outputs]
        asked += [(n, t) for n, t in public.items() if t in outputs]
    return {name: expanded.output(target) for name, target in asked}


def _nothing() -> None:
    """Nothing is watched."""


class _Log:
    """Keeps of the events what a result tells, and hands them on."""

    def __init__(self, listener: Listener | None) -> None:
        self.listener = listener
        self.artifacts: list[NodeArtifact] = []
        self.ran: list[str] = []
        self.cached: list[str] = []
        self.seconds = 0.0

    def receive(self, event: Event) -> None:
        if isinstance(event, NodeStarted):
            pass  # first, because with the next two it is nearly all there is
        elif isinstance(event, NodeFinished):
            self.ran.append(event.node)
        elif isinstance(event, NodeCached):
            self.cached.append(event.node)
        elif isinstance(event, NodeArtifact):
            self.artifacts.append(event)
        elif isinstance(event, RunFinished):
            self.seconds = event.seconds
        if self.listener is not None:
            self.listener(event)
