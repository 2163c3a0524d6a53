"""Latents pasted, joined and cut apart."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Latent, Mask
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from ..limits import MAX_SIDE
from .transform import Place


@node("LatentComposite", category="latent/transform")
def latent_composite(
    samples_to: Latent,
    samples_from: Latent,
    *,
    x: Place = 0,
    y: Place = 0,
    feather: Place = 0,
) -> Latent:
    """Lay one latent upon another.

    Args:
        samples_to: Below; noise mask and batch numbers are its own.
        samples_from: Above; what reaches beyond is left out.
        x: Where its left edge comes to lie, in pixels.
        y: Where its upper edge comes to lie, in pixels.
        feather: Over how many pixels it fades towards edges inside the lower one.

    Returns:
        A latent of the size of `samples_to`.

    Raises:
        DiffusionError: They belong to different families, or the place lies outside.
    """
    from ...diffusion.latents.shapes import composite_latent

    return composite_latent(samples_to, samples_from, x, y, feather=feather)


@node("LatentCompositeMasked", category="latent/transform")
def latent_composite_masked(
    destination: Latent,
    source: Latent,
    mask: Mask | None = None,
    *,
    x: Place = 0,
    y: Place = 0,
    resize_source: bool = False,
) -> Latent:
    """Lay one latent upon another through a mask.

    Args:
        destination: Below; noise mask and batch numbers are its own.
        source: Above; repeated in turn to the batch below.
        mask: (B, any size) float32, stretched over the source; 1 = the source is seen. None = all.
        x: Where the left edge of the source comes to lie, in pixels; what is over is left out.
        y: Where its upper edge comes to lie, in pixels.
        resize_source: Stretch the source to the size of the destination first (bilinear).

    Returns:
        A latent of the size of `destination`.

    Raises:
        DiffusionError: They belong to different families.
    """
    from ...diffusion.latents.shapes import composite_latent_masked

    return composite_latent_masked(destination, source, x, y, mask, resize_source=resize_source)


@node("LatentConcat", category="latent/transform")
def latent_concat(
    samples1: Latent, samples2: Latent, *, dim: Literal["x", "-x", "y", "-y", "t", "-t"] = "x"
) -> Latent:
    """Put two latents side by side.

    Args:
        samples1: One; its noise mask is not kept.
        samples2: The other, as long on the touching side; repeated in turn to the batch.
        dim: Where the second goes: `x` right, `-x` left, `y` below, `-y` above; `t` is for videos.

    Returns:
        (B, C, h, w1 + w2) or (B, C, h1 + h2, w) float32.

    Raises:
        DiffusionError: Families or sides differ, or `dim` is `t`.
    """
    from ...diffusion.latents.shapes import concat_latents

    return concat_latents(samples1, samples2, dim)


@node("LatentCut", category="latent/transform")
def latent_cut(
    samples: Latent,
    *,
    dim: Literal["x", "y", "t"] = "x",
    index: Annotated[int, Range(-MAX_SIDE, MAX_SIDE)] = 0,
    amount: Annotated[int, Range(1, MAX_SIDE)] = 1,
) -> Latent:
    """Take some columns or rows of cells.

    Args:
        samples: (B, C, h, w) float32.
        dim: `x` columns, `y` rows; `t` is for videos.
        index: First cell, of 8 pixels; negative counts from the end.
        amount: How many cells at most.

    Returns:
        (B, C, h, up to amount) or (B, C, up to amount, w) float32.

    Raises:
        DiffusionError: The index lies outside, or `dim` is `t`.
    """
    from ...diffusion.latents.shapes import cut_latent

    return cut_latent(samples, dim, index, amount)
