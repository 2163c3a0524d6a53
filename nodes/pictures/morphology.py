"""Shapes in pictures, grown and shrunk."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Image
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range

Operation = Literal["erode", "dilate", "open", "close", "gradient", "bottom_hat", "top_hat"]


@node("Morphology", category="image/edit")
def morphology(
    image: Image,
    *,
    operation: Operation = "erode",
    kernel_size: Annotated[int, Range(3, 999)] = 3,
) -> Image:
    """Take the least or the greatest value around every pixel, channel by channel.

    Args:
        image: (B, H, W, 3) float32 in [0, 1], such as an edge map for a ControlNet.
        operation: `erode` thins what is bright and `dilate` thickens it; `open` removes bright
            specks and `close` dark ones; `gradient` gives outlines; `top_hat` gives the bright
            specks and `bottom_hat` the dark ones.
        kernel_size: Side of the square that is looked at, in pixels.

    Returns:
        Same size; pixels beyond the edge do not count.

    Source: Serra 1982.
    """
    from ...diffusion.pictures.morphology import OPERATIONS

    planes = OPERATIONS[operation](image.movedim(-1, 1), kernel_size)
    return planes.movedim(1, -1).contiguous()
