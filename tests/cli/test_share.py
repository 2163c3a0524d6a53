"""Pack in one home, check and run in another: the same picture, and nothing unasked."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from weft.cli.main import main
from weft.engine.share.bundle import read_bundle

GRAPH = Path(__file__).parents[2] / "graphs" / "canny-controlnet.json"
THIMBLE = Path(__file__).parents[2] / "diffusion" / "thimble"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle, made in a home of its own."""
    folder = tmp_path_factory.mktemp("pack")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEFT_HOME", str(folder / "home"))
        target = folder / "edges.weft.png"
        assert main(["share", "pack", str(GRAPH), "-o", str(target), "--author", "a\x1b[31m"]) == 0
    return target


@pytest.fixture(autouse=True)
def _other_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "home"))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_bundle_runs_elsewhere_and_gives_the_same_picture(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["share", "run", str(packed), "--out", str(out), "--accept", "reads,writes"]
    assert main([*words, "--verify"]) == 0
    text = said(capsys)
    assert "verified: the image is the same" in text
    assert "\x1b" not in text  # the author's name moves no cursor
    kept = tmp_path / "home" / "cache"  # results of a held run are kept, in a new home too
    assert any(path.is_file() for path in kept.rglob("*"))
    (made,) = out.glob("*.png")
    bundle = read_bundle(packed)
    assert bundle.picture is not None
    one, other = (np.asarray(Image.open(f)) for f in (made, io.BytesIO(bundle.picture)))
    assert (one == other).all()


def test_bundle_does_not_run_before_its_effects_are_accepted(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["share", "run", str(packed), "--out", str(out)]) == 2
    assert main(["share", "run", str(packed), "--out", str(out), "--accept", "reads"]) == 2
    assert "not permitted: writes" in said(capsys)
    assert not out.exists()
    assert main(["share", "run", str(packed), "--accept", "everything"]) == 2


def test_changed_picture_is_found_by_verify(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = read_bundle(packed)
    assert bundle.picture is not None
    pixels = np.array(Image.open(io.BytesIO(bundle.picture)).convert("RGB"))
    pixels[3, 4, 1] ^= 64
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    other = tmp_path / "other.weft.zip"
    changed = type(bundle)(bundle.workflow, bundle.lock, bundle.inputs, buffer.getvalue())
    other.write_bytes(changed.to_zip())
    words = ["share", "run", str(other), "--out", str(tmp_path / "o"), "--accept", "reads,writes"]
    assert main([*words, "--verify"]) == 1
    assert "at most 64 of 255" in said(capsys)


def test_check_names_what_is_missing(
    packed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = tmp_path / "models"
    shutil.copytree(THIMBLE, models)
    (models / "controlnet" / "thimble-canny.safetensors").unlink()
    checkpoint = models / "checkpoints" / "thimble.safetensors"
    checkpoint.rename(checkpoint.with_name("renamed.safetensors"))
    monkeypatch.setattr("weft.nodes.standard.folders.THIMBLE", models)
    assert main(["share", "check", str(packed), "--json"]) == 2
    report = json.loads(said(capsys))
    assert report["ready"] is False
    files = {f["name"]: (f["state"], f["found"]) for f in report["files"]}
    assert files == {
        "thimble.safetensors": ("other name", "renamed.safetensors"),
        "thimble-canny.safetensors": ("missing", None),
        "chelsea.png": ("bundled", "chelsea.png"),
    }
    assert report["effects"] == ["reads", "writes"]
    assert main(["share", "run", str(packed), "--accept", "reads,writes"]) == 2
    assert "MISSING" in said(capsys)


def test_packing_twice_gives_the_same_bytes(packed: Path, tmp_path: Path) -> None:
    words = ["share", "pack", str(packed), "--author", "a\x1b[31m", "-o"]
    assert main([*words, str(tmp_path / "again.weft.png")]) == 0
    assert (tmp_path / "again.weft.png").read_bytes() == packed.read_bytes()


def test_workflow_file_is_checked_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["share", "check", str(GRAPH)]) == 0
    assert "effects  reads, writes" in said(capsys)


def test_inspect_prints_writes_and_strips_what_a_picture_holds(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(packed), "--json"]) == 0
    texts = json.loads(said(capsys))
    assert texts["weft"]["nodes"]["edges"]["type"] == "Canny"
    assert texts["weft_seeds"] == {"sample.seed": 7}
    workflow, bare = tmp_path / "w.json", tmp_path / "bare.png"
    assert main(["inspect", str(packed), "--workflow", str(workflow)]) == 0
    assert json.loads(workflow.read_text()) == texts["weft"]
    assert main(["inspect", str(packed), "--strip", str(bare)]) == 0
    said(capsys)
    assert main(["inspect", str(bare), "--json"]) == 0
    assert json.loads(said(capsys)) == {}
    assert b"weft" not in bare.read_bytes()
    one, other = (np.asarray(Image.open(f).convert("RGB")) for f in (packed, bare))
    assert (one == other).all()


@pytest.mark.parametrize("kind", ["webp", "webp-lossless", "jpeg"])
def test_inspect_reads_and_strips_other_formats(
    kind: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    from weft.diffusion.pictures.file import write_image

    suffix = ".jpg" if kind == "jpeg" else ".webp"
    path, bare = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    picture = torch.rand(16, 24, 3, generator=torch.Generator().manual_seed(0))
    with path.open("wb") as file:
        write_image(file, picture, {"weft": '{"weft": 1}'}, kind)
    assert main(["inspect", str(path), "--json"]) == 0
    assert json.loads(said(capsys)) == {"weft": {"weft": 1}}
    assert main(["inspect", str(path), "--strip", str(bare)]) == 0
    said(capsys)
    assert main(["inspect", str(bare), "--json"]) == 0
    assert json.loads(said(capsys)) == {}
    one, other = (np.asarray(Image.open(f).convert("RGB")) for f in (path, bare))
    assert (one == other).all()


@pytest.mark.parametrize(("name", "content"), [("a.png", b""), ("b.png", b"hello"), ("c.txt", b"")])
def test_inspect_refuses_what_is_no_picture(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert main(["inspect", str(tmp_path / name)]) == 2
    assert main(["inspect", str(tmp_path / "nothing.png")]) == 2


def test_diff_of_a_workflow_and_a_picture_names_each_change(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads(GRAPH.read_text())
    data["nodes"]["edges"]["inputs"]["low"] = 0.25
    data["nodes"]["small"]["inputs"]["image"] = {"link": "decode.image"}
    other = tmp_path / "other.json"
    other.write_text(json.dumps(data))
    assert main(["diff", str(packed), str(other)]) == 1
    assert said(capsys).splitlines() == [
        "~ small.image: photo.image -> decode.image",
        "~ edges.low: 0.3 -> 0.25",
    ]
    assert main(["diff", str(packed), str(GRAPH), "--json"]) == 0
    assert json.loads(said(capsys)) == []
    assert main(["diff", str(packed), str(tmp_path / "none.json")]) == 2
