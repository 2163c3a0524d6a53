"""Classifier-free guidance and the noise mask, as wrappers around a denoiser."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .denoiser import Denoiser
from .samplers.protocol import Predict
from .types import Conditioning

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Guided:
    """negative + cfg * (positive - negative), on x0. At cfg 1 the negative pass is left out.

    Source: Ho & Salimans 2022; the choice of x0 as ComfyUI (equal to eps up to rounding).
    """

    denoiser: Denoiser
    positive: Conditioning
    negative: Conditioning
    cfg: float

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        if math.isclose(self.cfg, 1.0):
            return self.denoiser.predict(x, sigma, self.positive)
        wanted, unwanted = self.denoiser.predict_pair(x, sigma, self.positive, self.negative)
        return unwanted + self.cfg * (wanted - unwanted)


@dataclass(frozen=True, slots=True)
class Masked:
    """Keeps the original outside of a mask while the rest is painted.

    Attributes:
        predict: The model with guidance.
        mask: (B, 1, h, w) float32; 1 = paint, 0 = keep.
        original: (B, C, h, w) clean latent in the model's space.
        noise: The run's initial noise, same shape.
    """

    predict: Predict
    mask: Tensor
    original: Tensor
    noise: Tensor

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        kept = self.original + self.noise * sigma
        denoised = self.predict(x * self.mask + kept * (1.0 - self.mask), sigma)
        return denoised * self.mask + self.original * (1.0 - self.mask)


def latent_mask(mask: Tensor, like: Tensor) -> Tensor:
    """A mask (B or 1, H, W) of any size as (B, 1, h, w), bilinear, on the device of `like`."""
    import torch.nn.functional as F

    resized = F.interpolate(mask[:, None].float(), size=like.shape[-2:], mode="bilinear")
    return resized.expand(like.shape[0], -1, -1, -1).to(like)
