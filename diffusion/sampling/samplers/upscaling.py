"""LCM that upscales the latent between its steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from .protocol import AfterStep, Noise, Predict

if TYPE_CHECKING:
    from torch import Tensor

    from ...latents.shapes import Method


def lcm_upscale(
    predict: Predict,
    x: Tensor,
    sigmas: Sequence[float],
    *,
    noise: Noise,
    after_step: AfterStep,
    flow: bool = False,
    scale_ratio: float = 1.0,
    scale_steps: int = -1,
    upscale_method: Method = "bislerp",
) -> Tensor:
    """LCM that upscales the denoised latent after its first steps.

    The size grows evenly over `scale_steps` steps, or over half of them (below 0). Source: Luo et
    al. 2023 for the steps; ComfyUI's SamplerLCMUpscale for the sizes.
    """
    from ...latents.shapes import resize_cells

    tall, wide = x.shape[-2:]
    places = len(sigmas)
    count = max(places // 2, 1) if scale_steps < 0 else min(scale_steps, places)
    for index, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        x = denoised
        if index < count:
            ratio = 1.0 + (scale_ratio - 1.0) * (index + 1) / count
            size = (round(tall * ratio), round(wide * ratio))
            if size != tuple(x.shape[-2:]):
                x = resize_cells(x, size[1], size[0], upscale_method)
        if following > 0:
            keep = 1.0 - following if flow else 1.0
            x = keep * x + noise(x, sigma, following) * following
        after_step(index, sigma, denoised, x)
    return x
