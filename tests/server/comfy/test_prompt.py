"""Prompts made into workflows, and refused as ComfyUI's clients expect it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from tests.server.outer import settings
from weft.server.catalog import Catalog
from weft.server.comfy.prompt import AcceptedPrompt, accept
from weft.server.comfy.refusals import Refused

TXT2IMG: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 7,
            "steps": 2,
            "cfg": 4.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1.0,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {
        "class_type": "CheckpointLoaderSimple",
        "inputs": {"ckpt_name": "thimble.safetensors"},
    },
    "5": {
        "class_type": "EmptyLatentImage",
        "inputs": {"width": 128, "height": 128, "batch_size": 1},
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red circle", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["8", 0]}},
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("server")
    (folder / "input").mkdir()
    (folder / "input" / "cat.png").touch()
    return Catalog(settings(folder))


def changed(*changes: tuple[str, str, Any]) -> dict[str, Any]:
    """The example with other inputs: node id, input, value."""
    prompt = copy.deepcopy(TXT2IMG)
    for node_id, name, value in changes:
        prompt[node_id]["inputs"][name] = value
    return prompt


def refused(prompt: object, catalog: Catalog) -> dict[str, Any]:
    with pytest.raises(Refused) as caught:
        accept(prompt, catalog)
    return caught.value.body


def one_error(prompt: object, catalog: Catalog, node_id: str) -> dict[str, Any]:
    """The only error of the only bad node."""
    body = refused(prompt, catalog)
    assert body["error"]["type"] == "prompt_outputs_failed_validation"
    assert list(body["node_errors"]) == [node_id]
    (error,) = body["node_errors"][node_id]["errors"]
    assert body["node_errors"][node_id]["dependent_outputs"] == ["9"]
    found: dict[str, Any] = error
    return found


def test_good_prompt_is_accepted_whole_and_unchanged(catalog: Catalog) -> None:
    found = accept(TXT2IMG, catalog)
    assert found == AcceptedPrompt(TXT2IMG, {}, ["9"], {}, [])
    assert found.checked is not None
    assert set(found.checked.document.nodes) == set(TXT2IMG)


def test_prompt_that_runs_in_part_is_to_be_checked_again(catalog: Catalog) -> None:
    prompt = copy.deepcopy(TXT2IMG)
    prompt["21"] = {"class_type": "LoadImage", "inputs": {"image": "missing.png"}}
    assert accept(prompt, catalog).checked is None


@pytest.mark.parametrize("data", [None, 1, "x", [], [1]])
def test_prompt_that_is_no_object_is_refused(catalog: Catalog, data: object) -> None:
    assert refused(data, catalog)["error"]["type"] == "invalid_prompt"


def test_prompt_without_nodes_or_outputs_is_refused(catalog: Catalog) -> None:
    assert refused({}, catalog)["error"]["type"] == "prompt_no_outputs"
    nodes = {k: v for k, v in TXT2IMG.items() if k != "9"}
    assert refused(nodes, catalog)["error"]["type"] == "prompt_no_outputs"
    with pytest.raises(Refused) as caught:
        accept(TXT2IMG, catalog, [])
    assert caught.value.body["error"]["type"] == "prompt_no_outputs"


def test_prompt_with_unknown_classes_names_every_one(catalog: Catalog) -> None:
    prompt = copy.deepcopy(TXT2IMG)
    prompt["3"]["class_type"] = "KSamplr"
    prompt["7"] = {"inputs": {}}
    prompt["8"] = 3
    body = refused(prompt, catalog)
    assert body["error"]["type"] == "invalid_prompt"
    assert set(body["node_errors"]) == {"3", "7", "8"}
    assert body["node_errors"]["3"]["class_type"] == "KSamplr"
    assert 'did you mean "KSampler"' in body["error"]["details"]


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("steps", 0, "value_smaller_than_min"),
        ("steps", 10**9, "value_bigger_than_max"),
        ("seed", -1, "value_smaller_than_min"),
        ("seed", 2**64, "value_bigger_than_max"),
        ("cfg", "high", "invalid_input_type"),
        ("steps", 3.9, "invalid_input_type"),
        ("steps", None, "invalid_input_type"),
        ("steps", "nan", "invalid_input_type"),
        ("steps", {"__class__": 1}, "invalid_input_type"),
        ("sampler_name", "eulr", "value_not_in_list"),
        ("model", 3, "invalid_input_type"),
        ("model", ["99", 0], "bad_linked_input"),
        ("model", ["4", 9], "bad_linked_input"),
        ("model", ["4", -1], "bad_linked_input"),
        ("model", ["4", 1], "return_type_mismatch"),
    ],
)
def test_bad_input_is_told_by_comfyuis_name(
    catalog: Catalog, name: str, value: Any, kind: str
) -> None:
    error = one_error(changed(("3", name, value)), catalog, "3")
    assert error["type"] == kind
    assert error["extra_info"]["input_name"] == name
    assert error["extra_info"]["received_value"] == value
    assert "input_config" in error["extra_info"]
    if kind == "return_type_mismatch":
        assert error["extra_info"]["received_type"] == "CLIP"
        assert error["extra_info"]["linked_node"] == ["4", 1]


def test_missing_input_is_told_by_comfyuis_name(catalog: Catalog) -> None:
    prompt = copy.deepcopy(TXT2IMG)
    del prompt["8"]["inputs"]["samples"]
    error = one_error(prompt, catalog, "8")
    assert error["type"] == "required_input_missing"
    assert error["extra_info"]["input_name"] == "samples"


def test_node_without_inputs_is_told_what_it_lacks(catalog: Catalog) -> None:
    prompt = copy.deepcopy(TXT2IMG)
    del prompt["8"]["inputs"]
    body = refused(prompt, catalog)
    assert [e["type"] for e in body["node_errors"]["8"]["errors"]] == ["required_input_missing"] * 2


def test_missing_file_is_told_under_the_clients_name(catalog: Catalog) -> None:
    prompt = changed(("4", "ckpt_name", "thimbl.safetensors"))
    error = one_error(prompt, catalog, "4")
    assert error["type"] == "value_not_in_list"
    assert error["extra_info"]["input_name"] == "ckpt_name"
    assert "thimble.safetensors" in error["details"]


def test_cycle_is_told_with_its_links(catalog: Catalog) -> None:
    prompt = copy.deepcopy(TXT2IMG)
    prompt["10"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["8", 0], "vae": ["4", 2]}}
    prompt["3"]["inputs"]["latent_image"] = ["10", 0]
    body = refused(prompt, catalog)
    (errors,) = body["node_errors"].values()
    assert errors["errors"][0]["type"] == "dependency_cycle"
    for link in ("3.latent", "8.image", "10.latent"):
        assert link in body["error"]["details"]


def test_long_chain_is_no_trouble(catalog: Catalog) -> None:
    prompt: dict[str, Any] = {"0": {"class_type": "EmptyLatentImage", "inputs": {}}}
    prompt |= {"v": {"class_type": "CheckpointLoaderSimple", "inputs": TXT2IMG["4"]["inputs"]}}
    for number in range(1, 3001):
        way = ("VAEDecode", "samples") if number % 2 else ("VAEEncode", "pixels")
        prompt[str(number)] = {
            "class_type": way[0],
            "inputs": {way[1]: [str(number - 1), 0], "vae": ["v", 2]},
        }
    prompt["out"] = {"class_type": "PreviewImage", "inputs": {"images": ["2999", 0]}}
    assert len(accept(prompt, catalog).prompt) == 3002


def test_good_output_beside_a_bad_one_runs_alone(catalog: Catalog) -> None:
    prompt = copy.deepcopy(TXT2IMG)
    prompt["20"] = {"class_type": "SaveImage", "inputs": {"images": ["21", 0]}}
    prompt["21"] = {"class_type": "LoadImage", "inputs": {"image": "missing.png"}}
    found = accept(prompt, catalog)
    assert found.outputs == ["9"]
    assert set(found.prompt) == set(TXT2IMG)
    assert list(found.node_errors) == ["21"]
    assert found.node_errors["21"]["dependent_outputs"] == ["20"]


def test_fault_that_no_output_needs_is_left_out(catalog: Catalog) -> None:
    prompt = copy.deepcopy(TXT2IMG)
    prompt["21"] = {"class_type": "LoadImage", "inputs": {"image": "missing.png"}}
    assert accept(prompt, catalog) == AcceptedPrompt(TXT2IMG, {}, ["9"], {}, [])


def test_targets_keep_only_what_they_need(catalog: Catalog) -> None:
    prompt = copy.deepcopy(TXT2IMG)
    prompt["20"] = {"class_type": "SaveImage", "inputs": {"images": ["21", 0]}}
    prompt["21"] = {"class_type": "LoadImage", "inputs": {"image": "cat.png"}}
    found = accept(prompt, catalog, ["20"])
    assert (set(found.prompt), found.outputs) == ({"20", "21"}, ["20"])


@pytest.mark.parametrize(
    ("node", "name", "value", "fitting"),
    [
        ("3", "steps", "12", 12),
        ("3", "steps", 12.0, 12),
        ("3", "cfg", "7.5", 7.5),
        ("3", "seed", str(2**63 + 1), 2**63 + 1),
        ("6", "text", 7, "7"),
    ],
)
def test_literals_are_read_as_their_type_when_nothing_is_lost(
    catalog: Catalog, node: str, name: str, value: Any, fitting: Any
) -> None:
    found = accept(changed((node, name, value)), catalog)
    got = found.prompt[node]["inputs"][name]
    assert (got, type(got)) == (fitting, type(fitting))
    assert len(found.warnings) == 1


def test_inputs_that_a_class_has_not_are_left_out_and_told(catalog: Catalog) -> None:
    found = accept(changed(("9", "extra", {"a": [1]})), catalog)
    assert found.prompt == TXT2IMG
    assert found.warnings == ["9: SaveImage has no input 'extra'; left out."]


def test_file_with_annotation_is_found(catalog: Catalog) -> None:
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "cat.png [input]", "upload": "image"}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    assert accept(prompt, catalog).prompt["1"]["inputs"] == {"image": "cat.png"}


def test_class_of_a_pack_is_refused_with_its_pack(catalog: Catalog) -> None:
    prompt = {"1": {"class_type": "IPAdapterAdvanced", "inputs": {}}}
    with pytest.raises(Refused, match="ComfyUI_IPAdapter_plus") as caught:
        accept(prompt, catalog)
    assert "KSampler" not in str(caught.value)


def test_ids_that_weft_does_not_take_are_renamed_and_told_as_they_were(catalog: Catalog) -> None:
    prompt = {
        "the picture.1": {"class_type": "LoadImage", "inputs": {"image": "cat.png"}},
        "n0": {"class_type": "PreviewImage", "inputs": {"images": ["the picture.1", 0]}},
        "": {"class_type": "PreviewImage", "inputs": {"images": ["the picture.1", 5]}},
    }
    found = accept(prompt, catalog)
    assert found.ids == {"n1": "the picture.1", "n2": ""}
    assert found.prompt["n0"]["inputs"] == {"images": ["n1", 0]}
    assert list(found.node_errors) == [""]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@settings_of_hypothesis(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.dictionaries(st.text(max_size=3), JSON), value=JSON)
def test_any_json_is_accepted_or_refused_in_words(
    catalog: Catalog, data: dict[str, Any], value: Any
) -> None:
    for prompt in (
        data,
        {"a": {"class_type": "SaveImage", "inputs": value}},
        changed(("3", "cfg", value)),
    ):
        try:
            accept(prompt, catalog)
        except Refused as refusal:
            assert refusal.body["error"]["message"]
