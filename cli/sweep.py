"""`weft sweep`: every combination of some values of a workflow, on one contact sheet."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from weft.diffusion.errors import DiffusionError
from weft.diffusion.pictures.contact_sheet import Grid, choose_cell, draw_sheet, png_bytes
from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.errors import Cancelled, Problem, ValidationError, WeftError, refused
from weft.engine.graph.document import dump
from weft.engine.graph.parameters import parameter_of
from weft.engine.workflows.outputs import find_output
from weft.engine.workflows.sweep import Axis, Sweep, make_sweep, parse_values
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine

from .main import BAD_WORKFLOW, DONE, FAILED, INTERRUPTED
from .packs import load_registry
from .sweep_file import sheet_path, write_sheet
from .sweep_report import JsonReport, SweepReport, TextReport
from .sweep_run import run_cells
from .words import bad_word, pairs, public_target
from .workspace import workspace_of


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    report: SweepReport = JsonReport() if options.json else TextReport()
    try:
        registry = load_registry()
        sheet = sheet_path(options.grid, save=options.save)
        workflow = Workflow.load(options.file, registry)
        sweep = make_sweep(workflow, read_axes(workflow, registry, options.rest), registry)
        workspace = workspace_of(options, Path(options.file))
        with StandardEngine(registry=registry, workspace=workspace) as engine:
            return draw_sweep(
                engine,
                sweep,
                report,
                sheet=sheet,
                output=options.output,
                cell=options.cell,
                save=options.save,
            )
    except Cancelled as error:
        report.error(error)
        return INTERRUPTED
    except WeftError as error:
        report.error(error)
        return BAD_WORKFLOW
    except DiffusionError as error:
        report.error(
            WeftError(
                error.message,
                code=error.code,
                expected=error.expected,
                got=error.got,
                hint=error.hint,
            )
        )
        return BAD_WORKFLOW


def read_axes(workflow: Workflow, registry: Registry, words: Sequence[str]) -> list[Axis]:
    """The axes that the command line names, in its order.

    Args:
        workflow: As in the file.
        registry: Knows what each input takes.
        words: `--set NODE.PARAM=VALUES` and `--PUBLIC-INPUT VALUES`.

    Raises:
        ValidationError: Words that do not fit; all are listed.
    """
    problems: list[Problem] = []
    axes = []
    for name, text in pairs(words, problems):
        label, listed = "", text
        target: str | None
        if name == "set":
            target, equals, listed = text.partition("=")
            if not equals:
                problems.append(bad_word(f'--set "{text}" has no "=".', "NODE.PARAM=VALUES", text))
                continue
        else:
            label = name
            target = public_target(workflow, name, problems)
        if target is None:
            continue
        try:
            values = parse_values(listed, parameter_of(workflow.document, registry, target))
        except ValidationError as error:
            problems.extend(error.problems)
        else:
            axes.append(Axis(target, values, label))
    if problems:
        raise ValidationError("Some options do not fit the workflow:", problems)
    return axes


def draw_sweep(
    engine: Engine,
    sweep: Sweep,
    report: SweepReport,
    *,
    sheet: Path | None,
    output: str | None = None,
    cell: int | None = None,
    save: bool = False,
) -> int:
    """Run a sweep on one engine and draw its sheet; the exit code.

    Args:
        engine: Runs all combinations, so that what they share is computed once.
        sweep: What to run.
        report: Is told how it goes.
        sheet: Where the sheet goes; None draws none.
        output: Public name or `node.output` of the pictures; None for the first there is.
        cell: Longest side of a picture on the sheet in pixels; None for what fits.
        save: Whether nodes that write do so.

    Raises:
        WeftError: The sweep cannot run; nothing was done. Or the sheet cannot be written.
        DiffusionError: The sheet would be too large; nothing was done.
        Cancelled: It was cancelled; no sheet is written.
    """
    target = find_output(sweep.workflow, engine.registry, "IMAGE", output)
    *down, across = sweep.labels() or ((),)
    grid = Grid(across, tuple(down))
    side = choose_cell(grid, cell)
    problems = sweep.problems(engine.registry, engine.workspace, [target])
    if problems:
        raise refused("sweep", problems)
    with report:
        report.started(sweep, target)
        cells = list(run_cells(engine, sweep, report, target=target, side=side, save=save))
    failed = sum(isinstance(each, str) for each in cells)
    if sheet is not None:
        picture = draw_sheet(grid, cells, blank=min(side, 256))
        write_sheet(sheet, png_bytes(picture, _texts(sweep)))
    report.finished(sheet, failed)
    return FAILED if failed else DONE


def _texts(sweep: Sweep) -> dict[str, str]:
    """What the sheet says of its own making: the workflow without, and with, what varies."""
    axes = [{"target": a.target, "values": list(a.values)} for a in sweep.axes]
    return {
        "weft": json.dumps(dump(sweep.workflow.document), ensure_ascii=False),
        "weft_axes": json.dumps(axes, ensure_ascii=False),
    }
