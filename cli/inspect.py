"""`weft inspect`: the metadata of an image; a copy without them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from weft.engine.errors import WeftError
from weft.engine.graph.document import read_json
from weft.nodes.shared_file import picture_texts, workflow_text

from . import say
from .main import BAD_WORKFLOW, DONE

_LONGEST_LINE = 20_000


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    file = Path(options.picture)
    try:
        texts = picture_texts(file)
        if options.workflow:
            _write_workflow(workflow_text(texts, file), Path(options.workflow))
        if options.strip:
            from weft.diffusion.pictures.texts import strip_texts

            strip_texts(file, Path(options.strip))
            say.out(f"wrote {options.strip} with {len(texts)} texts left out")
            return DONE
    except WeftError as error:
        say.error(error)
        return BAD_WORKFLOW
    if options.json:
        say.out_json({name: _data(text) for name, text in texts.items()})
        return DONE
    if not texts:
        say.out(f"{file.name} holds no workflow and no metadata.")
    for name, text in texts.items():
        data = _data(text)
        shown = text if isinstance(data, str) else json.dumps(data, indent=2, ensure_ascii=False)
        if len(text) > _LONGEST_LINE and isinstance(data, str):
            lines = text.splitlines()
            if any(len(line) > _LONGEST_LINE for line in lines):
                shown = f"({len(text)} characters, nested too deep or damaged; --json prints them)"
        say.out(f"{name}:")
        for line in shown.splitlines():
            say.out("  " + say.plain(line))
    return DONE


def _write_workflow(text: str, target: Path) -> None:
    read_json(text)  # what no reader would take is not worth a file
    target.write_text(json.dumps(_data(text), indent=2, ensure_ascii=False) + "\n", "utf-8")
    say.out(f"wrote {target}")


def _data(text: str) -> object:
    try:
        data = json.loads(text)
        json.dumps(data, indent=2)
    except (ValueError, RecursionError):
        return text
    return data
