"""A ControlNet of another family than the model's is told by `weft validate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

import weft
from tests.cases.places import case
from tests.model_headers import Shapes, controlnet
from weft.cli.main import main
from weft.engine.errors import Problem
from weft.engine.validate import validate
from weft.nodes import families_agree
from weft.nodes.standard.folders import standard_workspace
from weft.nodes.standard.registry import standard_registry

CODE = "model.kinds_do_not_fit"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Model folders with a ControlNet for SDXL, one for SD1.x and one of no known family."""
    (tmp_path / "controlnet").mkdir()
    for name, shapes in (("xl", controlnet(2048)), ("sd1", controlnet(768))):
        write(tmp_path, name, shapes)
    write(tmp_path, "odd", {"a.b": (1,)})
    return tmp_path


def write(folder: Path, name: str, shapes: Shapes) -> None:
    tensors = {name: torch.zeros(shape, dtype=torch.float16) for name, shape in shapes.items()}
    save_file(tensors, folder / "controlnet" / f"{name}.safetensors")


def workflow(net: str = "xl", **control: Any) -> dict[str, Any]:
    """The workflow of the case, with another network or other values of ApplyControlNet."""
    document: dict[str, Any] = json.loads(case("rows/xlwf.json").read_text("utf-8"))
    document["nodes"]["control_net"]["inputs"]["control_net_name"] = f"{net}.safetensors"
    document["nodes"]["control"]["inputs"] |= control
    return document


def problems(folder: Path, document: dict[str, Any]) -> list[Problem]:
    parsed = weft.Workflow.from_json(document).document
    workspace = standard_workspace(models=[folder], output=folder / "out")
    return validate(parsed, standard_registry(packs=False), workspace=workspace)


def test_validate_tells_the_case(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(case("rows/xlwf.json")), "--models", str(folder)]) == 2
    said = "".join(capsys.readouterr())
    assert 'ControlNet "xl.safetensors" (SDXL) does not fit' in said
    assert '"thimble.safetensors" (SD1.x)' in said


def test_problem_names_the_sampler_and_both_prompts(folder: Path) -> None:
    found = problems(folder, workflow())
    assert [(p.code, p.node, p.port) for p in found] == [
        (CODE, "sample", "positive"),
        (CODE, "sample", "negative"),
    ]


@pytest.mark.parametrize(
    "document",
    [workflow("sd1"), workflow("odd"), workflow(strength=0)],
    ids=["same family", "unknown family", "not applied"],
)
def test_what_fits_or_cannot_be_told_is_valid(folder: Path, document: dict[str, Any]) -> None:
    assert problems(folder, document) == []


def test_family_follows_nodes_between(folder: Path) -> None:
    document = workflow()
    document["nodes"]["range"] = {
        "type": "ConditioningSetTimestepRange",
        "inputs": {"conditioning": {"link": "control.positive"}, "start": 0.0, "end": 0.5},
    }
    document["nodes"]["lora"] = {
        "type": "LoadLoRAModelOnly",
        "inputs": {
            "model": {"link": "checkpoint.model"},
            "lora_name": "thimble-outline.safetensors",
        },
    }
    inputs = document["nodes"]["sample"]["inputs"]
    inputs["model"] = {"link": "lora.model"}
    inputs["positive"] = {"link": "range.conditioning"}
    inputs["negative"] = {"link": "negative.conditioning"}
    assert [(p.code, p.port) for p in problems(folder, document)] == [(CODE, "positive")]


def test_choice_between_branches_is_left_to_the_run(folder: Path) -> None:
    document = workflow()
    document["nodes"]["choice"] = {
        "type": "Switch",
        "inputs": {
            "on": False,
            "yes": {"link": "control.positive"},
            "no": {"link": "positive.conditioning"},
        },
    }
    inputs = document["nodes"]["sample"]["inputs"]
    inputs["positive"] = {"link": "choice.value"}
    inputs["negative"] = {"link": "negative.conditioning"}
    assert problems(folder, document) == []


def test_file_is_read_again_only_when_it_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import weft.diffusion

    read: list[str] = []
    real = weft.diffusion.inspect_file

    def counted(path: str) -> Any:
        read.append(Path(path).name)
        return real(path)

    monkeypatch.setattr(weft.diffusion, "inspect_file", counted)
    families_agree._family.cache_clear()
    for _ in range(3):
        assert len(problems(folder, workflow())) == 2
    assert sorted(read) == ["thimble.safetensors", "xl.safetensors"]
    write(folder, "xl", controlnet(768))
    assert problems(folder, workflow()) == []


def test_workflow_without_steering_reads_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: Any) -> None:
        raise AssertionError("a header was read for nothing")

    monkeypatch.setattr(families_agree, "_family", forbidden)
    document = workflow()
    for name in ("control", "control_net", "edges", "small", "photo"):
        del document["nodes"][name]
    for side in ("positive", "negative"):
        document["nodes"]["sample"]["inputs"][side] = {"link": f"{side}.conditioning"}
    del document["interface"]
    assert problems(folder, document) == []
