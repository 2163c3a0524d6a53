"""Latents resized, cropped, flipped and rotated."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Latent
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Box, Range

from ..limits import MAX_SIDE
from ..pictures.transform import QUARTERS
from ..rules import latent_size

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
    """Resize latents to a given size.

    Args:
        samples: The latent. (B, C, h, w) float32.
        upscale_method: The resampling filter; `bislerp` keeps contrast.
        width: Width of the image in pixels. 0 keeps the aspect ratio; if both are 0, the latent is
            unchanged.
        height: Height of the image in pixels. 0 keeps the aspect ratio.
        crop: `disabled` stretches the latent; `center` keeps the aspect ratio and crops to the
            middle.

    Returns:
        The latent, (B, C, height / 8, width / 8) float32.

    Raises:
        DiffusionError: A side is less than 8 pixels.
    """
    from weft.diffusion.latents.shapes import upscale_latent

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
    """Resize latents by a factor.

    Args:
        samples: The latent. (B, C, h, w) float32.
        upscale_method: The resampling filter; `bislerp` keeps contrast.
        scale_by: Factor on both sides, which are then rounded to cells of 8 pixels.

    Returns:
        The latent, (B, C, h * factor, w * factor) float32.

    Raises:
        DiffusionError: A side would have no cells.
    """
    from weft.diffusion.latents.shapes import upscale_latent_by

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
    """Crop latents to a rectangle, which is cut at the edges of the image.

    Args:
        samples: The latent. (B, C, h, w) float32.
        width: Width in pixels. This and the other sizes count whole latent cells of 8 pixels.
        height: Height in pixels.
        x: Left edge in pixels.
        y: Top edge in pixels.

    Returns:
        The latent with its part of the noise mask, (B, C, up to height / 8, up to width / 8)
        float32.

    Raises:
        DiffusionError: The corner lies outside the image.
    """
    from weft.diffusion.latents.shapes import crop_latent

    return crop_latent(samples, x, y, width, height)


@node("LatentFlip", category="latent/transform")
def latent_flip(
    samples: Latent,
    *,
    flip_method: Literal["x-axis: vertically", "y-axis: horizontally"] = "x-axis: vertically",
) -> Latent:
    """Flip latents and their noise mask.

    Args:
        samples: The latent. (B, C, h, w) float32.
        flip_method: `x-axis: vertically` flips upside down, `y-axis: horizontally` flips left to
            right.

    Returns:
        The flipped latent, of the same shape.
    """
    from weft.diffusion.latents.shapes import flip_latent

    return flip_latent(samples, "x" if flip_method.startswith("x") else "y")


@node("LatentRotate", category="latent/transform")
def latent_rotate(
    samples: Latent,
    *,
    rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"] = "none",
) -> Latent:
    """Rotate latents and their noise mask clockwise.

    Args:
        samples: The latent. (B, C, h, w) float32.
        rotation: The angle in degrees.

    Returns:
        The rotated latent, (B, C, h, w) or (B, C, w, h) float32.
    """
    from weft.diffusion.latents.shapes import rotate_latent

    return rotate_latent(samples, QUARTERS[rotation])
