"""Options for memory, device and number types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weft.cli.main import BAD_WORKFLOW, DONE, _parser, main
from weft.cli.memory_options import memory_environment

from ..nodes.flows import txt2img


def set_by(*words: str, command: str = "serve") -> dict[str, str]:
    file = [] if command == "serve" else ["x.json"]
    return memory_environment(_parser().parse_args([command, *file, *words]))


@pytest.mark.parametrize("command", ["run", "sweep", "serve"])
def test_without_options_nothing_is_set(command: str) -> None:
    assert set_by(command=command) == {}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--cpu", {"WEFT_DEVICE": "cpu"}),
        ("--cuda-device 1", {"WEFT_DEVICE": "cuda:1"}),
        ("--device mps", {"WEFT_DEVICE": "mps"}),
        ("--vram 3.5GB", {"WEFT_VRAM": "3.5GB"}),
        ("--lowvram", {"WEFT_VRAM": "50%", "WEFT_OFFLOAD": "auto"}),
        ("--novram", {"WEFT_OFFLOAD": "always"}),
        ("--highvram", {"WEFT_VRAM": "100%", "WEFT_OFFLOAD": "never"}),
        ("--gpu-only", {"WEFT_VRAM": "100%", "WEFT_OFFLOAD": "never"}),
        ("--reserve-vram 1.5", {"WEFT_RESERVE_VRAM": "1.5GiB"}),
        ("--workspace 300MB", {"WEFT_WORKSPACE": "300MB"}),
        ("--ram 60%", {"WEFT_RAM": "60%"}),
        ("--force-fp32", {"WEFT_DTYPE": "fp32"}),
        ("--fp8_e4m3fn-unet", {"WEFT_DTYPE": "unet=fp8_e4m3fn"}),
        ("--bf16-unet --fp32-vae", {"WEFT_DTYPE": "unet=bf16,vae=fp32"}),
        ("--force-fp16 --fp32-text-enc", {"WEFT_DTYPE": "fp16,text=fp32"}),
        ("--precision unet=bf16", {"WEFT_DTYPE": "unet=bf16"}),
        ("--attention math", {"WEFT_ATTENTION": "math"}),
        ("--use-pytorch-cross-attention", {"WEFT_ATTENTION": "auto"}),
        ("--compile", {"WEFT_COMPILE": "1"}),
        ("--compile-mode max-autotune", {"WEFT_COMPILE": "max-autotune"}),
    ],
)
def test_option_sets_its_variables(words: str, expected: dict[str, str]) -> None:
    for command in ("run", "serve"):
        assert set_by(*words.split(), command=command) == expected


@pytest.mark.parametrize(
    "words",
    ["--lowvram --novram", "--reserve-vram -1", "--cpu --device mps"],
)
def test_options_that_contradict_are_refused(words: str) -> None:
    with pytest.raises(SystemExit):
        set_by(*words.split())


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--vram much", "WEFT_VRAM"),
        ("--precision vae=fp8_e4m3fn", "WEFT_DTYPE"),
        ("--compile-mode fast", "WEFT_COMPILE"),
    ],
)
def test_value_that_cannot_be_read_ends_the_command(
    words: str, named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("WEFT_VRAM", "WEFT_DTYPE", "WEFT_COMPILE"):
        monkeypatch.setenv(name, "")
    assert main(["run", "x.json", *words.split()]) == BAD_WORKFLOW
    assert named in capsys.readouterr().err


def test_run_says_who_holds_what(
    tiny_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WEFT_CACHE", "off")
    monkeypatch.setenv("WEFT_RAM", "")
    file = tmp_path / "x.json"
    file.write_text(json.dumps(txt2img()))
    words = ["--models", str(tiny_models), "--out", str(tmp_path / "out"), "--ram", "3GB"]
    assert main(["run", str(file), *words, "--memory"]) == DONE
    said = capsys.readouterr().err
    assert "cpu: " in said and "of weights, budget 2.79 GiB" in said
    assert "unet of tiny.safetensors (loaded on cpu" in said
    assert main(["run", str(file), *words, "--memory", "--json"]) == DONE
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["event"] == "Memory"
    assert {held["kind"] for held in last["holdings"]} >= {"unet", "vae", "text_encoder"}
