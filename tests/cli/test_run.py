"""`weft run`: exit codes, values from the command line, what is printed and what is written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import flows
from weft.cli.main import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A text-to-image file on tiny models."""
    return written(tmp_path / "w.json", flows.txt2img())


@pytest.fixture
def folders(tiny_models: Path, tmp_path: Path) -> list[str]:
    """Options for models and output."""
    return ["--models", str(tiny_models), "--out", str(tmp_path / "out")]


def written(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data))
    return path


def pictures(tmp_path: Path) -> list[str]:
    return sorted(p.name for p in (tmp_path / "out").glob("**/*"))


def test_run_writes_a_picture_and_says_seed_and_path(
    file: Path, folders: list[str], tmp_path: Path, capsys: Captured
) -> None:
    assert main(["run", str(file), *folders]) == 0
    out, err = capsys.readouterr()
    path = tmp_path / "out" / "pic_00001.png"
    assert out.splitlines() == ["seed   sample.seed = 5", f"saved  {path}"]
    for node in flows.txt2img()["nodes"]:
        assert node in err
    assert flows.saved(path)[0] == (64, 64)


def test_run_with_values_of_both_kinds(
    file: Path, folders: list[str], tmp_path: Path, capsys: Captured
) -> None:
    words = ["--seed", "77", "--prompt=a = b", "--set", "canvas.width=32", "--set"]
    words += ["save.filename_prefix=007"]
    assert main(["run", str(file), *folders, *words]) == 0
    size, texts = flows.saved(tmp_path / "out" / "007_00001.png")
    assert size == (32, 64)
    nodes = json.loads(texts["weft"])["nodes"]
    assert nodes["sample"]["inputs"]["seed"] == 77
    assert nodes["positive"]["inputs"]["text"] == "a = b"


def test_run_twice_gives_equal_pictures(
    file: Path, folders: list[str], tmp_path: Path, capsys: Captured
) -> None:
    for _ in range(2):
        assert main(["run", str(file), *folders]) == 0
    one, two = ((tmp_path / "out" / f"pic_0000{n}.png").read_bytes() for n in (1, 2))
    assert one == two


def test_run_json_prints_events_only(file: Path, folders: list[str], capsys: Captured) -> None:
    assert main(["run", str(file), *folders, "--json"]) == 0
    out, err = capsys.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    assert err == ""
    assert events[0]["event"] == "RunStarted"
    assert events[0]["seeds"] == {"sample.seed": 5}
    assert events[-1] == {**events[-1], "event": "RunFinished", "status": "done"}
    kinds = [e["event"] for e in events]
    assert kinds.count("NodeFinished") == 7
    assert kinds.count("NodeArtifact") == 1


def test_run_comfyui_api_file(folders: list[str], tmp_path: Path, capsys: Captured) -> None:
    file = written(tmp_path / "api.json", flows.comfy_canny())
    assert main(["run", str(file), *folders]) == 0
    assert pictures(tmp_path) == ["ComfyUI_00001.png"]


def test_run_lists_public_inputs(file: Path, capsys: Captured) -> None:
    assert main(["run", str(file), "--inputs"]) == 0
    out = capsys.readouterr().out
    assert "--prompt" in out
    assert "sample.seed" in out


def broken(**changes: Any) -> Any:
    """A text-to-image document with inputs changed, `node__input=value`."""
    data = flows.txt2img()
    for target, value in changes.items():
        node, _, name = target.partition("__")
        data["nodes"][node]["inputs"][name] = value
    return data


BAD: dict[str, tuple[Any, str, str]] = {
    "unknown type": ({"nodes": {"x": {"type": "Ksampler"}}}, "graph.unknown_type", "KSampler"),
    "wrong edge": (
        broken(decode__samples={"link": "checkpoint.model"}),
        "graph.type_mismatch",
        "LATENT",
    ),
    "no such model": (
        broken(checkpoint__ckpt_name="tinny.safetensors"),
        "files.not_found",
        "tiny.safetensors",
    ),
    "cycle": (broken(sample__latent_image={"link": "sample.latent"}), "graph.cycle", "sample"),
    "steps": (broken(sample__steps=0), "params.out_of_range", "1 to 10000"),
    "sampler": (broken(sample__sampler_name="euler_a"), "params.bad_choice", "euler"),
    "text for number": (broken(sample__cfg="8"), "params.type", "FLOAT"),
    "path": (broken(checkpoint__ckpt_name="../../etc/passwd"), "files.not_found", "checkpoint"),
    "empty": ({}, "graph.no_outputs", "SaveImage"),
    "other shape": ([1, 2], "document.invalid", "document"),
}


@pytest.mark.parametrize("case", BAD)
def test_run_of_bad_workflow_exits_2_and_writes_nothing(
    case: str, folders: list[str], tmp_path: Path, capsys: Captured
) -> None:
    data, code, word = BAD[case]
    file = written(tmp_path / "w.json", data)
    assert main(["run", str(file), *folders]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"[{code}]" in err
    assert word in err
    assert not (tmp_path / "out").exists()
    assert main(["validate", str(file), *folders[:2]]) == 2
    out, err = capsys.readouterr()
    assert f"[{code}]" in out + err


def test_run_of_several_problems_names_them_all(
    folders: list[str], tmp_path: Path, capsys: Captured
) -> None:
    data = broken(sample__steps=0, sample__cfg="8", checkpoint__ckpt_name="x", canvas__width=-1)
    assert main(["run", str(written(tmp_path / "w.json", data)), *folders]) == 2
    err = capsys.readouterr().err
    assert "4 problems" in err
    for where in ("checkpoint", '"steps"', '"cfg"', '"width"'):
        assert where in err


@pytest.mark.parametrize(
    "words",
    [
        ["--nonsense", "1"],
        ["--seed"],
        ["stray"],
        ["--set", "sample.steps"],
        ["--set", "nobody.steps=3"],
        ["--set", "sample.stepz=3"],
        ["--steps", "many"],
        ["--steps", "2.5"],
    ],
)
def test_run_with_words_that_do_not_fit_exits_2(
    words: list[str], file: Path, folders: list[str], tmp_path: Path, capsys: Captured
) -> None:
    assert main(["run", str(file), *folders, *words]) == 2
    assert "error" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"x" * 50, b"\x80\x04\x95" + b"p" * 100, b"PK\x03\x04" + b"z" * 100, None],
    ids=["empty", "text", "pickle", "zip", "truncated"],
)
def test_run_with_damaged_model_exits_1_with_code_node_and_hint(
    content: bytes | None, file: Path, tiny_models: Path, tmp_path: Path, capsys: Captured
) -> None:
    models = tmp_path / "models" / "checkpoints"
    models.mkdir(parents=True)
    if content is None:
        whole = (tiny_models / "checkpoints" / "tiny.safetensors").read_bytes()
        content = whole[: len(whole) // 2]
    (models / "tiny.safetensors").write_bytes(content)
    out = tmp_path / "out"
    words = ["run", str(file), "--models", str(models.parent), "--out", str(out)]
    assert main([*words, "--json"]) == 1
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (problem,) = next(e for e in events if e["event"] == "Error")["problems"]
    assert problem["node"] == "checkpoint"
    assert problem["code"].startswith("model.")
    assert problem["hint"]
    assert main(words) == 1
    assert "[model." in capsys.readouterr().err
    assert not out.exists()


def test_run_interrupted_exits_130_and_writes_nothing(
    file: Path, folders: list[str], tmp_path: Path
) -> None:
    # Whoever starts the tests in the background has Ctrl-C ignored, which children inherit.
    listening = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from weft.cli.main import main; sys.exit(main())"
    )
    words = [sys.executable, "-c", listening, "run", str(file), *folders]
    with subprocess.Popen(
        [*words, "--steps", "10000", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        seen = []
        for line in process.stdout:
            seen.append(json.loads(line))
            if seen[-1]["event"] == "NodeProgress":
                process.send_signal(signal.SIGINT)
                break
        seen += [json.loads(line) for line in process.stdout]
        assert process.wait(60) == 130
        assert "Traceback" not in process.stderr.read()
    finished = next(e for e in seen if e["event"] == "RunFinished")
    assert finished["status"] == "cancelled"
    assert seen.index(finished) < 200
    assert "decode" not in [e.get("node") for e in seen]
    assert not (tmp_path / "out").exists()
