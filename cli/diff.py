"""`weft diff`: the differences of two workflows, or of the workflows in two images."""

from __future__ import annotations

import argparse
from pathlib import Path

from weft.engine.errors import WeftError
from weft.engine.graph.diff import difference
from weft.nodes.shared_file import open_shared

from . import say
from .main import BAD_WORKFLOW, DONE, FAILED
from .packs import load_registry


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code: 0 when they are equal, 1 when they differ."""
    registry = load_registry()
    try:
        one, other = (
            open_shared(Path(file), registry).workflow.document
            for file in (options.before, options.after)
        )
    except WeftError as error:
        say.error(error)
        return BAD_WORKFLOW
    changes = difference(one, other, layout=options.layout)
    if options.json:
        say.out_json([change.to_json() for change in changes])
    else:
        for change in changes:
            say.out(say.plain(str(change)))
    return FAILED if changes else DONE
