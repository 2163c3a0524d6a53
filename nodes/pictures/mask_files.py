"""Masks from images and files, and masks as images."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Image, Mask
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Alias, Color, InputFile, Range
from .image import IMAGE_FILES


@node("MaskToImage", category="mask")
def mask_to_image(mask: Mask) -> Image:
    """Show a mask as a grey picture.

    Args:
        mask: (B, H, W) float32 in [0, 1].

    Returns:
        (B, H, W, 3) float32, 3 equal channels.
    """
    from ...diffusion.pictures.masks import mask_to_image as to_image

    return to_image(mask)


@node("ImageToMask", category="mask")
def image_to_mask(
    image: Image, *, channel: Literal["red", "green", "blue", "alpha"] = "red"
) -> Mask:
    """Take one channel of pictures as masks.

    Args:
        image: (B, H, W, 3 or 4) float32 in [0, 1].
        channel: Which; `alpha` as it is, 1 = opaque.

    Returns:
        (B, H, W) float32.

    Raises:
        DiffusionError: The picture has no alpha channel.
    """
    from ...diffusion.pictures.masks import channel_mask

    return channel_mask(image, channel)


@node("ImageColorToMask", category="mask")
def image_color_to_mask(
    image: Image, *, color: Annotated[int, Range(0, 0xFFFFFF), Color()] = 0
) -> Mask:
    """Select the pixels that have exactly one colour.

    Args:
        image: (B, H, W, 3) float32 in [0, 1], rounded to 8 bits.
        color: 65536 red + 256 green + blue, each 0 to 255.

    Returns:
        (B, H, W) float32, 0 or 1.
    """
    from ...diffusion.pictures.masks import color_mask

    return color_mask(image, color)


@node("LoadImageMask", category="mask", effects=["reads"], lane="io", version=2)
def load_image_mask(
    run: Run,
    *,
    file: Annotated[str, InputFile(IMAGE_FILES), Alias("image")],
    channel: Literal["alpha", "red", "green", "blue"] = "alpha",
) -> Mask:
    """Load one channel of a picture file as a mask.

    Args:
        file: Name below the input folders.
        channel: Which; `alpha` gives 1 where the picture is transparent, as LoadImage's mask.

    Returns:
        (B, H, W) float32 in [0, 1]; frames are a batch.

    Raises:
        DiffusionError: The file is no picture, is damaged, or has too many pixels.
    """
    from ...diffusion.pictures.file import read_image
    from ...diffusion.pictures.masks import channel_mask

    image, mask = read_image(run.workspace.input(file))
    return mask if channel == "alpha" else channel_mask(image, channel)


@node("MaskPreview", category="mask", effects=["writes"], lane="io")
def mask_preview(run: Run, mask: Mask) -> None:
    """Show masks as grey pictures without keeping them.

    Args:
        mask: (B, H, W) float32 in [0, 1].
    """
    from ...diffusion.pictures.masks import mask_to_image as to_image
    from .image import preview_image

    preview_image(run, to_image(mask))
