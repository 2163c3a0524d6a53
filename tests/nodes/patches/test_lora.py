"""LoRA nodes in workflows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

import weft.diffusion as wd
from weft.engine.errors import RunError
from weft.engine.events import NodeProgress
from weft.engine.testing import EventLog
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine

from ... import models
from ...diffusion.patches.lora.conftest import kohya
from ..flows import link, txt2img


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models with a checkpoint and three LoRAs: two that fit, one with a layer too many."""
    root = tmp_path_factory.mktemp("lora-models")
    for kind in ("checkpoints", "loras"):
        (root / kind).mkdir()
    model, clip, _ = wd.load_checkpoint(models.tiny_sd1(root / "checkpoints" / "tiny.safetensors"))
    for number, name in enumerate(("one", "two", "odd")):
        tensors = kohya(model.weights, seed=100 * number)
        tensors |= kohya(clip.weights, "lora_te_text_model_", seed=100 * number + 50)
        if name == "odd":
            tensors["lora_unet_moon.diff"] = torch.ones(3)
        save_file(tensors, root / "loras" / f"{name}.safetensors")
    return root


@pytest.fixture
def engine(folder: Path, tmp_path: Path) -> Iterator[StandardEngine]:
    with StandardEngine(models=[folder], output=tmp_path / "out", packs=False) as engine:
        yield engine


def flow(lora: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """Text to image with one more node `style` between the loader and all who use it."""
    document = txt2img()
    nodes = document["nodes"]
    if lora is not None:
        nodes |= more
        nodes["style"] = lora
        clip = "style.clip" if lora["type"] != "LoadLoRAModelOnly" else "checkpoint.clip"
        nodes["positive"]["inputs"]["clip"] = nodes["negative"]["inputs"]["clip"] = link(clip)
        nodes["sample"]["inputs"]["model"] = link("style.model")
    return document


def both(**inputs: Any) -> dict[str, Any]:
    return {"model": link("checkpoint.model"), "clip": link("checkpoint.clip"), **inputs}


def picture(engine: StandardEngine, document: dict[str, Any]) -> torch.Tensor:
    found: torch.Tensor = engine.run(
        Workflow.from_json(document, engine.registry), outputs=["decode.image"]
    )["decode.image"]
    return found


def test_lora_changes_the_picture_and_strength_0_does_not(engine: StandardEngine) -> None:
    plain = picture(engine, flow(None))
    lora = {"type": "LoadLoRA", "inputs": both(lora_name="one.safetensors")}
    assert not torch.equal(picture(engine, flow(lora)), plain)
    off = {"strength_model": 0.0, "strength_clip": 0.0}
    lora = {"type": "LoadLoRA", "inputs": both(lora_name="one.safetensors", **off)}
    assert torch.equal(picture(engine, flow(lora)), plain)


def test_stack_gives_what_loaders_in_a_row_give(engine: StandardEngine) -> None:
    first = {"type": "LoRAStack", "inputs": {"lora_name": "one.safetensors", "strength_clip": 0.5}}
    second = {"type": "LoRAStack", "inputs": {"lora_name": "two.safetensors",
              "stack": link("first.lora_stack"), "strength_model": 0.5}}  # fmt: skip
    stacked = flow(
        {"type": "ApplyLoRAStack", "inputs": both(stack=link("second.lora_stack"))},
        first=first, second=second,
    )  # fmt: skip
    one = {"type": "LoadLoRA", "inputs": both(lora_name="one.safetensors", strength_clip=0.5)}
    row = {"type": "LoadLoRA", "inputs": {
        "lora_name": "two.safetensors", "strength_model": 0.5,
        "model": link("one.model"), "clip": link("one.clip")}}  # fmt: skip
    assert torch.equal(picture(engine, stacked), picture(engine, flow(row, one=one)))


def test_comfyui_names_are_read(engine: StandardEngine) -> None:
    inputs = {"lora_name": "one.safetensors", "model": link("checkpoint.model")}
    document = flow({"type": "LoraLoaderModelOnly", "inputs": inputs})
    document["nodes"]["positive"]["inputs"]["clip"] = link("checkpoint.clip")
    document["nodes"]["negative"]["inputs"]["clip"] = link("checkpoint.clip")
    assert picture(engine, document).isfinite().all()


def test_layers_that_are_not_used_are_told(engine: StandardEngine) -> None:
    lora = {"type": "LoadLoRA", "inputs": both(lora_name="odd.safetensors")}
    log = EventLog()
    engine.run(Workflow.from_json(flow(lora), engine.registry), on_event=log)
    messages = [e.message for e in log.events if isinstance(e, NodeProgress) and e.message]
    assert [m for m in messages if "lora_unet_moon" in m and "odd.safetensors" in m]


def test_block_weights_that_are_none_fail_the_node(engine: StandardEngine) -> None:
    inputs = both(lora_name="one.safetensors", block_weights="1,2,3")
    with pytest.raises(RunError) as caught:
        picture(engine, flow({"type": "LoadLoRA", "inputs": inputs}))
    assert caught.value.problems[0].code == "lora.bad_block_weights"
