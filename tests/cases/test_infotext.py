"""Pictures of the Stable Diffusion web UI and of model sites: read, and made into workflows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cases.places import case
from weft.cli.main import main
from weft.diffusion.pictures.texts import read_texts
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine

Captured = pytest.CaptureFixture[str]
USER_COMMENT, EXIF = 0x9286, 0x8769
TEXT = (
    "a cat 图\nNegative prompt: dog\nSteps: 5, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64"
)


def test_inspect_reads_the_parameters_of_a_jpeg(capsys: Captured) -> None:
    assert main(["inspect", str(case("behaviour/08_web_ui_picture.jpg"))]) == 0
    out = capsys.readouterr().out
    assert out.startswith("parameters:\n")
    assert "Sampler: DPM++ 2M Karras" in out
    assert '"quoted, text"' in out


def comments() -> dict[str, bytes]:
    return {
        "big": b"UNICODE\0" + TEXT.encode("utf-16-be"),
        "little": b"UNICODE\0" + TEXT.encode("utf-16-le"),
        "mark": b"UNICODE\0" + TEXT.encode("utf-16"),
        "undefined": b"\0" * 8 + TEXT.encode(),
        "ascii": b"ASCII\0\0\0" + TEXT.encode(),
        "bare": TEXT.encode(),
        "padded": b"ASCII\0\0\0" + TEXT.encode() + b"\0\0",
    }


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize("name", comments())
def test_comment_of_every_encoding_is_read(name: str, kind: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(EXIF)[USER_COMMENT] = comments()[name]
    path = tmp_path / f"x.{kind.lower()}"
    Image.new("RGB", (8, 8)).save(path, kind, exif=exif)
    assert read_texts(path) == {"parameters": TEXT}


def test_comment_with_comfyuis_prompt_is_a_workflow(tmp_path: Path) -> None:
    prompt = {"1": {"class_type": "EmptyImage", "inputs": {}}, "extra": {"a": 1}}
    exif = Image.Exif()
    exif.get_ifd(EXIF)[USER_COMMENT] = b"UNICODE\0" + json.dumps(prompt).encode("utf-16-be")
    Image.new("RGB", (8, 8)).save(tmp_path / "x.jpg", exif=exif)
    found = json.loads(read_texts(tmp_path / "x.jpg")["prompt"])
    assert found == {"1": {"class_type": "EmptyImage", "inputs": {}}}


def converted(name: str, tmp_path: Path) -> dict[str, Any]:
    target = tmp_path / "w.json"
    assert main(["convert", str(case(name)), "-o", str(target)]) == 0
    data: dict[str, Any] = json.loads(target.read_text())
    return data


def test_picture_of_the_web_ui_is_a_workflow_that_runs(tmp_path: Path, capsys: Captured) -> None:
    data = converted("files/a1111.png", tmp_path)
    assert "img2img" in capsys.readouterr().err
    nodes = data["nodes"]
    assert nodes["checkpoint"]["inputs"]["ckpt_name"] == "thimble.safetensors"
    sample = nodes["sample"]["inputs"]
    assert (sample["sampler_name"], sample["scheduler"]) == ("euler_ancestral", "karras")
    assert (sample["seed"], sample["steps"], sample["cfg"]) == (17, 4, 6.0)
    assert nodes["positive"]["inputs"]["text"] == "a red circle on white"
    assert nodes["negative"]["inputs"]["text"] == "blurry"
    with StandardEngine(output=tmp_path / "out") as engine:
        result = engine.run(Workflow.from_json(data))
    assert result["image"].shape == (1, 128, 128, 3)


def test_jpeg_of_the_web_ui_is_a_workflow_with_its_lora(tmp_path: Path, capsys: Captured) -> None:
    nodes = converted("behaviour/08_web_ui_picture.jpg", tmp_path)["nodes"]
    assert nodes["lora1"]["inputs"]["lora_name"] == "thimble-outline.safetensors"
    assert nodes["lora1"]["inputs"]["strength_model"] == 0.8
    assert "<lora" not in nodes["positive"]["inputs"]["text"]
    sample = nodes["sample"]["inputs"]
    assert (sample["sampler_name"], sample["scheduler"]) == ("dpmpp_2m", "karras")
    assert nodes["negative"]["inputs"]["text"] == "bad, Steps: not really, blurry\nmore negative"
    assert "Script: X/Y/Z plot was ignored" in capsys.readouterr().err


def test_what_the_workflow_lacks_is_named(tmp_path: Path, capsys: Captured) -> None:
    data = converted("rows/a1111.png", tmp_path)
    assert "ControlNet 0: Module: canny" in capsys.readouterr().err
    assert data["requires"]["models"] == [
        {"kind": "checkpoints", "name": "m.safetensors", "hash": "abcdef"}
    ]
