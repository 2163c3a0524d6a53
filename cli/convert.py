"""`weft convert`: workflows of ComfyUI, and those in pictures, as weft files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..engine.errors import WeftError
from ..engine.graph.document import dumps
from ..nodes.shared_file import open_shared
from ..nodes.standard import standard_registry
from . import say
from .main import BAD_WORKFLOW, DONE


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    registry = standard_registry()
    try:
        workflow = open_shared(Path(options.file), registry).workflow
        if options.output is None:
            sys.stdout.write(dumps(workflow.document))
        else:
            workflow.save(options.output)
            say.err(f"wrote {options.output}: {len(workflow.document.nodes)} nodes")
    except WeftError as error:
        say.error(error)
        return BAD_WORKFLOW
    except OSError as error:
        say.err(f"{options.output} cannot be written: {error.strerror}.")
        return BAD_WORKFLOW
    for remark in workflow.remarks:
        say.err(say.plain(remark))
    for problem in workflow.validate(registry):
        say.err(say.plain(f"[{problem.code}] {problem}"))
    return DONE
