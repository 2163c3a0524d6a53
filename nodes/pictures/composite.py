"""Compositing of images, and alpha channels."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from weft.diffusion.pictures.compositing import PorterDuff
from weft.diffusion.types import Image, Mask
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

from ..limits import MAX_SIDE

Place = Annotated[int, Range(0, MAX_SIDE)]


class ImageAndMask(NamedTuple):
    """An image, and its transparency as a mask."""

    image: Image
    mask: Mask


@node("ImageCompositeMasked", category="image/composite")
def image_composite_masked(
    destination: Image,
    source: Image,
    mask: Mask | None = None,
    *,
    x: Place = 0,
    y: Place = 0,
    resize_source: bool = False,
) -> Image:
    """Paste images onto others through a mask.

    Args:
        destination: The images below. (B, H, W, 3) float32 in [0, 1].
        source: The images above. They are repeated to the batch size below. (B, h, w, 3) float32 in
            [0, 1].
        mask: Visibility of the source: 1 shows it, 0 hides it. It is stretched to the size of the
            source. Empty shows all of it. (B, any size) float32.
        x: Position of the source's left edge in pixels. Parts outside the destination are cut off.
        y: Position of the source's top edge in pixels.
        resize_source: Whether the source is first stretched to the size of the destination
            (bilinear).

    Returns:
        The composed images, (B, H, W, 3) float32 in [0, 1].
    """
    from weft.diffusion.pictures.compositing import paste_image

    return paste_image(destination, source, x, y, mask, resize_source=resize_source)


@node("JoinImageWithAlpha", category="image/composite")
def join_image_with_alpha(image: Image, alpha: Mask) -> Image:
    """Make images transparent by a mask. SaveImage keeps transparency in PNG and WebP files.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1].
        alpha: The transparency: 1 is transparent, 0 is opaque. (B, any size) float32.

    Returns:
        The images with an alpha channel, (B, H, W, 4) float32 in [0, 1].
    """
    from weft.diffusion.pictures.compositing import join_alpha

    return join_alpha(image, alpha)


@node("SplitImageWithAlpha", category="image/composite")
def split_image_with_alpha(image: Image) -> ImageAndMask:
    """Split images into colour and transparency.

    Args:
        image: The image, with or without an alpha channel. (B, H, W, 3 or 4) float32 in [0, 1].

    Returns:
        The colours, (B, H, W, 3) float32, and the transparency as a mask, (B, H, W) float32: 1 is
        transparent, 0 is opaque.
    """
    from weft.diffusion.pictures.compositing import split_alpha

    return ImageAndMask(*split_alpha(image))


@node("PorterDuffImageComposite", category="image/composite")
def porter_duff_image_composite(
    source: Image,
    source_alpha: Mask,
    destination: Image,
    destination_alpha: Mask,
    *,
    mode: PorterDuff = "DST",
) -> ImageAndMask:
    """Composite two images with transparency by a Porter-Duff operator.

    Args:
        source: The source image. It is resized to the destination (bicubic). (B, h, w, 3) float32
            in [0, 1].
        source_alpha: The transparency of the source: 1 is transparent. (B, h, w) float32.
        destination: The destination image. (B, H, W, 3) float32 in [0, 1].
        destination_alpha: The transparency of the destination: 1 is transparent. (B, H, W) float32.
        mode: The operator: `SRC_OVER` puts the source over the destination, `DST_OVER` under it,
            and so on.

    Returns:
        The images, (B, H, W, 3), as many as the shortest batch, and their transparency as a mask,
        (B, H, W): 1 is transparent.

    Source: Porter & Duff 1984; the others as in Android's PorterDuff.Mode.
    """
    from weft.diffusion.pictures.compositing import porter_duff

    return ImageAndMask(*porter_duff(source, source_alpha, destination, destination_alpha, mode))
