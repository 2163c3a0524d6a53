"""`weft validate`: every problem of workflow files."""

from __future__ import annotations

import argparse
from pathlib import Path

from weft.engine.declaration.registry import Registry
from weft.engine.errors import WeftError, counted
from weft.engine.workflows.workflow import Workflow

from . import say
from .main import BAD_WORKFLOW, DONE
from .packs import load_registry
from .workspace import workspace_of


def execute(options: argparse.Namespace) -> int:
    """Do it for each file; the exit code."""
    registry = load_registry()
    return max(_validate(file, options, registry) for file in options.file)


def _validate(file: str, options: argparse.Namespace, registry: Registry) -> int:
    try:
        workflow = Workflow.load(file, registry)
        problems = workflow.validate(registry, workspace_of(options, Path(file)))
    except WeftError as error:
        if options.json:
            say.out_json({"file": file, "problems": [error.to_json()]})
        else:
            say.error(error)
        return BAD_WORKFLOW
    if options.json:
        say.out_json({"file": file, "problems": [p.to_json() for p in problems]})
    else:
        for problem in problems:
            say.out(f"[{problem.code}] {problem}")
        nodes, found = counted(len(workflow.document.nodes), "node"), len(problems)
        say.err(f"{file}: {nodes}, {counted(found, 'problem') if found else 'no problems'}")
    return BAD_WORKFLOW if problems else DONE
