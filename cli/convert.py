"""`weft convert`: workflows of ComfyUI, and those in images, as weft files, and back."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from weft.engine.comfy.export import to_comfy
from weft.engine.errors import WeftError
from weft.engine.files.atomic import write_atomically
from weft.engine.graph.document import dumps
from weft.nodes.shared_file import open_shared

from . import say
from .main import BAD_WORKFLOW, DONE
from .model_finder import ModelFinder
from .packs import load_registry


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    registry = load_registry()
    try:
        workflow = open_shared(Path(options.file), registry, ModelFinder()).workflow
        text, obstacles = dumps(workflow.document), []
        if options.to == "comfyui":
            exported = to_comfy(workflow.document, registry)
            text = json.dumps(exported.prompt, indent=2, ensure_ascii=False) + "\n"
            obstacles = list(exported.obstacles)
        if options.output is None:
            sys.stdout.write(text)
        else:
            write_atomically(Path(options.output), text.encode())
            say.err(f"wrote {options.output}: {len(workflow.document.nodes)} nodes")
    except WeftError as error:
        say.error(error)
        return BAD_WORKFLOW
    except OSError as error:
        say.err(f"{options.output} cannot be written: {error.strerror}.")
        return BAD_WORKFLOW
    for remark in (*workflow.remarks, *obstacles):
        say.err(say.plain(remark))
    for problem in workflow.validate(registry):
        say.err(say.plain(f"[{problem.code}] {problem}"))
    return DONE
