"""The shortest way to an image: load a workflow file and run it once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from weft.engine.engine import Result
from weft.engine.events import Listener
from weft.engine.workflows.workflow import Workflow

from .standard.engine import StandardEngine as Engine
from .standard.registry import standard_registry


def load(path: str | Path) -> Workflow:
    """Read a workflow file, in weft's format or in ComfyUI's API format.

    Raises:
        DocumentError: It cannot be read as a workflow; the text says where.
    """
    return Workflow.load(path, standard_registry())


def run(
    workflow: Workflow | str | Path,
    *,
    output: str | Path = "out",
    outputs: Iterable[str] | None = None,
    on_event: Listener | None = None,
    **inputs: Any,
) -> Result:
    """Run a workflow once and wait for it.

    Args:
        workflow: A workflow, or the path of its file.
        output: Folder for finished files.
        outputs: Wanted `node.output`s or public names; None for all outputs of the workflow.
        on_event: Called with each event.
        inputs: Public inputs by their interface names.

    Raises:
        ValidationError: The workflow cannot run; nothing was done.
        RunError: Nodes failed.
    """
    loaded, folders = _opened(workflow)
    with Engine(output=output, inputs=folders) as engine:
        return engine.run(loaded.with_inputs(**inputs), outputs=outputs, on_event=on_event)


async def arun(
    workflow: Workflow | str | Path,
    *,
    output: str | Path = "out",
    outputs: Iterable[str] | None = None,
    on_event: Listener | None = None,
    **inputs: Any,
) -> Result:
    """`run` for async callers."""
    loaded, folders = _opened(workflow)
    with Engine(output=output, inputs=folders) as engine:
        return await engine.arun(loaded.with_inputs(**inputs), outputs=outputs, on_event=on_event)


def _opened(workflow: Workflow | str | Path) -> tuple[Workflow, list[Path]]:
    """The workflow, and the folder of its file, where input images are searched for first."""
    loaded = workflow if isinstance(workflow, Workflow) else load(workflow)
    return loaded, [loaded.path.parent] if loaded.path is not None else []
