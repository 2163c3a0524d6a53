"""Morphological operations: the largest and smallest values in a square around every pixel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..errors import ParameterError

if TYPE_CHECKING:
    from torch import Tensor


def dilated(planes: Tensor, size: int, *, reflected: bool = False) -> Tensor:
    """The greatest value of (B, C, H, W) in a square; pixels beyond the edge do not count.

    Args:
        planes: Pixels.
        size: Side of the square. An even one reaches a pixel further up and to the left.
        reflected: An even one reaches further down and to the right instead.
    """
    import torch
    import torch.nn.functional as F

    if size < 1:
        raise ParameterError(
            "image.bad_kernel", "kernel_size is too small.", expected="1 or more", got=str(size)
        )
    before, after = size // 2, size - size // 2 - 1
    if reflected:
        before, after = after, before
    lowest = float(torch.finfo(planes.dtype).min)
    padded = F.pad(planes, (before, after, before, after), value=lowest)
    # Rows and columns apart: a large square would cost its area.
    return F.max_pool2d(F.max_pool2d(padded, (1, size), 1), (size, 1), 1)


def eroded(planes: Tensor, size: int, *, reflected: bool = False) -> Tensor:
    """The least value in a square."""
    return -dilated(-planes, size, reflected=reflected)


# The second square is the first one reflected, else even ones would move the picture, and what an
# opening leaves could be brighter than what it was made of.
def _opened(planes: Tensor, size: int) -> Tensor:
    return dilated(eroded(planes, size), size, reflected=True)


def _closed(planes: Tensor, size: int) -> Tensor:
    return eroded(dilated(planes, size), size, reflected=True)


OPERATIONS: Mapping[str, Callable[[Tensor, int], Tensor]] = {
    "erode": eroded,
    "dilate": dilated,
    "open": _opened,
    "close": _closed,
    "gradient": lambda planes, size: dilated(planes, size) - eroded(planes, size),
    "bottom_hat": lambda planes, size: _closed(planes, size) - planes,
    "top_hat": lambda planes, size: planes - _opened(planes, size),
}
"""By their names in the field. Source: Serra 1982, "Image Analysis and Mathematical Morphology"."""
