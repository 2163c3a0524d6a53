"""Node types as `/object_info` tells of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.server.outer import png, serving
from weft.engine.comfy.known import comfy_inputs
from weft.engine.declaration.registry import Registry
from weft.nodes.standard.registry import standard_registry
from weft.server.comfy.classes import class_info, class_names


@pytest.fixture(scope="module")
def registry() -> Registry:
    return standard_registry(packs=False)


def info(registry: Registry, name: str, **choices: list[str]) -> dict[str, Any]:
    spec = registry.find(name)
    assert spec is not None
    return class_info(name, spec, choices)


def test_every_name_of_every_node_is_described_as_json(registry: Registry) -> None:
    described = {name: class_info(name, spec, {}) for name, spec in class_names(registry)}
    assert json.loads(json.dumps(described)) == described
    for name, entry in described.items():
        assert entry["name"] == name
        assert len(entry["output"]) == len(entry["output_name"]) == len(entry["output_is_list"])
        for section, names in entry["input_order"].items():
            assert names == list(entry["input"][section])


def test_inputs_of_a_comfyui_class_stand_in_its_order(registry: Registry) -> None:
    order = info(registry, "KSampler")["input_order"]["required"]
    assert order == [
        "model", "seed", "steps", "cfg", "sampler_name", "scheduler",
        "positive", "negative", "latent_image", "denoise",
    ]  # fmt: skip
    order = info(registry, "ControlNetApplyAdvanced")["input_order"]
    assert order["required"][:4] == ["positive", "negative", "control_net", "image"]
    assert order["optional"] == ["vae"]


def test_inputs_that_comfyui_does_not_have_are_optional(registry: Registry) -> None:
    known = comfy_inputs()
    for name, spec in class_names(registry):
        entry = info(registry, name)
        names = known.get(name)
        if names is not None:
            extra = set(entry["input_order"]["required"]) - set(names[0]) - set(names[1])
            assert all(spec.parameter(n).required for n in extra), (name, extra)  # type: ignore[union-attr]


def test_loader_lists_the_files_of_its_kind(registry: Registry) -> None:
    entry = info(registry, "CheckpointLoaderSimple", checkpoints=["a.safetensors"])
    assert entry["input"]["required"]["ckpt_name"][0] == ["a.safetensors"]
    assert entry["output"] == entry["output_name"] == ["MODEL", "CLIP", "VAE"]
    assert not entry["output_node"]


def test_widgets_have_their_bounds(registry: Registry) -> None:
    inputs = info(registry, "KSampler")["input"]["required"]
    kind, options = inputs["seed"]
    assert kind == "INT"
    assert (options["min"], options["max"]) == (0, 2**64 - 1)
    assert options["control_after_generate"]
    assert inputs["steps"][1]["default"] == 20
    assert "euler" in inputs["sampler_name"][0]
    assert info(registry, "CLIPTextEncode")["input"]["required"]["text"][1]["multiline"]


def test_inputs_go_by_comfyuis_names(registry: Registry) -> None:
    assert "low_threshold" in info(registry, "Canny")["input"]["required"]
    image = info(registry, "LoadImage", **{"\0input": ["cat.png"]})["input"]["required"]["image"]
    assert image[0] == ["cat.png"]
    assert image[1]["image_upload"]
    assert info(registry, "ApplyControlNet")["output_name"] == ["positive", "negative"]


async def test_object_info_over_http_lists_models_and_uploads(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "cat.png").write_bytes(png())
    async with serving(tmp_path) as client:
        everything = await (await client.get("/object_info")).json()
        assert "cat.png" in everything["LoadImage"]["input"]["required"]["image"][0]
        for path in ("/object_info/LoadCheckpoint", "/api/object_info/LoadCheckpoint"):
            one = await (await client.get(path)).json()
            assert one["LoadCheckpoint"] == everything["LoadCheckpoint"]
            names = one["LoadCheckpoint"]["input"]["required"]["ckpt_name"][0]
            assert "thimble.safetensors" in names
        unknown = await client.get("/object_info/Nothing")
        assert (unknown.status, await unknown.json()) == (200, {})
