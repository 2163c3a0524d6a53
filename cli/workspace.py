"""Folders from options."""

from __future__ import annotations

import argparse
from pathlib import Path

from weft.engine.files.workspace import Workspace
from weft.nodes.standard.folders import standard_workspace


def workspace_of(options: argparse.Namespace, file: Path | None = None) -> Workspace:
    """The folders that the options name, with the usual ones behind them.

    Args:
        options: With `models`, `input`, `extra_model_paths_config` and perhaps `out`.
        file: The workflow file; pictures are looked for beside it too.

    Raises:
        FileError: A named file is missing or has another format.
    """
    beside = [file.resolve().parent] if file is not None else []
    return standard_workspace(
        models=options.models,
        inputs=[*options.input, *beside],
        output=getattr(options, "out", "out"),
        extra_model_paths=options.extra_model_paths_config,
        reads_output=True,
    )
