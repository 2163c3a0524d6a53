"""Files in ComfyUI's API format that use its operations on prompts, latents and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

import weft
from weft.nodes.standard.registry import standard_registry

from . import flows


def regional() -> dict[str, Any]:
    """Two areas, a mask, times; two passes; a composite through a feathered mask."""
    data = flows.comfy_canny()
    for unused in ("10", "11", "12", "13", "14"):
        del data[unused]

    def add(node: str, kind: str, **inputs: Any) -> None:
        data[node] = {"class_type": kind, "inputs": inputs}

    add(
        "20",
        "ConditioningSetArea",
        conditioning=["6", 0],
        width=64,
        height=64,
        x=0,
        y=0,
        strength=1,
    )
    add("21", "ConditioningSetAreaPercentage", conditioning=["7", 0], width=0.5, height=1, x=0.5, y=0, strength=0.8)  # fmt: skip  # noqa: E501
    add("22", "SolidMask", value=1, width=32, height=64)
    add("23", "ConditioningSetMask", conditioning=["6", 0], mask=["22", 0], strength=1, set_cond_area="mask bounds")  # fmt: skip  # noqa: E501
    add("24", "ConditioningSetTimestepRange", conditioning=["23", 0], start=0, end=0.5)
    add("25", "ConditioningCombine", conditioning_1=["20", 0], conditioning_2=["21", 0])
    add("26", "ConditioningCombine", conditioning_1=["25", 0], conditioning_2=["24", 0])
    data["3"]["inputs"] |= {"positive": ["26", 0], "negative": ["7", 0], "latent_image": ["5", 0]}
    data["5"]["inputs"] |= {"width": 128, "height": 64}
    add("30", "LatentUpscaleBy", samples=["3", 0], upscale_method="bislerp", scale_by=1.5)
    add("31", "LatentFlip", samples=["30", 0], flip_method="y-axis: horizontally")
    add("32", "VAEDecodeTiled", samples=["31", 0], vae=["4", 2], tile_size=64, overlap=32, temporal_size=64, temporal_overlap=8)  # fmt: skip  # noqa: E501
    add("33", "FeatherMask", mask=["22", 0], left=8, top=8, right=8, bottom=8)
    add("34", "EmptyImage", width=32, height=64, batch_size=1, color=0xFF0000)
    add("35", "ImageCompositeMasked", destination=["32", 0], source=["34", 0], mask=["33", 0], x=16, y=8, resize_source=False)  # fmt: skip  # noqa: E501
    add(
        "36", "ImagePadForOutpaint", image=["35", 0], left=8, top=0, right=0, bottom=0, feathering=4
    )
    add("37", "InvertMask", mask=["36", 1])
    add("38", "JoinImageWithAlpha", image=["36", 0], alpha=["37", 0])
    data["9"]["inputs"]["images"] = ["38", 0]
    del data["8"]
    return data


def test_file_of_comfyui_with_its_operations_runs_as_it_is(
    tiny_models: Path, tmp_path: Path
) -> None:
    registry = standard_registry(packs=False)
    workflow = weft.Workflow.from_json(regional(), registry)
    with weft.Engine(
        models=[tiny_models], output=tmp_path, packs=False, disk_cache=False
    ) as engine:
        result = engine.run(workflow, outputs=["38.image", "35.image"])
    picture = result["38.image"]
    assert picture.shape == (1, 96, 200, 4)
    assert picture[0, 50, 0, 3] == 1  # what is new is opaque: the mask was inverted
    assert picture[0, 50, 190, 3] == 0
    assert torch.equal(result["35.image"][0, 40, 32], torch.tensor([1.0, 0.0, 0.0]))
