"""`weft sweep`: what runs, what is drawn and written, exit codes, what is printed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PILImage

from tests.nodes import flows
from weft.cli import sweep as sweep_command
from weft.cli.main import main
from weft.cli.sweep_report import TextReport
from weft.diffusion.pictures.sheet_layout import Grid, SheetLayout
from weft.diffusion.types import Image
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.errors import Cancelled, NodeError
from weft.engine.events import NodeCached, NodeStarted, RunStarted
from weft.engine.graph.expand import expand
from weft.engine.workflows.outputs import find_output
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.registry import standard_registry

Captured = pytest.CaptureFixture[str]


class Colours:
    """Nodes that make plain pictures without a model, and count their calls."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

        @node("Grey", category="toy")
        def grey(*, level: int = 0, size: int = 64) -> Image:
            """Make a grey picture.

            Args:
                level: 0 to 255; 13 fails.
                size: Side in pixels.
            """
            import torch

            self.calls["Grey"] += 1
            if level == 13:
                raise NodeError("Unlucky.", code="toy.unlucky")
            if level == 99:
                raise Cancelled("The run was cancelled.")
            return torch.full((1, size, size, 3), level / 255)

        @node("Tint", category="toy")
        def tint(image: Image, *, red: float = 0.0, name: str = "") -> Image:
            """Add red.

            Args:
                image: A picture.
                red: How much.
                name: Changes nothing.
            """
            self.calls["Tint"] += 1
            image = image.clone()
            image[..., 0] = red
            return image

        @node("KeepImage", category="toy", effects=["writes"])
        def keep(run: Run, image: Image) -> Image:
            """Write a file.

            Args:
                image: A picture.
            """
            self.calls["KeepImage"] += 1
            run.artifact(run.workspace.write("kept", ".txt", lambda f: f.write(b"x")), "text/plain")
            return image

        self.registry = Registry([grey, tint, keep])


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> Colours:
    """The command line with these nodes only."""
    made = Colours()
    monkeypatch.setattr(sweep_command, "load_registry", lambda: made.registry)
    return made


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A workflow of these nodes."""
    data = {
        "nodes": {
            "grey": {"type": "Grey", "inputs": {"level": 10}},
            "tint": {"type": "Tint", "inputs": {"image": flows.link("grey.image")}},
            "keep": {"type": "KeepImage", "inputs": {"image": flows.link("tint.image")}},
        },
        "interface": {
            "inputs": {"level": "grey.level", "text_name": "tint.name"},
            "outputs": {"picture": "keep.image"},
        },
    }
    path = tmp_path / "w.json"
    path.write_text(json.dumps(data))
    return str(path)


def swept(file: str, tmp_path: Path, *words: str, grid: bool = True) -> int:
    """Run the command; its exit code."""
    sheet = ["--grid", str(tmp_path / "sheet.png")] if grid else []
    return main(["sweep", file, *sheet, "--out", str(tmp_path / "out"), *words])


def opened(tmp_path: Path) -> PILImage.Image:
    with PILImage.open(tmp_path / "sheet.png") as sheet:
        sheet.load()
        return sheet


def centre(sheet: PILImage.Image, grid: Grid, row: int, column: int) -> Any:
    """Colour in the middle of a cell of 64 x 64 pixels."""
    x, y = SheetLayout.of(grid, 64, 64).place(row, column)
    return sheet.getpixel((x + 32, y + 32))


def test_sweep_draws_each_combination_at_its_place_and_runs_what_differs(
    colours: Colours, file: str, tmp_path: Path, capsys: Captured
) -> None:
    words = ["--set", "tint.red=0,0.5,1", "--level", "20..80..20"]
    assert swept(file, tmp_path, *words) == 0
    assert colours.calls == {"Grey": 4, "Tint": 12}
    sheet = opened(tmp_path)
    grid = Grid(("level 20", "level 40", "level 60", "level 80"), (("red 0", "red 0.5", "red 1"),))
    assert sheet.size == SheetLayout.of(grid, 64, 64).size
    for row, red in enumerate((0, 128, 255)):
        for column, level in enumerate((20, 40, 60, 80)):
            assert centre(sheet, grid, row, column) == (red, level, level)
    assert not (tmp_path / "out").exists()
    out, err = capsys.readouterr()
    assert out.splitlines() == [f"sheet  {tmp_path / 'sheet.png'}"]
    assert "[12/12] tint.red=1, grey.level=80" in err
    assert "12 combinations: 16 nodes" in err


def test_sweep_sheet_carries_workflow_and_axes(colours: Colours, file: str, tmp_path: Path) -> None:
    assert swept(file, tmp_path, "--level=1,2", "--text-name", '"a, b"', "--set=tint.red=1") == 0
    texts = opened(tmp_path).text  # type: ignore[attr-defined]
    assert json.loads(texts["weft_axes"]) == [{"target": "grey.level", "values": [1, 2]}]
    nodes = json.loads(texts["weft"])["nodes"]
    assert nodes["tint"]["inputs"] == {"image": {"link": "grey.image"}, "name": "a, b", "red": 1}


def test_sweep_without_axes_draws_one_picture(colours: Colours, file: str, tmp_path: Path) -> None:
    assert swept(file, tmp_path) == 0
    assert colours.calls == {"Grey": 1, "Tint": 1}
    assert centre(opened(tmp_path), Grid(), 0, 0) == (0, 10, 10)


def test_sweep_writes_single_pictures_only_when_asked(
    colours: Colours, file: str, tmp_path: Path, capsys: Captured
) -> None:
    assert swept(file, tmp_path, "--level=1,2", "--save", grid=False) == 0
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == ["kept_00001.txt", "kept_00002.txt"]
    assert [line[:5] for line in capsys.readouterr().out.splitlines()] == ["saved", "saved"]
    assert not (tmp_path / "sheet.png").exists()


def test_sweep_output_can_be_chosen(colours: Colours, file: str, tmp_path: Path) -> None:
    assert swept(file, tmp_path, "--output", "grey.image", "--set", "tint.red=0,1") == 0
    assert colours.calls == {"Grey": 1}


def test_sweep_with_a_failing_combination_crosses_it_and_goes_on(
    colours: Colours, file: str, tmp_path: Path, capsys: Captured
) -> None:
    assert swept(file, tmp_path, "--level", "12..14") == 1
    grid = Grid(("level 12", "level 13", "level 14"))
    sheet = opened(tmp_path)
    assert centre(sheet, grid, 0, 0) == (0, 12, 12)
    assert centre(sheet, grid, 0, 2) == (0, 14, 14)
    x, y = SheetLayout.of(grid, 64, 64).place(0, 1)
    assert len(sheet.crop((x, y, x + 64, y + 64)).getcolors(5000) or ()) > 2
    err = capsys.readouterr().err
    assert "[toy.unlucky]" in err
    assert "1 of them failed" in err


def test_sweep_where_all_fail_still_draws(colours: Colours, file: str, tmp_path: Path) -> None:
    assert swept(file, tmp_path, "--level", "13", "--set", "tint.red=0,1") == 1
    assert opened(tmp_path).width > 128


def test_sweep_json_prints_events_only(
    colours: Colours, file: str, tmp_path: Path, capsys: Captured
) -> None:
    assert swept(file, tmp_path, "--level=12,13", "--json") == 1
    out, err = capsys.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    assert err == ""
    assert events[0] == {
        "event": "SweepStarted",
        "axes": [{"target": "grey.level", "values": [12, 13]}],
        "cells": 2,
        "output": "tint.image",
    }
    cells = [e for e in events if e["event"] == "CellFinished"]
    assert [(e["cell"], e["status"]) for e in cells] == [(0, "done"), (1, "failed")]
    assert cells[1]["problem"]["code"] == "toy.unlucky"
    assert [e["event"] for e in events].count("RunFinished") == 2
    assert events[-1] == {
        "event": "SweepFinished",
        "sheet": str(tmp_path / "sheet.png"),
        "failed": 1,
    }


def test_sweep_cancelled_exits_130_and_draws_nothing(
    colours: Colours, file: str, tmp_path: Path, capsys: Captured
) -> None:
    assert swept(file, tmp_path, "--level=12,99,14") == 130
    assert colours.calls["Grey"] == 2
    assert not (tmp_path / "sheet.png").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--level"], "cli.bad_word"),
        (["--set", "grey.level"], "cli.bad_word"),
        (["--nonsense", "1,2"], "cli.bad_word"),
        (["stray"], "cli.bad_word"),
        (["--level", "1..x"], "sweep.bad_range"),
        (["--level", "1,2", "--set", "grey.level=3"], "sweep.duplicate_axis"),
        (["--level", "1..100", "--set", "grey.size=1..101"], "sweep.too_many"),
        (["--level", "1,two"], "params.type"),
        (["--set", "grey.levle=1,2"], "graph.unknown_input"),
        (["--set", "nobody.level=1,2"], "graph.unknown_node"),
        (["--level", "1..1000"], "sheet.too_large"),
        (["--level", "1,2", "--cell", "9"], "sheet.cell"),
        (["--output", "grey.mask"], "run.unknown_output"),
        (["--grid", "sheet.jpg"], "cli.bad_word"),
        (["--grid", "/nowhere/at/all.png"], "files.write_failed"),
    ],
)
def test_sweep_that_cannot_be_exits_2_and_runs_nothing(
    words: list[str], code: str, colours: Colours, file: str, tmp_path: Path, capsys: Captured
) -> None:
    assert swept(file, tmp_path, *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"[{code}]" in err
    assert colours.calls == {}
    assert swept(file, tmp_path, *words, "--json") == 2 or words[-1].startswith("--")
    assert not (tmp_path / "sheet.png").exists()


def test_sweep_that_would_write_nothing_is_refused(
    colours: Colours, file: str, tmp_path: Path, capsys: Captured
) -> None:
    assert swept(file, tmp_path, "--level=1,2", grid=False) == 2
    assert "--grid" in capsys.readouterr().err


def test_sweep_progress_leaves_no_bar_of_an_earlier_combination() -> None:
    report = TextReport()
    for run in ("1", "2", "3"):
        report.receive(RunStarted(run, ("a", "b"), {}))
        report.receive(NodeStarted(run, "a"))
        report.receive(NodeCached(run, "b"))
        assert len(report.bars.tasks) == 2


def test_sweep_finds_the_pictures_of_every_shipped_workflow() -> None:
    registry = standard_registry(packs=False)
    for path in sorted((Path(__file__).parents[2] / "graphs").glob("*.json")):
        workflow = Workflow.load(path, registry)
        node, _, _ = find_output(workflow, registry, "IMAGE").rpartition(".")
        found = registry[expand(workflow.document).document.nodes[node].type]
        assert "writes" not in found.effects
    comfy = Workflow.from_json(flows.comfy_canny(), registry)
    assert find_output(comfy, registry, "IMAGE") == "8.image"


def test_sweep_on_a_model_loads_it_once_and_samples_each_combination(
    tiny_models: Path, tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "w.json"
    file.write_text(json.dumps(flows.txt2img()))
    words = ["--models", str(tiny_models), "--set", "sample.cfg=3,5,7", "--seed=1..4", "--json"]
    assert swept(str(file), tmp_path, *words) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ran = Counter(e["node"] for e in events if e["event"] == "NodeFinished")
    assert ran == {
        "checkpoint": 1, "positive": 1, "negative": 1, "canvas": 1, "sample": 12, "decode": 12,
    }  # fmt: skip
    assert not (tmp_path / "out").exists()
    assert opened(tmp_path).width > 4 * 64


def test_sweep_interrupted_exits_130_and_draws_nothing(tiny_models: Path, tmp_path: Path) -> None:
    file = tmp_path / "w.json"
    file.write_text(json.dumps(flows.txt2img()))
    # Whoever starts the tests in the background has Ctrl-C ignored, which children inherit.
    listening = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from weft.cli.main import main; sys.exit(main())"
    )
    words = [sys.executable, "-c", listening, "sweep", str(file), "--models", str(tiny_models)]
    words += ["--grid", str(tmp_path / "sheet.png"), "--steps", "10000", "--seed", "1..9", "--json"]
    with subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "NodeProgress":
                process.send_signal(signal.SIGINT)
                break
        rest = [json.loads(line)["event"] for line in process.stdout]
        assert process.wait(60) == 130
        assert "Traceback" not in process.stderr.read()
    assert "RunFinished" in rest
    assert "CellStarted" not in rest
    assert not (tmp_path / "sheet.png").exists()
