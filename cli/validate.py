"""`weft validate`: every problem of a workflow file."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..engine.errors import WeftError
from ..engine.graph.workflow import Workflow
from ..nodes.standard import standard_registry
from . import say
from .main import BAD_WORKFLOW, DONE
from .workspace import workspace_of


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    try:
        registry = standard_registry()
        workflow = Workflow.load(options.file, registry)
        problems = workflow.validate(registry, workspace_of(options, Path(options.file)))
    except WeftError as error:
        if options.json:
            say.out_json({"problems": [error.to_json()]})
        else:
            say.error(error)
        return BAD_WORKFLOW
    if options.json:
        say.out_json({"problems": [p.to_json() for p in problems]})
    else:
        for problem in problems:
            say.out(f"[{problem.code}] {problem}")
        count = len(workflow.document.nodes)
        say.err(f"{options.file}: {count} nodes, {len(problems) or 'no'} problems")
    return BAD_WORKFLOW if problems else DONE
