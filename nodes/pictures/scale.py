"""Images resized."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Image
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from ..limits import MAX_SIDE
from ..rules import image_size

Filter = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]


@node("ImageScale", category="image", refuses=image_size)
def image_scale(
    image: Image,
    *,
    upscale_method: Filter = "nearest-exact",
    width: Annotated[int, Range(0, MAX_SIDE)] = 512,
    height: Annotated[int, Range(0, MAX_SIDE)] = 512,
    crop: Literal["disabled", "center"] = "disabled",
) -> Image:
    """Scale pictures to a size.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        upscale_method: How new pixels are made; `area` suits shrinking, `lanczos` photographs.
        width: New width in pixels; 0 keeps the aspect ratio.
        height: New height in pixels; 0 keeps the aspect ratio.
        crop: `disabled` stretches; `center` keeps the aspect ratio and cuts what is over.

    Returns:
        (B, height, width, 3) float32 in [0, 1].

    Raises:
        DiffusionError: Both sides are 0.
    """
    from ...diffusion.pictures.image import scale_image

    return scale_image(image, width, height, method=upscale_method, center_crop=crop == "center")


@node("ImageScaleBy", category="image")
def image_scale_by(
    image: Image,
    *,
    upscale_method: Filter = "nearest-exact",
    scale_by: Annotated[float, Range(0.01, 8, step=0.01)] = 1.0,
) -> Image:
    """Scale pictures by a factor.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        upscale_method: How new pixels are made.
        scale_by: Factor on both sides, which are then rounded.

    Returns:
        (B, H * factor, W * factor, 3) float32 in [0, 1].

    Raises:
        DiffusionError: A side would have no pixels.
    """
    from ...diffusion.pictures.image import scale_image_by

    return scale_image_by(image, scale_by, method=upscale_method)


@node("ImageScaleToTotalPixels", category="image")
def image_scale_to_total_pixels(
    image: Image,
    *,
    upscale_method: Filter = "nearest-exact",
    megapixels: Annotated[float, Range(0.01, 16, step=0.01)] = 1.0,
) -> Image:
    """Scale pictures to a number of pixels in all, keeping their shape.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        upscale_method: How new pixels are made.
        megapixels: Pixels in all, in units of 1024 * 1024.

    Returns:
        (B, h, w, 3) float32 in [0, 1].
    """
    from ...diffusion.pictures.image import scale_to_pixels

    return scale_to_pixels(image, megapixels, method=upscale_method)


@node("ImageScaleToMaxDimension", category="image")
def image_scale_to_max_dimension(
    image: Image,
    *,
    upscale_method: Filter = "area",
    largest_size: Annotated[int, Range(1, MAX_SIDE)] = 512,
) -> Image:
    """Scale pictures so that their longer side has so many pixels.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        upscale_method: How new pixels are made.
        largest_size: The longer side in pixels.

    Returns:
        (B, h, w, 3) float32 in [0, 1].
    """
    from ...diffusion.pictures.shapes import scale_to_side

    return scale_to_side(image, largest_size, method=upscale_method)
