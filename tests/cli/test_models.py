"""`weft models inspect` and `weft models convert`, as a user calls them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from weft.cli.main import main

from .. import models


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return models.tiny_sd1(tmp_path / "tiny.safetensors", half=True)


def test_inspect_says_family_precision_and_hashes(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "inspect", str(tiny), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    data = tiny.read_bytes()
    body = data[8 + int.from_bytes(data[:8], "little") :]
    sha = hashlib.sha256(data).hexdigest()
    assert (facts["kind"], facts["family"], facts["precision"]) == ("checkpoint", "sd1", "F16")
    assert (facts["sha256"], facts["autov2"]) == (sha, sha[:10])
    assert facts["autov3"] == hashlib.sha256(body).hexdigest()[:12]
    assert facts["metadata"]["tokenizer"] == models.word_tokenizer()


def test_inspect_prints_families_in_words_and_nothing_that_moves_the_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from safetensors.torch import load_file, save_file

    whole = load_file(models.tiny_sd1(tmp_path / "whole.safetensors", seed=9500))
    front = "first_stage_model."
    part = {name: tensor for name, tensor in whole.items() if name.startswith(front)}
    save_file(part, tmp_path / "vae.safetensors", metadata={"title": "a\x1b[2Jb"})
    assert main(["models", "inspect", str(tmp_path / "vae.safetensors")]) == 0
    said = capsys.readouterr().out
    assert "kl4 (SD1.x, SD2.x or SDXL)" in said
    assert "title: a [2Jb" in said
    assert "\x1b" not in said


def test_inspect_of_a_lora_says_layers_algorithms_and_ranks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["models", "inspect", "loras/thimble-outline.safetensors"]) == 0
    text = capsys.readouterr().out
    assert "kind        lora" in text
    assert "ranks       4" in text
    assert "ss_network_module: networks.lora" in text


def test_convert_there_and_back(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, back = tmp_path / "folder", tmp_path / "back.safetensors"
    assert main(["models", "convert", str(tiny), str(folder)]) == 0
    assert main(["models", "convert", str(folder), str(back), "--json"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "checkpoint, sd1" in said[0]
    assert json.loads("\n".join(said[1:]))["family"] == "sd1"
    ours, theirs = load_file(back), load_file(tiny)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items())


def test_convert_onto_something_fails_with_a_reason(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "convert", str(tiny), str(tiny)]) == 1
    assert "[convert.exists]" in capsys.readouterr().err


def test_index_is_built_at_once_and_files_are_found_by_hash(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "models" / "checkpoints" / "tiny.safetensors"
    place.parent.mkdir(parents=True)
    tiny.rename(place)
    folders = ["--models", str(tmp_path / "models")]
    sha = hashlib.sha256(place.read_bytes()).hexdigest()
    assert main(["models", "find", sha[:10]]) == 1
    assert main(["models", "index", *folders]) == 0
    assert "headers read" in capsys.readouterr().out
    assert main(["models", "index", *folders]) == 0
    assert "0 headers read, 0 files hashed" in capsys.readouterr().out
    assert main(["models", "find", sha[:10].upper(), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["path"], found["sha256"], found["family"]) == (str(place), sha, "sd1")
    assert main(["models", "find", "not a hash"]) == 2
    capsys.readouterr()
    assert main(["models", "list", "checkpoints", "--long", *folders]) == 0
    assert f"sd1  F16  {sha[:10]}" in capsys.readouterr().out
