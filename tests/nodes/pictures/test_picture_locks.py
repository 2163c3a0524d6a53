"""Saved pictures hold what they were made with, and nothing when that is not wanted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from weft.cli.main import main
from weft.diffusion.pictures.file import write_image
from weft.diffusion.pictures.texts import read_texts
from weft.engine.files.digest import FileDigests
from weft.engine.share.check import check
from weft.engine.workflows.workflow import Workflow
from weft.nodes.shared_file import open_shared
from weft.nodes.standard.engine import StandardEngine
from weft.nodes.standard.numerics import standard_runtime

GRAPH = Path(__file__).parents[3] / "graphs" / "txt2img.json"


def drawn(folder: Path, kind: str = "png", *, metadata: bool = True) -> Path:
    """A picture of two steps, with a prompt that mentions an embedding."""
    workflow = Workflow.load(GRAPH).set("sample.steps", 2).set("save.file_format", kind)
    workflow = workflow.with_inputs(prompt="embedding:thimble-badge a red circle", seed=3)
    with StandardEngine(output=folder, disk_cache=False, packs=False, metadata=metadata) as engine:
        (artifact,) = engine.run(workflow).artifacts
    return Path(artifact.path)


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_picture_of_each_format_holds_its_lock_and_is_checked_by_it(
    kind: str, tmp_path: Path
) -> None:
    path = drawn(tmp_path / "out", kind)
    with StandardEngine(output=tmp_path, disk_cache=False, packs=False) as engine:
        shared = open_shared(path, engine.registry)
        assert shared.lock is not None
        assert shared.lock.seeds == {"sample.seed": 3}
        found = {(m.folder, m.name, m.holds) for m in shared.lock.models}
        assert found == {
            ("checkpoints", "thimble.safetensors", "checkpoint"),
            ("embeddings", "thimble-badge.safetensors", "embedding"),
        }
        report = check(
            shared.workflow.document,
            shared.lock,
            engine.registry,
            engine.workspace,
            standard_runtime(),
            sha256=FileDigests(None, "sha256").digest,
        )
    assert report.same_picture is True
    assert {f.state for f in report.files} == {"here"}


def test_embedding_under_another_name_is_only_near(tmp_path: Path) -> None:
    path = drawn(tmp_path / "out")
    with StandardEngine(output=tmp_path, disk_cache=False, packs=False) as engine:
        shared = open_shared(path, engine.registry)
        assert shared.lock is not None
        wanted = next(m for m in shared.lock.models if m.folder == "embeddings")
        lock = shared.lock.model_copy(
            update={"models": [wanted.model_copy(update={"name": "gone.safetensors"})]}
        )
        text = "embedding:gone a red circle"
        document = shared.workflow.with_inputs(prompt=text).document
        report = check(
            document,
            lock,
            engine.registry,
            engine.workspace,
            standard_runtime(),
            sha256=FileDigests(None, "sha256").digest,
        )
    states = {f.name: (f.state, f.candidates) for f in report.files if f.folder == "embeddings"}
    assert states == {"gone.safetensors": ("missing", ("thimble-badge.safetensors",))}
    assert not report.ready


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_picture_without_metadata_holds_nothing(kind: str, tmp_path: Path) -> None:
    path = drawn(tmp_path / "out", kind, metadata=False)
    assert read_texts(path) == {}
    assert b"red circle" not in path.read_bytes()


def test_command_line_leaves_metadata_out_and_strips_the_lock_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", str(GRAPH), "--set", "sample.steps=1", "--out", str(tmp_path / "out")]
    assert main([*words, "--no-metadata"]) == 0
    assert main(words) == 0
    bare, full = sorted((tmp_path / "out").glob("*.png"))
    capsys.readouterr()
    assert main(["inspect", str(bare), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {}
    assert main(["inspect", str(full), "--json"]) == 0
    texts = json.loads(capsys.readouterr().out)
    assert texts["weft_lock"]["models"][0]["name"] == "thimble.safetensors"
    assert main(["inspect", str(full), "--strip", str(tmp_path / "s.png")]) == 0
    assert read_texts(tmp_path / "s.png") == {}


def test_jpeg_without_room_for_the_lock_keeps_the_workflow(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    with path.open("wb") as file:
        texts = {"weft": "x" * 40_000, "weft_lock": "y" * 40_000}
        write_image(file, torch.zeros(8, 8, 3), texts, "jpeg")
    assert read_texts(path) == {"weft": "x" * 40_000}
