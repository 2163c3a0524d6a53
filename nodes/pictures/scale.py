"""Images resized."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Image
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

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
    """Resize images to a given size.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        upscale_method: The resampling filter: `area` suits downscaling, `lanczos` suits
            photographs.
        width: Width in pixels. 0 keeps the aspect ratio.
        height: Height in pixels. 0 keeps the aspect ratio.
        crop: `disabled` stretches the image; `center` keeps the aspect ratio and crops to the
            middle.

    Returns:
        The images, (B, height, width, 3) float32 in [0, 1].

    Raises:
        DiffusionError: Both sides are 0.
    """
    from weft.diffusion.pictures.image import scale_image

    return scale_image(image, width, height, method=upscale_method, center_crop=crop == "center")


@node("ImageScaleBy", category="image")
def image_scale_by(
    image: Image,
    *,
    upscale_method: Filter = "nearest-exact",
    scale_by: Annotated[float, Range(0.01, 8, step=0.01)] = 1.0,
) -> Image:
    """Resize images by a factor.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        upscale_method: The resampling filter.
        scale_by: Factor on both sides, which are then rounded.

    Returns:
        The images, (B, H * factor, W * factor, 3) float32 in [0, 1].

    Raises:
        DiffusionError: A side would have no pixels.
    """
    from weft.diffusion.pictures.image import scale_image_by

    return scale_image_by(image, scale_by, method=upscale_method)


@node("ImageScaleToTotalPixels", category="image")
def image_scale_to_total_pixels(
    image: Image,
    *,
    upscale_method: Filter = "nearest-exact",
    megapixels: Annotated[float, Range(0.01, 16, step=0.01)] = 1.0,
) -> Image:
    """Resize images to a total number of pixels, keeping the aspect ratio.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        upscale_method: The resampling filter.
        megapixels: Total number of pixels, in units of 1024 * 1024.

    Returns:
        The images, (B, h, w, 3) float32 in [0, 1].
    """
    from weft.diffusion.pictures.image import scale_to_pixels

    return scale_to_pixels(image, megapixels, method=upscale_method)


@node("ImageScaleToMaxDimension", category="image")
def image_scale_to_max_dimension(
    image: Image,
    *,
    upscale_method: Filter = "area",
    largest_size: Annotated[int, Range(1, MAX_SIDE)] = 512,
) -> Image:
    """Resize images to a length of the longer side, keeping the aspect ratio.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        upscale_method: The resampling filter.
        largest_size: Length of the longer side in pixels.

    Returns:
        The images, (B, h, w, 3) float32 in [0, 1].
    """
    from weft.diffusion.pictures.shapes import scale_to_side

    return scale_to_side(image, largest_size, method=upscale_method)
