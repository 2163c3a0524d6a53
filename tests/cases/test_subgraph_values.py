"""Instances of subgraphs run with the values and links that ComfyUI gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import weft
from tests.cases.places import case
from weft.cli.main import main
from weft.engine.comfy.export import to_comfy
from weft.nodes.standard.registry import standard_registry

REGISTRY = standard_registry(packs=False)
RED, GREEN = (255, 0, 0), (0, 255, 0)


def opened(name: str) -> weft.Workflow:
    return weft.Workflow.load(case(name), REGISTRY)


def pictures(workflow: weft.Workflow, folder: Path) -> dict[str, Any]:
    with weft.Engine(output=folder, packs=False, disk_cache=False) as engine:
        engine.run(workflow)
    found = {}
    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as picture:
            found[path.name] = np.asarray(picture.convert("RGB"))
    return found


@pytest.mark.parametrize(
    "name",
    [
        "behaviour/01_subgraph_host_full.json",
        "behaviour/01_subgraph_host_lists_none.json",
        "behaviour/01_subgraph_host_lists_some.json",
    ],
)
def test_values_of_an_instance_count_whether_it_lists_its_inputs_or_not(
    name: str, tmp_path: Path
) -> None:
    workflow = opened(name)
    assert workflow.remarks == ()
    (picture,) = pictures(workflow, tmp_path).values()
    assert picture.shape == (64, 96, 3)
    assert (picture == RED).all()


def test_muted_node_inside_of_a_subgraph_takes_with_it_what_reads_it_outside(
    tmp_path: Path,
) -> None:
    workflow = opened("behaviour/16_muted_inside_subgraph.json")
    assert workflow.validate(REGISTRY) == []
    found = pictures(workflow, tmp_path)
    assert list(found) == ["other_00001.png"]
    assert (found["other_00001.png"] == GREEN).all()


def test_links_and_values_of_a_sparse_instance_go_where_their_names_say() -> None:
    prompt = to_comfy(opened("files/subgraph-sparse-slots.json").document, REGISTRY).prompt
    assert prompt["2:1"]["inputs"] == {
        "image": ["1", 0],
        "upscale_method": "bilinear",
        "width": 64,
        "height": 48,
        "crop": "disabled",
    }
    assert prompt["2:2"]["inputs"]["blur_radius"] == 3


def test_name_with_a_dot_is_a_name_inside_of_a_subgraph() -> None:
    workflow = opened("files/subgraph-dotted-input.json")
    assert {p.code for p in workflow.validate(REGISTRY)} == {"graph.unknown_type"}
    prompt = to_comfy(workflow.document, REGISTRY).prompt
    assert prompt["2:5"]["inputs"] == {"images.image0": ["1", 0], "images.image1": ["1", 0]}


def test_subgraph_is_never_called_what_a_node_of_the_file_is() -> None:
    workflow = opened("files/subgraph-named-like-its-node.json")
    assert {p.code for p in workflow.validate(REGISTRY)} == {"graph.unknown_type"}
    prompt = to_comfy(workflow.document, REGISTRY).prompt
    assert prompt["2:7"] == {"class_type": "PolishNobodyHas", "inputs": {"image": ["1", 0]}}
    assert prompt["3"]["inputs"] == {"images": ["2:7", 0]}


@pytest.mark.parametrize(
    "name", ["files/unknown-two-outputs.json", "files/unknown-two-outputs.api.json"]
)
def test_link_from_an_unknown_node_keeps_its_slot(name: str, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "weft.json", tmp_path / "api.json"
    assert main(["convert", str(case(name)), "-o", str(ours)]) == 0
    assert main(["convert", str(ours), "--to", "comfyui", "-o", str(theirs)]) == 0
    inputs = json.loads(theirs.read_text())["2"]["inputs"]
    assert inputs == {"width": ["1", 0], "height": ["1", 1], "batch_size": 1}
