"""The noise mask: keeps the original outside of it while the rest is painted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .samplers.protocol import Predict

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Masked:
    """A model that sees, outside of a mask, the original at the noise level of the moment.

    Attributes:
        predict: The model with guidance.
        mask: (B, 1, h, w) float32; 1 = paint, 0 = keep.
        original: (B, C, h, w) clean latent in the model's space.
        noise: The noise of the kept part, same shape.
        noised: Mixes both for a noise level: (original, noise, sigma).
        mask_at: The mask at a noise level, from the whole one; None = always the same.
    """

    predict: Predict
    mask: Tensor
    original: Tensor
    noise: Tensor
    noised: Callable[[Tensor, Tensor, float], Tensor]
    mask_at: Callable[[Tensor, float], Tensor] | None = None

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        mask, seen = self._seen(x, sigma)
        return self._kept(self.predict(seen, sigma), mask)

    def both(self, x: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
        mask, seen = self._seen(x, sigma)
        denoised, unguided = self.predict.both(seen, sigma)
        return self._kept(denoised, mask), self._kept(unguided, mask)

    def _seen(self, x: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
        mask = self.mask if self.mask_at is None else self.mask_at(self.mask, sigma)
        return mask, x * mask + self.noised(self.original, self.noise, sigma) * (1.0 - mask)

    def _kept(self, denoised: Tensor, mask: Tensor) -> Tensor:
        return denoised * mask + self.original * (1.0 - mask)


def latent_mask(mask: Tensor, like: Tensor) -> Tensor:
    """A mask (B or 1, H, W) of any size as (B, 1, h, w), bilinear, on the device of `like`."""
    import torch.nn.functional as F

    resized = F.interpolate(mask[:, None].float(), size=like.shape[-2:], mode="bilinear")
    return resized.expand(like.shape[0], -1, -1, -1).to(like)
