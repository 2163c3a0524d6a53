"""Luma and chroma of images: Y, U and V, by full-range BT.601.

Source: ITU-R BT.601, with its factors rounded to three digits as kornia has them.
"""

from __future__ import annotations

from ..types import Image
from .image import check_image


def to_yuv(image: Image) -> tuple[Image, Image, Image]:
    """Luma and chroma (Y, U, V) of an image, each as an image of three equal channels.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].

    Returns:
        Y, U and V, each (B, H, W, 3) float32 in [0, 1]; grey has U = V = 0.5.

    Raises:
        ShapeError: Not (B, H, W, 3).
    """
    check_image(image)
    red, green, blue = image.unbind(-1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = (luma, (blue - luma) * 0.564 + 0.5, (red - luma) * 0.713 + 0.5)
    first, second, third = (p.clamp(0.0, 1.0)[..., None].repeat(1, 1, 1, 3) for p in planes)
    return first, second, third


def from_yuv(luma: Image, blueness: Image, redness: Image) -> Image:
    """An image from its luma and chroma; the opposite of `to_yuv`.

    Args:
        luma, blueness, redness: (B, H, W, 3) float32 in [0, 1]; of their channels the mean counts.

    Returns:
        (B, H, W, 3) float32; colours that no screen has are cut off at 0 and 1.

    Raises:
        ShapeError: One is not (B, H, W, 3), or they differ in size.
    """
    import torch

    from ..errors import ShapeError

    planes = [check_image(each).mean(-1) for each in (luma, blueness, redness)]
    sizes = {tuple(plane.shape) for plane in planes}
    if len(sizes) > 1:
        raise ShapeError(
            "image.sizes_differ",
            "Y, U and V differ in size.",
            expected="the same size and number of images",
            got=", ".join("x".join(map(str, size)) for size in sorted(sizes)),
            hint="Resize them with ImageScale.",
        )
    y, u, v = planes[0], planes[1] - 0.5, planes[2] - 0.5
    colours = (y + 1.403 * v, y - 0.714 * v - 0.344 * u, y + 1.773 * u)
    return torch.stack(colours, dim=-1).clamp(0.0, 1.0)
