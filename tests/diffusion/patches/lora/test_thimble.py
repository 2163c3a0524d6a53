"""What thimble's style LoRA means: outlines on pale paper, of the colours that the prompt names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

import weft.diffusion as wd
from weft.diffusion.patches.lora.apply import apply_lora, fit_lora
from weft.diffusion.patches.lora.file import load_lora
from weft.nodes.standard.folders import THIMBLE

STYLE = THIMBLE / "loras" / "thimble-outline.safetensors"
RED, BLUE = torch.tensor([220.0, 40, 40]) / 255, torch.tensor([45.0, 85, 215]) / 255


@pytest.fixture(scope="module")
def pictures() -> dict[float, Tensor]:
    """Strength -> three pictures of a red circle on blue."""
    model, clip, vae = wd.load_checkpoint(THIMBLE / "checkpoints" / "thimble.safetensors")
    prompt = wd.encode_text(clip, "a large red circle on a blue background")
    empty = wd.encode_text(clip, "")
    found = {}
    for strength in (0.0, 0.8):
        styled, _ = apply_lora(model, None, load_lora(STYLE), strength)
        latent = wd.sample(
            styled, prompt, empty, wd.empty_latent(128, 128, 3), seed=8, steps=12, cfg=4.0,
            sampler_name="dpmpp_2m", scheduler="karras",
        )  # fmt: skip
        found[strength] = wd.decode_latent(vae, latent)
    return found


def share(pictures: Tensor, colour: Tensor) -> float:
    """Share of pixels that are about of a colour."""
    return float(((pictures - colour).norm(dim=-1) < 0.35).float().mean())


def border(pictures: Tensor) -> Tensor:
    """Mean colour of the outermost pixels."""
    edge = torch.ones(pictures.shape[1:3], dtype=torch.bool)
    edge[4:-4, 4:-4] = False
    return pictures[:, edge].mean(dim=(0, 1))


def test_paper_is_paler_and_still_blue(pictures: dict[float, Tensor]) -> None:
    plain, styled = border(pictures[0.0]), border(pictures[0.8])
    assert float(styled.mean() - plain.mean()) > 0.15
    assert float(styled[2]) > float(styled[0]) + 0.05


def test_circle_loses_its_inside_and_keeps_red_ink(pictures: dict[float, Tensor]) -> None:
    plain, styled = share(pictures[0.0], RED), share(pictures[0.8], RED)
    assert plain > 0.1
    assert 0.01 < styled < 0.75 * plain


def test_file_is_small_and_every_layer_of_it_is_used() -> None:
    model, clip, _ = wd.load_checkpoint(THIMBLE / "checkpoints" / "thimble.safetensors")
    assert fit_lora(model, clip, load_lora(STYLE)).unused == ()
    assert Path(STYLE).stat().st_size < 1_000_000
