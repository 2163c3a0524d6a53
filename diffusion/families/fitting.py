"""Latents as a model takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import ShapeError
from ..vae.format import ANY, LatentFormat, same_space
from . import family_named

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import Latent, Model


def for_model(latent: Latent, model: Model) -> Latent:
    """A latent as a model takes it; an empty one of no family gets the model's channels and cells.

    Raises:
        ShapeError: It belongs to another VAE; both kinds are named.
    """
    family = family_named(model.family)
    wanted, samples = family.latent, latent.samples
    if latent.family == ANY and samples.ndim == 4:
        return replace(latent, samples=_empty_like(samples, wanted), family=wanted.name)
    fits = samples.ndim == 4 and samples.shape[1] == wanted.channels
    if not fits or not same_space(latent.family, wanted.name):
        raise ShapeError(
            "latent.does_not_fit",
            f"The latent belongs to another model family than this model ({family.words}).",
            expected=f"{wanted.name}, (B, {wanted.channels}, h, w)",
            got=f"{latent.family}, {tuple(samples.shape)}",
            hint="Encode the image with the VAE of the model that is sampled.",
        )
    return latent if latent.family == wanted.name else replace(latent, family=wanted.name)


def _empty_like(samples: Tensor, wanted: LatentFormat) -> Tensor:
    batch, channels, height, width = samples.shape
    factor = wanted.downscale / EMPTY_DOWNSCALE
    size = (round(height / factor), round(width / factor))
    if channels == wanted.channels and size == (height, width):
        return samples
    return samples.new_zeros(batch, wanted.channels, *size)


EMPTY_DOWNSCALE = 8
"""Cells of an empty latent of no family are 8 pixels wide, as nearly all families have them."""
