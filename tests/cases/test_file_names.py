"""Names of written files: tokens are filled in, and what no file can be called is refused early."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cases.places import case
from tests.server.running import serving
from weft.cli.main import main
from weft.engine.errors import ValidationError
from weft.engine.testing import EventLog
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine
from weft.nodes.standard.registry import standard_registry

Captured = pytest.CaptureFixture[str]


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("behaviour/03_prefix_date.json", r"\d{4}-\d\d-\d\d/\d{6}_64_00001\.png"),
        ("behaviour/03_prefix_year_width.json", r"\d{4}-\d\d-\d\d/img_64x64_00001\.png"),
    ],
)
def test_tokens_of_comfyui_are_filled_in(name: str, pattern: str, tmp_path: Path) -> None:
    assert main(["run", str(case(name)), "--out", str(tmp_path / "out")]) == 0
    (written,) = files(tmp_path / "out")
    assert re.fullmatch(pattern, written)


def flow(prefix: str, writer: str = "SaveImage", **inputs: Any) -> Workflow:
    nodes = {
        "image": {"type": "EmptyImage", "inputs": {"width": 8, "height": 16, "batch_size": 2}},
        "write": {
            "type": writer,
            "inputs": {"images": {"link": "image.image"}, "filename_prefix": prefix, **inputs},
        },
    }
    return Workflow.from_json({"weft": 1, "nodes": nodes})


@pytest.mark.parametrize("writer", ["SaveImage", "SaveAnimatedWEBP", "SaveAnimatedPNG"])
def test_every_writer_of_images_knows_their_size(writer: str, tmp_path: Path) -> None:
    with StandardEngine(output=tmp_path / "out") as engine:
        engine.run(flow("%width%x%height%-%image.batch_size%", writer))
    assert all(name.startswith("8x16-2_0000") for name in files(tmp_path / "out"))
    assert files(tmp_path / "out")


def test_every_writer_has_its_name_checked() -> None:
    writers = [s for s in standard_registry().values() if "writes" in s.effects]
    named = [s for s in writers if "filename_prefix" in s.parameters]
    assert len(named) >= 9
    assert all(s.parameters["filename_prefix"].prefix is not None for s in named)
    # The others write previews, under a name of their own.
    assert {s.type_id for s in writers} - {s.type_id for s in named} == {
        "PreviewImage",
        "MaskPreview",
    }


@pytest.mark.parametrize(
    "name",
    ["server/prefix_hidden.json", "server/prefix_temp.json", "server/prefix_surrogate.json"],
)
async def test_server_refuses_a_name_before_it_accepts_the_job(name: str, tmp_path: Path) -> None:
    body = json.loads(case(name).read_text())
    async with serving(tmp_path) as api:
        status, answer = await api.ask(
            "POST", "/v1/jobs", data=json.dumps(body), headers={"Content-Type": "application/json"}
        )
        assert status == 422
        (problem,) = answer["problems"]
        assert (problem["code"], problem["node"]) == ("files.bad_name", "s")
    assert not (tmp_path / "output").exists() or files(tmp_path / "output") == []


@pytest.mark.parametrize(
    "prefix", [".hidden", "temp/x", "\ud800", "CON", "a?b", "%nope%", "%width%"]
)
def test_name_is_refused_before_any_node_runs(prefix: str, tmp_path: Path) -> None:
    data = {
        "weft": 1,
        "nodes": {
            "latent": {"type": "EmptyLatentImage", "inputs": {}},
            "write": {
                "type": "SaveLatent",
                "inputs": {"samples": {"link": "latent.latent"}, "filename_prefix": prefix},
            },
        },
    }
    log = EventLog()
    with (
        StandardEngine(output=tmp_path / "out") as engine,
        pytest.raises(ValidationError) as caught,
    ):
        engine.run(Workflow.from_json(data), on_event=log)
    assert [p.code for p in caught.value.problems] == ["files.bad_name"]
    assert log.events == []


def test_embedded_workflow_keeps_the_token(tmp_path: Path) -> None:
    from PIL import Image

    with StandardEngine(output=tmp_path / "out") as engine:
        engine.run(flow("%year%/%width%"))
    with Image.open(tmp_path / "out" / files(tmp_path / "out")[0]) as picture:
        embedded = json.loads(picture.info["weft"])
    assert embedded["nodes"]["write"]["inputs"]["filename_prefix"] == "%year%/%width%"


def test_output_folder_that_cannot_be_written_is_told_before_any_node_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = EventLog()
    with (
        StandardEngine(output=tmp_path / "file" / "out") as engine,
        pytest.raises(ValidationError) as caught,
    ):
        engine.run(flow("x"), on_event=log)
    (problem,) = caught.value.problems
    assert (problem.code, problem.node) == ("files.write_failed", "write")
    assert log.events == []


def test_folder_of_a_prefix_that_is_a_file_is_told_before_any_node_runs(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").write_text("")
    log = EventLog()
    with (
        StandardEngine(output=tmp_path / "out") as engine,
        pytest.raises(ValidationError) as caught,
    ):
        engine.run(flow("sub/x"), on_event=log)
    (problem,) = caught.value.problems
    assert (problem.code, problem.node) == ("files.write_failed", "write")
    assert "sub is a file" in str(problem)
    assert log.events == []
    assert files(tmp_path / "out") == ["sub"]
