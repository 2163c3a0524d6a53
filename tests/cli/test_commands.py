"""The other commands, and how fast the command line answers."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nodes import flows
from weft.cli.main import main

Captured = pytest.CaptureFixture[str]

LIGHT = """
import sys
from weft.cli.main import main
try:
    main({words!r})
except SystemExit:
    pass
heavy = {{"torch", "diffusers", "transformers", "cv2", "numpy", "PIL"}} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["run", "--help"], ["sweep", "--help"], ["nodes"], []]
)
def test_command_line_imports_nothing_heavy(words: list[str]) -> None:
    code = LIGHT.format(words=words)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_weft_imports_nothing_heavy_and_naming_everything_neither() -> None:
    code = (
        "import sys, weft\n"
        "assert 'pydantic' not in sys.modules\n"
        "for name in weft.__all__: getattr(weft, name)\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'cv2'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_validating_a_file_imports_no_torch(tmp_path: Path, tiny_models: Path) -> None:
    file = tmp_path / "w.json"
    file.write_text(json.dumps(flows.txt2img()))
    code = LIGHT.format(words=["validate", str(file), "--models", str(tiny_models)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "no problems" in done.stderr


def test_nodes_lists_every_type_and_describes_one(capsys: Captured) -> None:
    assert main(["nodes"]) == 0
    out = capsys.readouterr().out
    for name in ("LoadCheckpoint", "KSampler", "ApplyControlNet", "IPAdapter", "SaveImage"):
        assert name in out
    assert main(["nodes", "ControlNetApplyAdvanced"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("ApplyControlNet")
    assert "0 to 10" in out


def test_nodes_json_is_the_schema(capsys: Captured) -> None:
    assert main(["nodes", "--json"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert "euler" in schema["KSampler"]["inputs"]["sampler_name"]["choices"]
    assert main(["nodes", "Canny", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["inputs"]["low"]["default"] == 0.4


def test_nodes_of_unknown_type_offers_the_nearest(capsys: Captured) -> None:
    assert main(["nodes", "KSamplr"]) == 2
    assert "KSampler" in capsys.readouterr().err


def test_models_list_and_inspect(tiny_models: Path, capsys: Captured) -> None:
    words = ["--models", str(tiny_models)]
    assert main(["models", "list", *words, "--json"]) == 0
    assert "tiny.safetensors" in json.loads(capsys.readouterr().out)["checkpoints"]
    assert main(["models", "list", "controlnet", *words]) == 0
    assert "  tiny.safetensors" in capsys.readouterr().out.splitlines()
    assert main(["models", "inspect", "checkpoints/tiny.safetensors", *words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["kind"], report["family"], report["precision"]) == ("checkpoint", "sd1", "F32")
    content = (tiny_models / "checkpoints" / "tiny.safetensors").read_bytes()
    assert report["sha256"] == hashlib.sha256(content).hexdigest()


def test_models_inspect_of_what_is_no_model(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"\x80\x04pickle" * 10)
    assert main(["models", "inspect", str(tmp_path / "x.safetensors")]) == 1
    assert "[model." in capsys.readouterr().err
    assert main(["models", "inspect", "checkpoints/gone.safetensors"]) == 2
    assert "[files.not_found]" in capsys.readouterr().err


def manifest(tmp_path: Path, server: str, **changes: object) -> str:
    entry = {
        "kind": "checkpoints",
        "name": "sub/m.safetensors",
        "url": f"{server}/m",
        "sha256": "0" * 64,
        "size": 4,
        **changes,
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"models": [entry]}))
    return str(tmp_path / "manifest.json")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../x"},
        {"kind": "secrets"},
        {"url": "file:///etc/passwd"},
        {"sha256": "x"},
        {"size": "1"},
        {"extra": 1},
    ],
)
def test_models_pull_of_bad_manifest_exits_2(
    changes: dict[str, object], tmp_path: Path, capsys: Captured
) -> None:
    words = ["models", "pull", manifest(tmp_path, "http://127.0.0.1:9", **changes)]
    assert main([*words, "--models", str(tmp_path / "m")]) == 2
    assert "error" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_models_pull_from_nowhere_exits_1(tmp_path: Path, capsys: Captured) -> None:
    words = ["models", "pull", manifest(tmp_path, "http://127.0.0.1:9")]
    assert main([*words, "--models", str(tmp_path / "m")]) == 1


def test_unknown_word_is_a_usage_error(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["validate", "x.json", "--nonsense"])
    assert caught.value.code == 2
