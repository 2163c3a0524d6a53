"""Merges with a ratio for every block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.patches.merge import merge_blocks
from weft.nodes.standard.registry import standard_registry

from ... import families, models


class Quiet:
    """Stands for a run; nothing is reported."""

    def progress(self, *_: Any) -> None:
        raise AssertionError("nothing was to be said")


def merged(type_id: str, first: wd.Model, second: wd.Model, **ratios: float) -> wd.Model:
    spec = standard_registry(packs=False)[type_id]
    found: wd.Model = spec.function(Quiet(), first, second, **ratios)
    return found


def check(type_id: str, first: wd.Model, second: wd.Model, block: str, inside: str) -> None:
    """With `block` at 0, tensors whose names begin so are the second's, all others the first's."""
    found = merged(type_id, first, second, **{block: 0.0})
    taken = 0
    for name in first.weights.shapes:
        source = second if name.startswith(inside) else first
        taken += name.startswith(inside)
        assert torch.equal(found.weights.tensor(name), source.weights.tensor(name)), name
    assert taken > 0


def test_block_of_sd1_comes_from_the_second(tmp_path: Path) -> None:
    first, second = (
        wd.load_checkpoint(models.tiny_sd1(tmp_path / f"{n}.safetensors", seed=9200 + n))[0]
        for n in range(2)
    )
    check("ModelMergeSD1", first, second, "input_blocks_0", "conv_in.")
    check("ModelMergeSD1", first, second, "time_embed", "time_embedding.")
    check("ModelMergeSD1", first, second, "middle_block_1", "mid_block.attentions.0.")


def test_joined_layers_of_transformers_merge_by_block_too(tmp_path: Path) -> None:
    flux = [
        wd.load_checkpoint(
            families.tiny_flux(tmp_path / f"flux{n}.safetensors", seed=9210 + n).path
        )[0]
        for n in range(2)
    ]
    check("ModelMergeFlux1", *flux, "double_blocks_0", "transformer_blocks.0.")
    check("ModelMergeFlux1", *flux, "single_blocks_0", "single_transformer_blocks.0.")
    sd3 = [
        wd.load_checkpoint(families.tiny_sd3(tmp_path / f"sd3{n}.safetensors", seed=9220 + n).path)[
            0
        ]
        for n in range(2)
    ]
    check("ModelMergeSD3_2B", *sd3, "joint_blocks_1", "transformer_blocks.1.")


def test_ratio_of_one_half_is_the_mean(tmp_path: Path) -> None:
    first, second = (
        wd.load_checkpoint(models.tiny_sd1(tmp_path / f"{n}.safetensors", seed=9230 + n))[0]
        for n in range(2)
    )
    name = "conv_out.weight"
    found = merge_blocks(first, second, {"time_embed.": 1.0, "out.": 0.5}).weights.tensor(name)
    mean = (first.weights.tensor(name) + second.weights.tensor(name)) / 2
    torch.testing.assert_close(found, mean, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("kind", "theirs", "ours"),
    [
        ("ModelMergeSD2", "input_blocks.3.", "input_blocks_3"),
        ("ModelMergeSDXL", "input_blocks.3", "input_blocks_3"),
        ("ModelMergeFlux1", "guidance_in", "guidance_in"),
        ("ModelMergeSD35_Large", "joint_blocks.37.", "joint_blocks_37"),
    ],
)
def test_names_of_comfyui_are_taken(kind: str, theirs: str, ours: str) -> None:
    spec = standard_registry(packs=False).find(kind)
    assert spec is not None
    assert spec.parameter(theirs).name == ours
