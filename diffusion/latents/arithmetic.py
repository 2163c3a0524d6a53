"""Calculating with latents: sums, mixtures, noise, contrast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..pictures.image import match_batch, resize
from ..pictures.masks import check_mask, fit_mask
from ..types import Latent
from .shapes import joint_family

if TYPE_CHECKING:
    from torch import Tensor


def add_latents(first: Latent, second: Latent) -> Latent:
    """The sum. The second is scaled to the first and repeated to its batch, here and below."""
    return _joined(first, second, lambda a, b: a + b)


def subtract_latents(first: Latent, second: Latent) -> Latent:
    """The difference, first minus second."""
    return _joined(first, second, lambda a, b: a - b)


def multiply_latent(latent: Latent, factor: float) -> Latent:
    """Every number times a factor."""
    return replace(latent, samples=latent.samples * factor)


def interpolate_latents(first: Latent, second: Latent, ratio: float) -> Latent:
    """Mix directions and lengths apart, so that the mixture is not paler than its parts.

    Args:
        first: One.
        second: The other.
        ratio: Share of the first, 0 to 1.

    Source: as ComfyUI's LatentInterpolate: directions of the channel vectors are mixed linearly
        and made length 1, lengths are mixed linearly.
    """

    def mix(a: Tensor, b: Tensor) -> Tensor:
        import torch.nn.functional as F

        long_a, long_b = (x.norm(dim=1, keepdim=True) for x in (a, b))
        one, two = F.normalize(a, dim=1), F.normalize(b, dim=1)
        direction = F.normalize(one * ratio + two * (1.0 - ratio), dim=1)
        mixed: Tensor = direction * (long_a * ratio + long_b * (1.0 - ratio))
        return mixed

    return _joined(first, second, mix)


def blend_latents(first: Latent, second: Latent, share: float) -> Latent:
    """share * first + (1 - share) * second; another size is scaled bicubic."""
    family = joint_family(first, second)
    tall, wide = first.samples.shape[-2:]
    fitted = resize(second.samples, wide, tall, "bicubic", center_crop=True)
    other = match_batch(fitted, len(first.samples))
    return replace(first, samples=first.samples * share + other * (1.0 - share), family=family)


def inject_noise(latent: Latent, seed: int, strength: float, mask: Tensor | None = None) -> Latent:
    """Add Gaussian noise: unit variance times strength, item by item as sampling draws it.

    Args:
        latent: What to add to.
        seed: 0 to 2**64 - 1.
        strength: Standard deviation in the unit of stored latents.
        mask: (B or 1, H, W) any size, factor on the noise from place to place; None = 1.
    """
    from .noise import initial_noise

    shape = tuple(latent.samples.shape)
    noise = initial_noise(shape, seed, latent.batch_index) * strength
    if mask is not None:
        fitted = fit_mask(check_mask(mask), (shape[-2], shape[-1]))
        noise = noise * match_batch(fitted, shape[0])
    return replace(latent, samples=latent.samples + noise)


def _joined(first: Latent, second: Latent, rule: Callable[[Tensor, Tensor], Tensor]) -> Latent:
    family = joint_family(first, second)
    tall, wide = first.samples.shape[-2:]
    fitted = resize(second.samples, wide, tall, "bilinear", center_crop=True)
    other = match_batch(fitted, len(first.samples))
    return replace(first, samples=rule(first.samples, other), family=family)
