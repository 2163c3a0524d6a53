"""Conversion between RGB and luma and chroma (YUV)."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from weft.diffusion.types import Image
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Alias


class Planes(NamedTuple):
    """The three planes of an image."""

    y: Image
    u: Image
    v: Image


@node("ImageToYUV", category="image/edit", aliases=["ImageRGBToYUV"])
def image_to_yuv(image: Image) -> Planes:
    """Split an image into luma and chroma (YUV).

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1], sRGB.

    Returns:
        Luma (Y), blue chroma (U) and red chroma (V), each (B, H, W, 3) float32 in [0, 1] with equal
        channels. Grey has U = V = 0.5.

    Source: ITU-R BT.601, full range.
    """
    from weft.diffusion.pictures.luma import to_yuv

    return Planes(*to_yuv(image))


@node("ImageFromYUV", category="image/edit", aliases=["ImageYUVToRGB"])
def image_from_yuv(
    y: Annotated[Image, Alias("Y")],
    u: Annotated[Image, Alias("U")],
    v: Annotated[Image, Alias("V")],
) -> Image:
    """Make an image from luma and chroma (YUV).

    Args:
        y: Luma; the mean of its channels is used. (B, H, W, 3) float32 in [0, 1].
        u: Blue chroma, of the same size. 0.5 is neutral.
        v: Red chroma, of the same size. 0.5 is neutral.

    Returns:
        The image, (B, H, W, 3) float32 in [0, 1]; colours outside sRGB are clipped.

    Raises:
        ShapeError: The three differ in size.

    Source: ITU-R BT.601, full range.
    """
    from weft.diffusion.pictures.luma import from_yuv

    return from_yuv(y, u, v)
