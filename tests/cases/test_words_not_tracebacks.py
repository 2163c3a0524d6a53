"""Faults that gave a traceback, or blamed somebody else, are told in words."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cases.places import case
from tests.engine import toy
from weft.cli.main import main
from weft.diffusion.errors import DiffusionError, ModelError
from weft.diffusion.types import Image
from weft.engine.declaration.node import node
from weft.engine.errors import RunError
from weft.engine.events import Event, NodeFailed
from weft.engine.testing import EventLog
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine
from weft.nodes.standard.folders import THIMBLE
from weft.nodes.standard.registry import standard_registry

Captured = pytest.CaptureFixture[str]
OUTLINE = THIMBLE / "loras" / "thimble-outline.safetensors"


# -- inspect ------------------------------------------------------------------------------------


def test_inspect_of_deep_metadata_is_one_sentence(capsys: Captured) -> None:
    picture = case("server/deep_text.png")
    assert main(["inspect", str(picture)]) == 0
    out, err = capsys.readouterr()
    assert "nested too deep" in out
    assert len(out) < 500
    assert err == ""


def test_inspect_of_deep_metadata_as_json_gives_the_text(capsys: Captured) -> None:
    assert main(["inspect", str(case("server/deep_text.png")), "--json"]) == 0
    texts = json.loads(capsys.readouterr().out)
    assert all(isinstance(text, str) for text in texts.values())


def test_workflow_of_deep_metadata_is_not_written(tmp_path: Path, capsys: Captured) -> None:
    target = tmp_path / "w.json"
    assert main(["inspect", str(case("server/deep_text.png")), "--workflow", str(target)]) == 2
    assert "document.too_deep" in capsys.readouterr().err
    assert not target.exists()


def test_convert_of_deep_metadata_is_refused_in_words(capsys: Captured) -> None:
    assert main(["convert", str(case("server/deep_text.png"))]) == 2
    assert "document.too_deep" in capsys.readouterr().err


# -- sys.exit -------------------------------------------------------------------------------------


@node("LeaveInThread", category="toy")
def leave_in_thread(a: float) -> float:
    """End the process.

    Args:
        a: A number.
    """
    sys.exit(3)


@node("LeaveInline", category="toy", lane="inline")
def leave_inline(a: float) -> float:
    """End the process.

    Args:
        a: A number.
    """
    sys.exit("no")


@node("LeaveAsync", category="toy")
async def leave_async(a: float) -> float:
    """End the process.

    Args:
        a: A number.
    """
    raise SystemExit


@node("LeaveInFingerprint", category="toy", lane="inline", fingerprint=lambda: sys.exit(1))
def leave_in_fingerprint(a: float) -> float:
    """End the process before it is called.

    Args:
        a: A number.
    """
    return a


LEAVING = [leave_in_thread, leave_inline, leave_async, leave_in_fingerprint]


@pytest.mark.parametrize("leaving", LEAVING, ids=lambda f: f.__name__)
def test_node_that_calls_sys_exit_fails_and_nothing_else(leaving: Any) -> None:
    name = "".join(part.title() for part in leaving.__name__.split("_"))
    workflow = toy.flow(
        n=("Number", {"value": 2}),
        bad=(name, {"a": "@n.value"}),
        good=("Slow", {"a": "@n.value"}),
        see=("Show", {"a": "@bad.value"}),
        also=("Show", {"a": "@good.value"}),
    )
    log = EventLog()
    engine = toy.engine(nodes=[leaving])
    with engine, pytest.raises(RunError) as caught:
        engine.run(workflow, on_event=log)
    (problem,) = caught.value.problems
    assert (problem.code, problem.node) == ("node.exit", "bad")
    assert "sys.exit" in problem.message
    assert {"good", "also"} <= set(log.ran)


# -- wrong outputs --------------------------------------------------------------------------------


class Two(NamedTuple):
    """Two outputs."""

    number: float
    words: list[str]


def returning(kind: Any, value: Any) -> Any:
    def wrong() -> Any:
        """Return something."""
        return value

    wrong.__annotations__["return"] = kind
    return node("Wrong", category="toy", lane="inline")(wrong)


@pytest.mark.parametrize(
    ("kind", "value", "output"),
    [
        (float, "seven", "value"),
        (int, 7.0, "value"),
        (str, None, "value"),
        (list[int], [1, "2"], "value"),
        (Two, Two(1.0, "ab"), "words"),  # type: ignore[arg-type]
        (toy.Pair, (1.0, None), "high"),
        (Image, [[0.0]], "image"),
        (float | None, "x", "value"),
    ],
)
def test_wrong_output_is_the_fault_of_the_node_that_returned_it(
    kind: Any, value: Any, output: str
) -> None:
    workflow = Workflow.from_json({"weft": 1, "nodes": {"w": {"type": "Wrong"}}})
    engine = toy.engine(nodes=[returning(kind, value)])
    with engine, pytest.raises(RunError) as caught:
        engine.run(workflow, outputs=[f"w.{output}"])
    (problem,) = caught.value.problems
    assert (problem.code, problem.node, problem.port) == ("node.wrong_type", "w", output)


@pytest.mark.parametrize(
    ("kind", "value"), [(float, 1), (float | None, None), (list[float], (1, 2.0)), (Any, object())]
)
def test_right_output_is_taken(kind: Any, value: Any) -> None:
    workflow = Workflow.from_json({"weft": 1, "nodes": {"w": {"type": "Wrong"}}})
    with toy.engine(nodes=[returning(kind, value)]) as engine:
        assert engine.run(workflow, outputs=["w.value"])


def test_image_of_the_wrong_shape_is_told_by_the_node_that_made_it() -> None:
    import torch

    engine = toy.engine(nodes=[returning(Image, torch.zeros(8, 8, 3))])
    workflow = Workflow.from_json({"weft": 1, "nodes": {"w": {"type": "Wrong"}}})
    with engine, pytest.raises(RunError, match=r"\(8, 8, 3\)"):
        engine.run(workflow, outputs=["w.image"])


# -- when a node fails ----------------------------------------------------------------------------


def test_message_of_a_failed_node_comes_while_others_still_work() -> None:
    told = threading.Event()

    @node("Patient", category="toy", lane="io")
    def patient(a: float) -> float:
        """Work until the failure of the other one has been told.

        Args:
            a: A number.
        """
        assert told.wait(60)
        return a

    def listen(event: Event) -> None:
        if isinstance(event, NodeFailed):
            assert "numbers" in event.problem.message or event.problem.message
            told.set()

    workflow = toy.flow(
        n=("Number", {"value": 2}),
        bad=("Crash", {"a": "@n.value"}),
        slow=("Patient", {"a": "@n.value"}),
        see=("Show", {"a": "@bad.value"}),
        also=("Show", {"a": "@slow.value"}),
    )
    engine = toy.engine(nodes=[patient])
    with engine, pytest.raises(RunError):
        engine.run(workflow, on_event=listen)
    assert told.is_set()


# -- model files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["LoadLoRA", "LoadLoRAModelOnly"])
def test_lora_of_unknown_tensors_is_refused_with_the_names_seen(name: str, tmp_path: Path) -> None:
    (tmp_path / "loras").mkdir()
    shutil.copy(case("models/lora_of_unknown_tensors_only.safetensors"), tmp_path / "loras")
    workflow = Workflow.load(case(f"models/{name}.json"), standard_registry())
    engine = StandardEngine(models=[tmp_path], output=tmp_path / "out")
    with engine, pytest.raises(RunError) as caught:
        engine.run(workflow.set("sample.steps", 1))
    (problem,) = caught.value.problems
    assert (problem.code, problem.node) == ("lora.unknown_tensors", "lo")
    from weft.diffusion.formats.safetensors_header import read_header

    seen = read_header(tmp_path / "loras" / "lora_of_unknown_tensors_only.safetensors").tensors
    assert next(iter(seen)) in problem.message


def trailing(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(OUTLINE.read_bytes() + b"\0\0\0")
    return path


def test_bytes_behind_the_last_tensor_are_told_when_the_file_is_opened(tmp_path: Path) -> None:
    """The case behaviour/09_trailing_bytes.py, without its folders."""
    trailing(tmp_path / "loras" / "trail.safetensors")
    workflow = Workflow.load("graphs/lora.json", standard_registry())
    data = workflow.to_json()
    for each in data["nodes"].values():
        if "lora_name" in each["inputs"]:
            each["inputs"]["lora_name"] = "trail.safetensors"
            loader = each
    assert loader
    engine = StandardEngine(models=[tmp_path], output=tmp_path / "out")
    with engine, pytest.raises(RunError) as caught:
        engine.run(Workflow.from_json(data))
    (problem,) = caught.value.problems
    assert problem.code == "model.trailing_bytes"
    assert "3 bytes after its last tensor" in problem.message


def test_every_reader_of_safetensors_refuses_trailing_bytes(tmp_path: Path) -> None:
    from weft.diffusion import inspect_file, load_checkpoint, load_lora
    from weft.diffusion.latents.file import read_latent
    from weft.diffusion.patches.hypernetwork import load_hypernetwork

    path = trailing(tmp_path / "x.safetensors")
    readers: list[Any] = [load_lora, load_checkpoint, inspect_file, load_hypernetwork, read_latent]
    for read in readers:
        with pytest.raises(DiffusionError) as caught:
            read(path)
        assert caught.value.code in {"model.trailing_bytes", "latent.not_a_latent"}, read


NAMES = ["aux/x.safetensors", "style… v2.safetensors", "misc./x.safetensors", "con.safetensors"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot have files of these names")
def test_every_listed_model_is_found(tmp_path: Path) -> None:
    """The case behaviour/10_listed_but_not_found.py, without sampling."""
    from weft.engine.files.workspace import Workspace

    for name in (*NAMES, "back\\slash.safetensors", "new\nline.safetensors"):
        path = tmp_path / "loras" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(OUTLINE, path)
    workspace = Workspace(models=[tmp_path])
    listed = workspace.list_models("loras")
    assert listed == sorted(NAMES)
    for name in listed:
        assert workspace.model("loras", name).is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot have files of these names")
def test_listed_model_of_an_odd_name_runs(tmp_path: Path) -> None:
    path = tmp_path / "loras" / NAMES[0]
    path.parent.mkdir(parents=True)
    shutil.copy(OUTLINE, path)
    data = {
        "weft": 1,
        "nodes": {
            "c": {"type": "LoadCheckpoint", "inputs": {"ckpt_name": "thimble.safetensors"}},
            "l": {
                "type": "LoadLoRAModelOnly",
                "inputs": {"model": {"link": "c.model"}, "lora_name": NAMES[0]},
            },
        },
    }
    with StandardEngine(models=[tmp_path]) as engine:
        assert engine.run(Workflow.from_json(data), outputs=["l.model"])["l.model"] is not None


def test_deep_json_in_the_header_of_a_lora_is_no_traceback(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from weft.diffusion import load_lora

    tensors = load_file(OUTLINE)
    deep = "[" * 100_000
    metadata = {"lora_adapter_metadata": deep, "config": deep}
    save_file(tensors, tmp_path / "x.safetensors", metadata=metadata)
    assert load_lora(tmp_path / "x.safetensors").entries
    with pytest.raises(ModelError):
        load_lora(trailing(tmp_path / "y.safetensors"))


# -- the command line -----------------------------------------------------------------------------


@pytest.fixture
def workflow_file(tmp_path: Path) -> str:
    path = tmp_path / "w.json"
    path.write_text('{"weft": 1, "nodes": {"i": {"type": "EmptyImage"}}}')
    return str(path)


def test_output_is_answered_with_out(workflow_file: str, capsys: Captured) -> None:
    assert main(["run", workflow_file, "--output", "x"]) == 2
    assert "Did you mean --out?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["serve", "--outputs", "x"], "--out"),
        (["models", "list", "--jsn"], "--json"),
        (["validate", "x.json", "--modles", "y"], "--models"),
        (["diff", "a", "b", "--layot"], "--layout"),
    ],
)
def test_unknown_option_names_the_nearest(words: list[str], meant: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert f"Did you mean {meant}?" in capsys.readouterr().err


def test_value_nested_too_deep_is_a_text_and_no_traceback(
    workflow_file: str, capsys: Captured
) -> None:
    assert main(["run", workflow_file, "--set", "i.width=" + "[" * 50_000]) == 2
    assert "params.type" in capsys.readouterr().err


def test_unwritable_out_is_told_before_anything_runs(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "file").write_text("")
    path = case("behaviour/03_prefix_year_width.json")
    assert main(["run", str(path), "--out", str(tmp_path / "file" / "out")]) == 2
    err = capsys.readouterr().err
    assert "files.write_failed" in err
    assert "nodes in" not in err


def test_process_ends_with_words_and_without_a_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "weft", "inspect", str(case("server/deep_text.png"))],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
