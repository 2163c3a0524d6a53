"""One picture upon another, and alpha channels."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from ...diffusion.pictures.compositing import PorterDuff
from ...diffusion.types import Image, Mask
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from ..limits import MAX_SIDE

Place = Annotated[int, Range(0, MAX_SIDE)]


class ImageAndMask(NamedTuple):
    """A picture, and where it is transparent."""

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
    """Lay pictures upon others through a mask.

    Args:
        destination: (B, H, W, 3) float32 in [0, 1], below.
        source: (B, h, w, 3) float32 in [0, 1], above; repeated in turn to the batch below.
        mask: (B, any size) float32, stretched over the source; 1 = the source is seen. None = all.
        x: Where the left edge of the source comes to lie, in pixels; what is over is left out.
        y: Where its upper edge comes to lie.
        resize_source: Stretch the source to the size of the destination first (bilinear).

    Returns:
        (B, H, W, 3) float32 in [0, 1].
    """
    from ...diffusion.pictures.compositing import paste_image

    return paste_image(destination, source, x, y, mask, resize_source=resize_source)


@node("JoinImageWithAlpha", category="image/composite")
def join_image_with_alpha(image: Image, alpha: Mask) -> Image:
    """Make pictures transparent where a mask is; SaveImage writes that to PNG and WebP.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        alpha: (B, any size) float32, 1 = transparent.

    Returns:
        (B, H, W, 4) float32 in [0, 1].
    """
    from ...diffusion.pictures.compositing import join_alpha

    return join_alpha(image, alpha)


@node("SplitImageWithAlpha", category="image/composite")
def split_image_with_alpha(image: Image) -> ImageAndMask:
    """Take colours and transparency of pictures apart.

    Args:
        image: (B, H, W, 3 or 4) float32 in [0, 1].

    Returns:
        image: (B, H, W, 3) float32. mask: (B, H, W) float32, 1 = transparent, 0 without alpha.
    """
    from ...diffusion.pictures.compositing import split_alpha

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
    """Compose two pictures with transparency by a Porter-Duff rule.

    Args:
        source: (B, h, w, 3) float32 in [0, 1]; scaled to the destination (bicubic).
        source_alpha: (B, h, w) float32, 1 = transparent.
        destination: (B, H, W, 3) float32 in [0, 1].
        destination_alpha: (B, H, W) float32, 1 = transparent.
        mode: `SRC_OVER` lays the source upon the destination, `DST_OVER` below it, and so on.

    Returns:
        image: (B, H, W, 3), as many as the shortest batch. mask: (B, H, W), 1 = transparent.

    Source: Porter & Duff 1984; the others as in Android's PorterDuff.Mode.
    """
    from ...diffusion.pictures.compositing import porter_duff

    return ImageAndMask(*porter_duff(source, source_alpha, destination, destination_alpha, mode))
