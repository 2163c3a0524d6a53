"""When memory ends: idle models go, the node is tried again, holders are named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import weft.diffusion as wd
from weft.diffusion.types import Model
from weft.engine.declaration.node import node
from weft.engine.errors import RunError
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine
from weft.nodes.standard.memory import standard_watch

from ... import models
from ..flows import link

failures = 0


@node("Greedy", category="test", lane="gpu", pure=False)
def greedy(model: Model) -> int:
    """Run out of memory as often as the test wants.

    Args:
        model: Any model.

    Returns:
        1, when there was room.
    """
    global failures  # noqa: PLW0603 - a node has no other memory
    if failures:
        failures -= 1
        raise MemoryError("no room")
    return 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "checkpoints").mkdir()
    for number, name in enumerate(("tiny", "idle")):
        models.tiny_sd1(tmp_path / "checkpoints" / f"{name}.safetensors", seed=70 * number)
    return tmp_path


@pytest.fixture
def engine(folder: Path) -> Iterator[StandardEngine]:
    with StandardEngine(nodes=[greedy], models=[folder], packs=False, disk_cache=False) as engine:
        yield engine


def flow(engine: StandardEngine) -> Workflow:
    nodes: dict[str, Any] = {
        "load": {"type": "LoadCheckpoint", "inputs": {"ckpt_name": "tiny.safetensors"}},
        "greedy": {"type": "Greedy", "inputs": {"model": link("load.model")}},
    }
    return Workflow.from_json({"weft": 1, "nodes": nodes}, engine.registry)


def output(engine: StandardEngine) -> str:
    return f"greedy.{engine.registry['Greedy'].outputs[0].name}"


def test_idle_model_goes_and_the_node_is_tried_again(engine: StandardEngine, folder: Path) -> None:
    global failures  # noqa: PLW0603
    idle, _, _ = wd.load_checkpoint(folder / "checkpoints" / "idle.safetensors")
    assert idle.weights.module is not None
    assert idle.weights.loaded
    failures = 1
    wanted = output(engine)
    assert engine.run(flow(engine), outputs=[wanted])[wanted] == 1
    assert not idle.weights.loaded


def test_node_that_finds_no_room_at_all_names_who_holds_what(
    engine: StandardEngine, folder: Path
) -> None:
    global failures  # noqa: PLW0603
    used, _, _ = wd.load_checkpoint(folder / "checkpoints" / "idle.safetensors")
    lease = used.weights.module
    failures = 9
    with pytest.raises(RunError) as caught:
        engine.run(flow(engine), outputs=[output(engine)])
    failures = 0
    (problem,) = caught.value.problems
    assert problem.code == "run.out_of_memory"
    assert "idle.safetensors (unet)" in str(problem.got)
    del lease


def test_watch_of_a_call_bears_a_manager_that_another_lane_imports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "weft.diffusion.weights.residency", ModuleType("half there"))
    standard_watch()()
