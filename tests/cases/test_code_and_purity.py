"""A node edited at the same version, and one that changes what it was handed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import weft
from tests.cases.places import case
from weft.diffusion.types import Image
from weft.engine.errors import RunError
from weft.engine.workflows.workflow import Workflow


def ran(name: str, home: Path) -> subprocess.CompletedProcess[str]:
    """A case that is a program, run with this Python in a home of its own."""
    environment = os.environ | {
        "WEFT_HOME": str(home),
        "TMPDIR": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable] if name.endswith(".py") else ["bash"]
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [*command, str(case(name))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_node_edited_at_the_same_version_gives_its_new_result(tmp_path: Path) -> None:
    done = ran("behaviour/19_code_changed.sh", tmp_path / "home")
    assert done.stdout.split() == ["10", "200"], done.stderr


def test_node_that_changes_its_input_is_refused_by_name(tmp_path: Path) -> None:
    done = ran("behaviour/18_in_place.py", tmp_path / "home")
    assert "white alone 1.0" in done.stdout
    assert "[node.mutated_input] Node d (DarkenInPlace)" in done.stderr
    assert 'its input "image"' in done.stderr


@weft.node("DarkenInPlace", category="t")
def darken(image: Image) -> Image:
    """Darken an image where it lies.

    Args:
        image: An image.
    """
    return image.mul_(0.5)


@weft.node("DarkenByNumpy", category="t")
def darken_by_numpy(image: Image) -> Image:
    """Darken an image where it lies, unseen by torch.

    Args:
        image: An image.
    """
    image.numpy()[...] *= 0.5
    return image.clone()


@weft.node("DarkenCopy", category="t")
def darken_copy(image: Image) -> Image:
    """Darken a copy.

    Args:
        image: An image.
    """
    return image.clone().mul_(0.5)


@weft.node("MakeWhite", category="t")
def white(n: int = 300) -> Image:
    """Make a white image.

    Args:
        n: Side in pixels.
    """
    return torch.ones(1, n, n, 3)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[weft.Engine]:
    monkeypatch.setenv("WEFT_HOME", str(tmp_path))
    nodes = [darken, darken_by_numpy, darken_copy, white]
    with weft.Engine(nodes=nodes, output=tmp_path / "out", packs=False) as made:
        yield made


def workflow(kind: str | None) -> Workflow:
    nodes: dict[str, Any] = {"a": {"type": "MakeWhite"}, "b": {"type": "ImageInvert"}}
    nodes["b"]["inputs"] = {"image": {"link": "a.image"}}
    outputs = {"white": "a.image", "black": "b.image"}
    if kind is not None:
        nodes["d"] = {"type": kind, "inputs": {"image": {"link": "a.image"}}}
        outputs["dark"] = "d.image"
    return Workflow.from_json({"weft": 1, "nodes": nodes, "interface": {"outputs": outputs}})


@pytest.mark.parametrize("kind", ["DarkenInPlace", "DarkenByNumpy"])
def test_change_in_place_never_reaches_another_reader_or_a_later_run(
    engine: weft.Engine, kind: str
) -> None:
    for _ in range(2):
        with pytest.raises(RunError, match=rf"Node d \({kind}\): it changed its input \"image\""):
            engine.run(workflow(kind))
        result = engine.run(workflow(None))
        assert (result["white"].mean(), result["black"].mean()) == (1.0, 0.0)


def test_node_that_works_on_a_copy_runs_and_is_kept(engine: weft.Engine) -> None:
    result = engine.run(workflow("DarkenCopy"))
    assert (result["white"].mean(), result["dark"].mean()) == (1.0, 0.5)
    assert engine.run(workflow("DarkenCopy")).ran == ()
