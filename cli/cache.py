"""`weft cache`: statistics of the disk cache, and explanations of cache misses."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from weft.engine.errors import WeftError
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine

from . import say
from .main import BAD_WORKFLOW, DONE
from .packs import load_registry
from .words import apply_words
from .workspace import workspace_of


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    try:
        if options.verb == "explain":
            return _explain(options)
        with StandardEngine(packs=False) as engine:
            if engine.disk is None:
                say.err("The disk cache is off (WEFT_CACHE=off).")
                return DONE
            if options.verb == "clear":
                engine.disk.clear()
                return DONE
            stats = engine.disk.stats()
    except WeftError as error:
        say.error(error)
        return BAD_WORKFLOW
    if options.json:
        say.out_json(asdict(stats))
        return DONE
    say.out(f"results  {stats.actions}")
    say.out(f"values   {stats.values}")
    say.out(f"bytes    {stats.bytes} of {stats.budget}")
    return DONE


def _explain(options: argparse.Namespace) -> int:
    registry = load_registry()
    workflow = Workflow.load(options.file, registry)
    workflow = apply_words(workflow, registry, options.set, options.rest, options.known)
    workspace = workspace_of(options, Path(options.file))
    scope = str(Path(options.file).resolve())
    with StandardEngine(registry=registry, workspace=workspace) as engine:
        found = engine.explain(workflow, scope=scope)
    if options.node is not None:
        found = [e for e in found if e.node == options.node]
        if not found:
            say.err(f'error: no output of {options.file} depends on a node "{options.node}".')
            return BAD_WORKFLOW
    if options.json:
        say.out_json([e.to_json() for e in found])
        return DONE
    for explanation in found:
        why = "; ".join(explanation.why)
        say.out(f"{explanation.state:<8} {explanation.node:<20} {why}".rstrip())
    return DONE
