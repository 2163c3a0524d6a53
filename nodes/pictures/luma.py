"""Brightness and colour of pictures apart."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from ...diffusion.types import Image
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Alias


class Planes(NamedTuple):
    """A picture as three."""

    y: Image
    u: Image
    v: Image


@node("ImageToYUV", category="image/edit", aliases=["ImageRGBToYUV"])
def image_to_yuv(image: Image) -> Planes:
    """Take brightness and colour of a picture apart.

    Args:
        image: (B, H, W, 3) float32 in [0, 1], sRGB.

    Returns:
        Brightness (Y), blueness (U) and redness (V), each (B, H, W, 3) float32 in [0, 1] with
        equal channels; grey has U = V = 0.5.

    Source: ITU-R BT.601, full range.
    """
    from ...diffusion.pictures.luma import to_yuv

    return Planes(*to_yuv(image))


@node("ImageFromYUV", category="image/edit", aliases=["ImageYUVToRGB"])
def image_from_yuv(
    y: Annotated[Image, Alias("Y")],
    u: Annotated[Image, Alias("U")],
    v: Annotated[Image, Alias("V")],
) -> Image:
    """Put brightness and colour of a picture together again.

    Args:
        y: Brightness, (B, H, W, 3) float32 in [0, 1]; the mean of its channels counts.
        u: Blueness, same size; 0.5 is none.
        v: Redness, same size; 0.5 is none.

    Returns:
        (B, H, W, 3) float32 in [0, 1]; colours that no screen has are cut off.

    Raises:
        ShapeError: The three differ in size.

    Source: ITU-R BT.601, full range.
    """
    from ...diffusion.pictures.luma import from_yuv

    return from_yuv(y, u, v)
