"""Nodes for latents keep the contract of a node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from weft import testing
from weft.diffusion.latents.operations import Tonemap
from weft.nodes.latents import arithmetic as latent_math
from weft.nodes.latents import batches as latent_batch
from weft.nodes.latents import composite, latent
from weft.nodes.latents import transform as latent_transform
from weft.nodes.latents import vae as vae_nodes

ONE, TWO = testing.latent(2), testing.latent(1, 6, 4, seed=1)
SAME = testing.latent(2, seed=2)
MASK = testing.mask()


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        *(
            (
                latent_transform.latent_upscale,
                {"samples": ONE, "upscale_method": method, "width": 96, "height": 120},
            )
            for method in ("nearest-exact", "bilinear", "area", "bicubic", "bislerp")
        ),
        (latent_transform.latent_upscale, {"samples": ONE, "width": 32, "crop": "center"}),
        (latent_transform.latent_upscale_by, {"samples": ONE, "scale_by": 1.3}),
        (latent_transform.latent_crop, {"samples": ONE, "width": 24, "height": 8, "x": 8}),
        (latent_transform.latent_flip, {"samples": ONE}),
        (latent_transform.latent_rotate, {"samples": ONE, "rotation": "90 degrees"}),
        (
            composite.latent_composite,
            {"samples_to": ONE, "samples_from": TWO, "x": 8, "feather": 16},
        ),
        (
            composite.latent_composite_masked,
            {"destination": ONE, "source": TWO, "mask": MASK, "y": 24},
        ),
        (composite.latent_concat, {"samples1": ONE, "samples2": SAME, "dim": "-y"}),
        (composite.latent_cut, {"samples": ONE, "index": -3, "amount": 2}),
        (latent_batch.latent_batch, {"samples1": ONE, "samples2": TWO}),
        (latent_batch.latent_from_batch, {"samples": ONE, "batch_index": 1}),
        (latent_batch.repeat_latent_batch, {"samples": ONE, "amount": 2}),
        (latent_batch.rebatch_latents, {"latents": [ONE, SAME], "batch_size": 3}),
        (latent_batch.rebatch_latents, {"latents": ONE}),
        (latent_batch.latent_batch_seed_behavior, {"samples": ONE}),
        (latent_math.latent_add, {"samples1": ONE, "samples2": TWO}),
        (latent_math.latent_subtract, {"samples1": ONE, "samples2": SAME}),
        (latent_math.latent_multiply, {"samples": ONE, "multiplier": -2}),
        (latent_math.latent_interpolate, {"samples1": ONE, "samples2": TWO, "ratio": 0.4}),
        (latent_math.latent_blend, {"samples1": ONE, "samples2": TWO}),
        (latent_math.latent_inject_noise, {"samples": ONE, "mask": MASK, "seed": 5}),
        (latent_math.latent_operation_tonemap_reinhard, {"multiplier": 0.5}),
        (latent_math.latent_operation_sharpen, {}),
        (latent_math.latent_apply_operation, {"samples": ONE, "operation": Tonemap(0.5)}),
        (latent.set_latent_noise_mask, {"samples": ONE, "mask": MASK}),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_latent_node_keeps_its_contract(function: Any, inputs: dict[str, Any]) -> None:
    testing.check_node(function, **inputs)


def test_nodes_with_a_vae_keep_their_contract(tiny_models: Path) -> None:
    vae = testing.value("VAE", models=tiny_models)
    whole = testing.check_node(
        vae_nodes.vae_encode_for_inpaint, pixels=testing.image(2), vae=vae, mask=MASK
    )
    assert whole.noise_mask.shape == (1, 48, 64)
    tiled = testing.check_node(
        vae_nodes.vae_encode_tiled, pixels=testing.image(1, 128, 96), vae=vae, tile_size=64
    )
    assert tiled.samples.shape == (1, 4, 16, 12)
    pictures = testing.check_node(
        vae_nodes.vae_decode_tiled, samples=testing.latent(1, 16, 12), vae=vae, tile_size=64
    )
    assert pictures.shape == (1, 128, 96, 3)
    assert torch.isfinite(pictures).all()
