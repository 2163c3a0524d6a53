"""Run the combinations of a sweep, one after another, on one engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from weft.diffusion.errors import DiffusionError
from weft.diffusion.pictures.contact_sheet import shrink
from weft.engine.engine import Engine
from weft.engine.errors import Problem, SeveralProblems
from weft.engine.graph.expand import expand
from weft.engine.workflows.sweep import Sweep

from .sweep_report import SweepReport

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage


def run_cells(
    engine: Engine, sweep: Sweep, report: SweepReport, *, target: str, side: int, save: bool
) -> Iterator[PILImage | str]:
    """The image of each combination, or the error code of one that failed.

    A failure is one combination's: the others go on.

    Args:
        engine: Remembers what the combinations share.
        sweep: What to run.
        report: Is told of each.
        target: `node.output` of the pictures.
        side: Longest side of what is given, in pixels.
        save: Whether nodes that write do so.

    Raises:
        Cancelled: The sweep was cancelled.
    """
    outputs = [target, *(_writers(engine, sweep) if save else ())]
    for number, cell in enumerate(sweep):
        report.cell(number, cell)
        try:
            result = engine.run(cell.workflow, outputs=outputs, on_event=report.receive)
            picture = shrink(result[target], side)
        except SeveralProblems as error:  # nodes failed, or a file vanished after the first look
            report.failed(number, cell, error.problems[0])
            yield error.problems[0].code
        except DiffusionError as error:  # what the output gives is no picture
            report.failed(number, cell, Problem(error.code, str(error)))
            yield error.code
        else:
            report.done(number, cell, result)
            yield picture


def _writers(engine: Engine, sweep: Sweep) -> list[str]:
    """An output of each node that writes; previews have none, and are not wanted here."""
    found = []
    for node_id, node in expand(sweep.workflow.document).document.nodes.items():
        spec = engine.registry.find(node.type)
        if spec is not None and "writes" in spec.effects and spec.outputs:
            found.append(f"{node_id}.{spec.outputs[0].name}")
    return found
