"""Masks from images and files, and masks as images."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Image, Mask
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Alias, Color, InputFile, Range

from .image import IMAGE_FILES


@node("MaskToImage", category="mask")
def mask_to_image(mask: Mask) -> Image:
    """Convert a mask to a grey image.

    Args:
        mask: The mask. (B, H, W) float32 in [0, 1].

    Returns:
        The image, (B, H, W, 3) float32 with 3 equal channels.
    """
    from weft.diffusion.pictures.masks import mask_to_image as to_image

    return to_image(mask)


@node("ImageToMask", category="mask")
def image_to_mask(
    image: Image, *, channel: Literal["red", "green", "blue", "alpha"] = "red"
) -> Mask:
    """Convert one channel of an image to a mask.

    Args:
        image: The image, with or without an alpha channel. (B, H, W, 3 or 4) float32 in [0, 1].
        channel: The channel. `alpha` is taken as stored: 1 is opaque.

    Returns:
        The mask. (B, H, W) float32.

    Raises:
        DiffusionError: The image has no alpha channel.
    """
    from weft.diffusion.pictures.masks import channel_mask

    return channel_mask(image, channel)


@node("ImageColorToMask", category="mask")
def image_color_to_mask(
    image: Image, *, color: Annotated[int, Range(0, 0xFFFFFF), Color()] = 0
) -> Mask:
    """Select the pixels of exactly one colour.

    Args:
        image: The image, rounded to 8 bits. (B, H, W, 3) float32 in [0, 1].
        color: The colour as a number: 65536 red + 256 green + blue, each 0 to 255.

    Returns:
        The mask, (B, H, W) float32, 0 or 1.
    """
    from weft.diffusion.pictures.masks import color_mask

    return color_mask(image, color)


@node("LoadImageMask", category="mask", effects=["reads"], lane="io", version=2)
def load_image_mask(
    run: Run,
    *,
    file: Annotated[str, InputFile(IMAGE_FILES), Alias("image")],
    channel: Literal["alpha", "red", "green", "blue"] = "alpha",
) -> Mask:
    """Load one channel of an image file as a mask.

    Args:
        file: File name below the input folders.
        channel: The channel. `alpha` is 1 where the image is transparent, like LoadImage's mask.

    Returns:
        The mask, (B, H, W) float32 in [0, 1]; the frames of an animation are a batch.

    Raises:
        DiffusionError: The file is no image, is damaged, or has too many pixels.
    """
    from weft.diffusion.pictures.file import read_image
    from weft.diffusion.pictures.masks import channel_mask

    image, mask = read_image(run.workspace.input(file))
    return mask if channel == "alpha" else channel_mask(image, channel)


@node("MaskPreview", category="mask", effects=["writes"], lane="io")
def mask_preview(run: Run, mask: Mask) -> None:
    """Show masks as grey images without saving them.

    Args:
        mask: The mask. (B, H, W) float32 in [0, 1].
    """
    from weft.diffusion.pictures.masks import mask_to_image as to_image

    from .image import preview_image

    preview_image(run, to_image(mask))
