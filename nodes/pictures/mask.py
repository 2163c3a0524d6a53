"""Masks made and changed."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Mask
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Box, Points, Range
from ..limits import MAX_SIDE

Side = Annotated[int, Range(1, MAX_SIDE)]
Place = Annotated[int, Range(0, MAX_SIDE)]
_DIAMOND = [[0.5, 0.2], [0.8, 0.5], [0.5, 0.8], [0.2, 0.5]]


@node("SolidMask", category="mask")
def solid_mask(
    *,
    value: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
    width: Side = 512,
    height: Side = 512,
) -> Mask:
    """Make a mask that is the same everywhere.

    Args:
        value: Its value, 0 nothing, 1 all.
        width: Pixels.
        height: Pixels.

    Returns:
        (1, height, width) float32.
    """
    from ...diffusion.pictures.masks import solid_mask as solid

    return solid(value, width, height)


@node("PolygonMask", category="mask")
def polygon_mask(
    *,
    points: Annotated[list[list[float]], Points(least=3, closed=True)] = _DIAMOND,
    width: Side = 512,
    height: Side = 512,
) -> Mask:
    """Make a mask of a shape with corners.

    Args:
        points: The corners [x, y] in order, in fractions of the sides.
        width: Pixels.
        height: Pixels.

    Returns:
        (1, height, width) float32: how much of each pixel lies inside.
    """
    from ...diffusion.pictures.masks import polygon_mask as polygon

    return polygon(points, width, height)


@node("InvertMask", category="mask")
def invert_mask(mask: Mask) -> Mask:
    """Select what was not selected.

    Args:
        mask: (B, H, W) float32 in [0, 1].

    Returns:
        1 - mask.
    """
    from ...diffusion.pictures.masks import check_mask

    return 1.0 - check_mask(mask)


@node("CropMask", category="mask")
def crop_mask(
    mask: Mask,
    *,
    x: Annotated[Place, Box("x")] = 0,
    y: Annotated[Place, Box("y")] = 0,
    width: Annotated[Side, Box("width")] = 512,
    height: Annotated[Side, Box("height")] = 512,
) -> Mask:
    """Cut a rectangle out of a mask. What lies outside of the mask is left out.

    Args:
        mask: (B, H, W) float32.
        x: Left edge in pixels.
        y: Upper edge in pixels.
        width: Width in pixels.
        height: Height in pixels.

    Returns:
        (B, up to height, up to width) float32.

    Raises:
        DiffusionError: The corner lies outside of the mask.
    """
    from ...diffusion.pictures.masks import crop_mask as crop

    return crop(mask, x, y, width, height)


@node("MaskComposite", category="mask")
def mask_composite(
    destination: Mask,
    source: Mask,
    *,
    x: Place = 0,
    y: Place = 0,
    operation: Literal["multiply", "add", "subtract", "and", "or", "xor"] = "multiply",
) -> Mask:
    """Calculate with two masks where they overlap.

    Args:
        destination: (B, H, W) float32; the result outside of the overlap.
        source: (B, h, w) float32, laid upon it.
        x: Where its left edge comes to lie, in pixels.
        y: Where its upper edge comes to lie, in pixels.
        operation: `subtract` takes the source away; `and`, `or`, `xor` round to 0 or 1 first.

    Returns:
        (B, H, W) float32 in [0, 1].
    """
    from ...diffusion.pictures.masks import combine_masks

    return combine_masks(destination, source, x, y, operation)


@node("FeatherMask", category="mask")
def feather_mask(
    mask: Mask, *, left: Place = 0, top: Place = 0, right: Place = 0, bottom: Place = 0
) -> Mask:
    """Let a mask fall to nothing towards the edges of the picture.

    Args:
        mask: (B, H, W) float32.
        left: Over how many pixels at the left; 0 not at all.
        top: Over how many pixels at the top.
        right: Over how many pixels at the right.
        bottom: Over how many pixels at the bottom.

    Returns:
        (B, H, W) float32.
    """
    from ...diffusion.pictures.masks import feather_mask as feather

    return feather(mask, left, top, right, bottom)


@node("GrowMask", category="mask")
def grow_mask(
    mask: Mask,
    *,
    expand: Annotated[int, Range(-MAX_SIDE, MAX_SIDE)] = 0,
    tapered_corners: bool = True,
) -> Mask:
    """Widen or shrink the selected part of a mask.

    Args:
        mask: (B, H, W) float32.
        expand: Pixels; a negative number shrinks.
        tapered_corners: Grow as a diamond; off, as a square.

    Returns:
        (B, H, W) float32.

    Source: grey dilation and erosion, through OpenCV.
    """
    from ...diffusion.pictures.masks import grow_mask as grow

    return grow(mask, expand, tapered_corners=tapered_corners)


@node("ThresholdMask", category="mask")
def threshold_mask(mask: Mask, *, value: Annotated[float, Range(0, 1, step=0.01)] = 0.5) -> Mask:
    """Make a mask of nothing but 0 and 1.

    Args:
        mask: (B, H, W) float32.
        value: What is above it becomes 1.

    Returns:
        (B, H, W) float32, 0 or 1.
    """
    from ...diffusion.pictures.masks import threshold_mask as threshold

    return threshold(mask, value)
