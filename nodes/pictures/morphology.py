"""Morphological operations on images."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Image
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

Operation = Literal["erode", "dilate", "open", "close", "gradient", "bottom_hat", "top_hat"]


@node("Morphology", category="image/edit")
def morphology(
    image: Image,
    *,
    operation: Operation = "erode",
    kernel_size: Annotated[int, Range(3, 999)] = 3,
) -> Image:
    """Apply a morphological operation, such as erosion or dilation, to each channel.

    Args:
        image: The image, such as an edge map for a ControlNet. (B, H, W, 3) float32 in [0, 1].
        operation: `erode` thins bright parts and `dilate` thickens them; `open` removes bright
            specks and `close` dark ones; `gradient` gives outlines; `top_hat` gives the bright
            specks and `bottom_hat` the dark ones.
        kernel_size: Side of the square around each pixel, in pixels.

    Returns:
        The image, of the same size. Pixels beyond the edge are ignored.

    Source: Serra 1982.
    """
    from weft.diffusion.pictures.morphology import OPERATIONS

    planes = OPERATIONS[operation](image.movedim(-1, 1), kernel_size)
    return planes.movedim(1, -1).contiguous()
