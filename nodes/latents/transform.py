"""Latents scaled, cut, turned, and laid upon each other."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Latent, Mask
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Box, Range
from ..pictures.edit import QUARTERS
from ..rules import latent_size

MAX_SIDE = 16_384
Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]
Place = Annotated[int, Range(0, MAX_SIDE, step=8)]


@node("LatentUpscale", category="latent/transform", refuses=latent_size)
def latent_upscale(
    samples: Latent,
    *,
    upscale_method: Method = "nearest-exact",
    width: Place = 512,
    height: Place = 512,
    crop: Literal["disabled", "center"] = "disabled",
) -> Latent:
    """Scale latents to a size.

    Args:
        samples: (B, C, h, w) float32.
        upscale_method: How new cells are made; `bislerp` keeps contrast.
        width: Width of the picture in pixels; 0 keeps the shape, both 0 the latent.
        height: Height of the picture in pixels; 0 keeps the shape.
        crop: `disabled` stretches; `center` keeps the shape and cuts what is over.

    Returns:
        (B, C, height / 8, width / 8) float32.

    Raises:
        DiffusionError: A side is less than 8 pixels.
    """
    from ...diffusion.latents.shapes import upscale_latent

    return upscale_latent(
        samples, width, height, method=upscale_method, center_crop=crop == "center"
    )


@node("LatentUpscaleBy", category="latent/transform")
def latent_upscale_by(
    samples: Latent,
    *,
    upscale_method: Method = "nearest-exact",
    scale_by: Annotated[float, Range(0.01, 8, step=0.01)] = 1.5,
) -> Latent:
    """Scale latents by a factor.

    Args:
        samples: (B, C, h, w) float32.
        upscale_method: How new cells are made; `bislerp` keeps contrast.
        scale_by: Factor on both sides, which are then rounded to cells of 8 pixels.

    Returns:
        (B, C, h * factor, w * factor) float32.

    Raises:
        DiffusionError: A side would have no cells.
    """
    from ...diffusion.latents.shapes import upscale_latent_by

    return upscale_latent_by(samples, scale_by, method=upscale_method)


@node("LatentCrop", category="latent/transform")
def latent_crop(
    samples: Latent,
    *,
    width: Annotated[int, Range(8, MAX_SIDE, step=8), Box("width")] = 512,
    height: Annotated[int, Range(8, MAX_SIDE, step=8), Box("height")] = 512,
    x: Annotated[Place, Box("x")] = 0,
    y: Annotated[Place, Box("y")] = 0,
) -> Latent:
    """Cut a rectangle out of latents. What lies outside is left out.

    Args:
        samples: (B, C, h, w) float32.
        width: Width in pixels, of which whole cells of 8 count; so below.
        height: Height in pixels.
        x: Left edge in pixels.
        y: Upper edge in pixels.

    Returns:
        (B, C, up to height / 8, up to width / 8) float32, with that part of the noise mask.

    Raises:
        DiffusionError: The corner lies outside of the picture.
    """
    from ...diffusion.latents.shapes import crop_latent

    return crop_latent(samples, x, y, width, height)


@node("LatentFlip", category="latent/transform")
def latent_flip(
    samples: Latent,
    *,
    flip_method: Literal["x-axis: vertically", "y-axis: horizontally"] = "x-axis: vertically",
) -> Latent:
    """Mirror latents and their noise mask.

    Args:
        samples: (B, C, h, w) float32.
        flip_method: At the x axis, upside down, or at the y axis, left to right.

    Returns:
        Same shape.
    """
    from ...diffusion.latents.shapes import flip_latent

    return flip_latent(samples, "x" if flip_method.startswith("x") else "y")


@node("LatentRotate", category="latent/transform")
def latent_rotate(
    samples: Latent,
    *,
    rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"] = "none",
) -> Latent:
    """Turn latents and their noise mask clockwise.

    Args:
        samples: (B, C, h, w) float32.
        rotation: By how much.

    Returns:
        (B, C, h, w) or (B, C, w, h) float32.
    """
    from ...diffusion.latents.shapes import rotate_latent

    return rotate_latent(samples, QUARTERS[rotation])


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
