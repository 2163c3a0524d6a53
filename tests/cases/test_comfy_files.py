"""Files and pictures of ComfyUI that were read wrongly, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import weft
from tests.cases.places import case
from weft.cli.main import main
from weft.engine.comfy.export import to_comfy
from weft.engine.graph.document import Document
from weft.engine.share.check import check
from weft.nodes.shared_file import open_shared
from weft.nodes.standard.folders import standard_workspace
from weft.nodes.standard.registry import standard_registry

REGISTRY = standard_registry(packs=False)


def opened(name: str) -> weft.Workflow:
    return open_shared(case(name), REGISTRY).workflow


def layout(name: str) -> dict[str, Any]:
    return opened(name).document.layout


def inputs_of(document: Document, kind: str) -> dict[str, Any]:
    (found,) = (node.inputs for node in document.nodes.values() if node.type == kind)
    return found


def size_of(picture: Path) -> tuple[int, int]:
    with Image.open(picture) as found:
        return found.size


def ran(name: str, out: Path, *options: str) -> list[Path]:
    assert main(["run", str(case(name)), "--out", str(out), *options]) == 0
    return sorted(out.glob("*.png"))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("behaviour/11_seed_control_as_boolean.json", (5, 4, 4, "euler", "normal", 1)),
        ("files/boolean-seed-control.json", (11, 3, 6.5, "euler", "normal", 1)),
    ],
)
def test_boolean_behind_a_seed_is_what_it_does_after_each_run(
    name: str, values: tuple[Any, ...]
) -> None:
    workflow = opened(name)
    names = ("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise")
    inputs = inputs_of(workflow.document, "KSampler")
    assert tuple(inputs[each] for each in names) == values
    assert workflow.remarks == ()
    places = workflow.document.layout["nodes"].values()
    assert [place["seeds"] for place in places if "seeds" in place] == [{"seed": "random"}]


@pytest.mark.parametrize(
    "name",
    [
        "behaviour/13_bypass_any_output.json",
        "behaviour/14_reroute_rgthree.json",
        "behaviour/14_drawing_only_nodes.json",
    ],
)
def test_nodes_that_do_not_run_are_no_hindrance(name: str, tmp_path: Path) -> None:
    (path,) = ran(name, tmp_path)
    with Image.open(path) as picture:
        assert picture.convert("RGB").getcolors() == [(64 * 64, (255, 0, 0))]


def test_what_works_in_comfyuis_editor_alone_is_left_out_and_said() -> None:
    workflow = opened("behaviour/14_drawing_only_nodes.json")
    assert set(workflow.document.nodes) == {"1", "3"}
    assert len(workflow.remarks) == 2
    assert set(workflow.document.layout["notes"]) == {"4"}


def test_name_of_an_input_may_say_that_it_is_one(tmp_path: Path) -> None:
    folder = case("behaviour/12_input/clipspace/painted.png").parents[1]
    (picture,) = ran("behaviour/12_annotated_input.json", tmp_path, "--input", str(folder))
    assert size_of(picture) == (64, 48)


def test_finished_picture_is_an_input_where_its_name_says_so(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    Image.new("RGB", (24, 16), (0, 0, 255)).save(out / "before.png")
    prompt = json.loads(case("behaviour/12_annotated_input.json").read_text())
    for mark, code in (("output", 0), ("temp", 2)):
        prompt["1"]["inputs"]["image"] = f"before.png [{mark}]"
        file = tmp_path / "api.json"
        file.write_text(json.dumps(prompt))
        assert main(["run", str(file), "--out", str(out)]) == code
    assert size_of(out / "p_00001.png") == (24, 16)


def test_picture_with_a_drawing_alone_opens() -> None:
    workflow = opened("files/drawing-only.png")
    assert inputs_of(workflow.document, "KSampler")["seed"] == 11
    assert len(workflow.document.layout["nodes"]) == 7


def test_node_that_is_drawn_and_does_not_run_costs_no_places() -> None:
    workflow = opened("files/drawn-node-that-does-not-run.png")
    assert set(workflow.document.nodes) == {"1", "4", "6", "7"}
    assert set(workflow.document.layout["nodes"]) == {"1", "4", "6", "7"}
    assert workflow.document.layout["nodes"]["6"]["x"] == 310


def test_note_keeps_its_title_and_colour() -> None:
    # Nodes keep no size: weft's are as tall as their rows, and ComfyUI's heights would cut them.
    (note,) = layout("files/note-title-size.json")["notes"].values()
    assert note["title"] == "Read me first"
    assert note["color"] == 5
    assert note["text"] == "# hello"


def test_number_that_changes_after_each_run_keeps_how() -> None:
    workflow = opened("files/primitive-int-control.json")
    assert workflow.remarks == ()
    assert inputs_of(workflow.document, "Integer") == {"value": 5}
    assert layout("files/primitive-int-control.json")["nodes"]["1"]["seeds"] == {"value": "random"}


def test_values_of_a_class_of_comfyui_have_their_names_though_weft_lacks_it() -> None:
    inputs = inputs_of(
        opened("files/core-class-unnamed-values.json").document, "QuadrupleCLIPLoader"
    )
    assert inputs == {f"clip_name{n}": f"{'abcd'[n - 1]}.safetensors" for n in range(1, 5)}


def test_address_and_hash_of_a_text_encoder_are_named(tmp_path: Path) -> None:
    document = opened("files/text-encoder-address.json").document
    workspace = standard_workspace(models=[tmp_path], inputs=[tmp_path], output=tmp_path)
    report = check(document, None, REGISTRY, workspace, None, sha256=lambda path: path.name)
    (file,) = report.files
    assert file.sources == ("https://example.org/some_encoder.safetensors",)
    assert document.requires["models"][0]["sha256"] == "0" * 64


def test_missing_things_of_a_file_are_named_and_its_values_stay() -> None:
    workflow = opened("files/comfy-missing.json")
    unknown = {p.got: p for p in workflow.validate(REGISTRY) if p.code == "graph.unknown_type"}
    assert set(unknown) == {"KSamplr", "Power Lora Loader (rgthree)"}
    assert 'Did you mean "KSampler"?' in str(unknown["KSamplr"])
    assert "rgthree-comfy" in str(unknown["Power Lora Loader (rgthree)"])
    prompt = to_comfy(workflow.document, REGISTRY).prompt
    assert prompt["6"]["inputs"]["clip"] == ["12", 1]
    assert prompt["3"]["inputs"]["model"] == ["12", 0]
    assert list(prompt["14"]["inputs"].values())[:7] == [5, "fixed", 20, 7, "euler", "normal", 1]


def test_file_without_anything_odd_is_read_without_a_word() -> None:
    workflow = opened("files/comfy-consistent-workflow.json")
    assert workflow.remarks == ()
    assert workflow.validate(REGISTRY) == []
    assert inputs_of(workflow.document, "KSampler")["cfg"] == 4


def test_class_of_a_pack_is_said_to_be_of_it_with_the_node_here() -> None:
    problems = opened("rows/ipa.json").validate(REGISTRY)
    (advanced,) = (p for p in problems if p.got == "IPAdapterAdvanced")
    assert "ComfyUI_IPAdapter_plus" in str(advanced)
    assert "weft's own node for this is IPAdapter." in str(advanced)
    assert "KSampler" not in str(advanced)
