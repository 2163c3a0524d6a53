"""Latents pasted, joined and cut apart."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Latent, Mask
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

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
    """Paste one latent onto another.

    Args:
        samples_to: The latent below. The result keeps its noise mask and its indices for the noise.
        samples_from: The latent above. It is cut at the edges of the one below.
        x: Position of its left edge in pixels.
        y: Position of its top edge in pixels.
        feather: Width in pixels of the soft transition at edges that lie inside the latent below. 0
            is a hard edge.

    Returns:
        The latent, of the size of `samples_to`.

    Raises:
        DiffusionError: The latents belong to different model families, or the position lies
        outside.
    """
    from weft.diffusion.latents.shapes import composite_latent

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
    """Paste one latent onto another through a mask.

    Args:
        destination: The latent below. The result keeps its noise mask and its indices for the
            noise.
        source: The latent above. It is repeated to the batch size below.
        mask: Visibility of the source: 1 shows it, 0 hides it. It is stretched to the size of the
            source. Empty shows all of it. (B, any size) float32.
        x: Position of the source's left edge in pixels. Parts outside the destination are cut off.
        y: Position of the source's top edge in pixels.
        resize_source: Whether the source is first stretched to the size of the destination
            (bilinear).

    Returns:
        The latent, of the size of `destination`.

    Raises:
        DiffusionError: The latents belong to different model families.
    """
    from weft.diffusion.latents.shapes import composite_latent_masked

    return composite_latent_masked(destination, source, x, y, mask, resize_source=resize_source)


@node("LatentConcat", category="latent/transform")
def latent_concat(
    samples1: Latent, samples2: Latent, *, dim: Literal["x", "-x", "y", "-y", "t", "-t"] = "x"
) -> Latent:
    """Put two latents side by side.

    Args:
        samples1: The first latent. Its noise mask is not kept.
        samples2: The second latent, of the same length along the shared side. It is repeated to the
            batch size of the first.
        dim: Position of the second latent: `x` right, `-x` left, `y` below, `-y` above. `t` is for
            videos.

    Returns:
        The latent, (B, C, h, w1 + w2) or (B, C, h1 + h2, w) float32.

    Raises:
        DiffusionError: The families or the shared sides differ, or `dim` is `t`.
    """
    from weft.diffusion.latents.shapes import concat_latents

    return concat_latents(samples1, samples2, dim)


@node("LatentCut", category="latent/transform")
def latent_cut(
    samples: Latent,
    *,
    dim: Literal["x", "y", "t"] = "x",
    index: Annotated[int, Range(-MAX_SIDE, MAX_SIDE)] = 0,
    amount: Annotated[int, Range(1, MAX_SIDE)] = 1,
) -> Latent:
    """Take some columns or rows of a latent.

    Args:
        samples: The latent. (B, C, h, w) float32.
        dim: `x` takes columns, `y` takes rows. `t` is for videos.
        index: Index of the first cell of 8 pixels. Negative values count from the end.
        amount: Maximum number of cells to take.

    Returns:
        The latent, (B, C, h, up to amount) or (B, C, up to amount, w) float32.

    Raises:
        DiffusionError: The index lies outside, or `dim` is `t`.
    """
    from weft.diffusion.latents.shapes import cut_latent

    return cut_latent(samples, dim, index, amount)
