"""`weft run`: run a workflow file and show how it goes."""

from __future__ import annotations

import argparse
from pathlib import Path

from weft.engine.cancel import CancelToken
from weft.engine.errors import Cancelled, RunError, WeftError
from weft.engine.events import Event, Listener, to_json
from weft.engine.graph.document import split_target
from weft.engine.running.trace import Trace
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine
from weft.nodes.standard.memory import standard_memory

from . import say
from .main import BAD_WORKFLOW, DONE, FAILED, INTERRUPTED
from .packs import load_registry
from .words import apply_words
from .workspace import workspace_of


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    try:
        registry = load_registry()
        workflow = Workflow.load(options.file, registry)
        for remark in workflow.remarks:
            say.err(say.plain(remark))
        if options.inputs:
            return _list_inputs(workflow)
        workflow = apply_words(workflow, registry, options.set, options.rest, options.known)
        workspace = workspace_of(options, Path(options.file))
        trace = Trace() if options.trace else None
        metadata = not options.no_metadata
        with StandardEngine(registry=registry, workspace=workspace, metadata=metadata) as engine:
            try:
                return _run(engine, workflow, as_json=options.json, trace=trace)
            finally:
                if options.memory:
                    _tell_memory(as_json=options.json)
                if trace is not None:
                    trace.save(Path(options.trace))
    except WeftError as error:
        _report(error, as_json=options.json)
        return BAD_WORKFLOW


def _run(engine: StandardEngine, workflow: Workflow, *, as_json: bool, trace: Trace | None) -> int:
    token = CancelToken()
    scope = str(workflow.path.resolve()) if workflow.path is not None else None
    try:
        if as_json:
            engine.run(workflow, on_event=_both(_print_event, trace), token=token, scope=scope)
            return DONE
        from .progress import ProgressBars

        with ProgressBars() as progress:
            listener = _both(progress.receive, trace)
            result = engine.run(workflow, on_event=listener, token=token, scope=scope)
    except (RunError, Cancelled) as error:
        _report(error, as_json=as_json)
        return INTERRUPTED if isinstance(error, Cancelled) else FAILED
    for target, seed in result.seeds.items():
        say.out(f"seed   {target} = {seed}")
    for artifact in result.artifacts:
        say.out(f"{'shown' if artifact.temporary else 'saved'}  {artifact.path}")
    for problem in result.skipped:
        say.err(f"skipped  {problem}")
    say.err(f"{len(result.ran)} nodes in {result.seconds:.1f} s")
    return DONE


def _tell_memory(*, as_json: bool) -> None:
    report = standard_memory()
    if as_json:
        say.out_json({"event": "Memory", **report})
        return
    for line in report["lines"]:
        say.err(line)


def _list_inputs(workflow: Workflow) -> int:
    for name, target in workflow.document.interface.inputs.items():
        node_id, port = split_target(target)
        node = workflow.document.nodes.get(node_id)
        value = node.inputs.get(port) if node is not None else None
        say.out(f"--{name:<20} {target:<30} {value!r}")
    return DONE


def _both(listener: Listener, trace: Trace | None) -> Listener:
    if trace is None:
        return listener

    def receive(event: Event) -> None:
        trace.receive(event)
        listener(event)

    return receive


def _print_event(event: Event) -> None:
    say.out_json(to_json(event))


def _report(error: WeftError, *, as_json: bool) -> None:
    if as_json:
        say.out_json({"event": "Error", **error.to_json()})
    else:
        say.error(error)
