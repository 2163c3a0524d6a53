"""A plain diffusers sampling loop, for looking at a run; the benchmark uses weft's own library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPTokenizer

from training.nets import LATENT, SCHEDULE, Net, alphas_cumprod, untyped
from training.tokenizer import encode
from training.vae import SCALING

Extra = Callable[[Tensor, Tensor, Tensor], dict[str, Any]]
"""(model input, step, text states) -> more UNet arguments: control residuals, image tokens."""


@torch.no_grad()
def text_states(encoder: Net, tokenizer: CLIPTokenizer, texts: list[str]) -> Tensor:
    """Last hidden states of the prompts: (B, 77, width)."""
    ids = torch.tensor(encode(tokenizer, texts), device=encoder.device)
    states: Tensor = encoder(ids).last_hidden_state
    return states


@torch.no_grad()
def sample(
    unet: Net,
    context: Tensor,
    empty: Tensor,
    seeds: list[int],
    guidance: float = 4.5,
    steps: int = 20,
    extra: Extra | None = None,
) -> Tensor:
    """Scaled latents (B, 4, 16, 16); `context` (B, 77, W) and `empty` (1, 77, W) are text states.

    The noise of a picture depends on its seed alone.
    """
    scheduler = untyped(DPMSolverMultistepScheduler, **SCHEDULE)
    scheduler.set_timesteps(steps, device=context.device)
    noise = [
        torch.randn(4, LATENT, LATENT, generator=torch.Generator().manual_seed(s)) for s in seeds
    ]
    x = torch.stack(noise).to(context.device) * scheduler.init_noise_sigma
    both = torch.cat([empty.expand_as(context), context])
    for step in scheduler.timesteps:
        doubled = torch.cat([x, x])
        more = extra(doubled, step, both) if extra else {}
        without, given = unet(doubled, step, both, **more).sample.float().chunk(2)
        x = scheduler.step(without + guidance * (given - without), step, x).prev_sample
    found: Tensor = x
    return found


@torch.no_grad()
def sample_lcm(unet: Net, context: Tensor, seeds: list[int], steps: int = 4) -> Tensor:
    """Scaled latents (B, 4, 16, 16) by the sampler of consistency models, without guidance."""
    power = alphas_cumprod().to(context.device)
    generators = [torch.Generator().manual_seed(s) for s in seeds]

    def noise() -> Tensor:
        drawn = [torch.randn(4, LATENT, LATENT, generator=g) for g in generators]
        return torch.stack(drawn).to(context.device)

    picture = torch.zeros(len(seeds), 4, LATENT, LATENT, device=context.device)
    for step in torch.linspace(len(power) - 1, 0, steps + 1).round().long().tolist()[:-1]:
        signal, rest = power[step].sqrt(), (1 - power[step]).sqrt()
        # The first time there is no picture yet, and the noise stands alone.
        x = signal * picture + rest * noise() if picture.any() else noise()
        picture = (x - rest * unet(x, step, context).sample.float()) / signal
    return picture


@torch.no_grad()
def decode(vae: Net, latents: Tensor) -> NDArray[np.uint8]:
    """Scaled latents to pictures: (B, 128, 128, 3) uint8."""
    pixels = vae.decode(latents.float() / SCALING).sample.clamp(-1, 1)
    whole = ((pixels + 1) * 127.5).round().byte()
    return np.asarray(whole.permute(0, 2, 3, 1).cpu().numpy())


def contact_sheet(path: Path, pictures: NDArray[np.uint8], columns: int = 8) -> None:
    """Write (B, H, W, 3) pictures side by side as one PNG."""
    missing = -len(pictures) % columns
    blank = np.zeros((missing, *pictures.shape[1:]), np.uint8)
    rows = np.concatenate([pictures, blank]).reshape(-1, columns, *pictures.shape[1:])
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), sheet[..., ::-1])
