"""Masks made and changed."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Mask
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Box, Points, Range

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
    """Make a mask with one value everywhere.

    Args:
        value: The value: 0 selects nothing, 1 everything.
        width: Width in pixels.
        height: Height in pixels.

    Returns:
        The mask, (1, height, width) float32.
    """
    from weft.diffusion.pictures.masks import solid_mask as solid

    return solid(value, width, height)


@node("PolygonMask", category="mask")
def polygon_mask(
    *,
    points: Annotated[list[list[float]], Points(least=3, closed=True)] = _DIAMOND,
    width: Side = 512,
    height: Side = 512,
) -> Mask:
    """Make a mask from a polygon.

    Args:
        points: The corners [x, y] in order, as fractions of the sides.
        width: Width in pixels.
        height: Height in pixels.

    Returns:
        The mask, (1, height, width) float32: the share of each pixel inside the polygon.
    """
    from weft.diffusion.pictures.masks import polygon_mask as polygon

    return polygon(points, width, height)


@node("InvertMask", category="mask")
def invert_mask(mask: Mask) -> Mask:
    """Invert a mask.

    Args:
        mask: The mask. (B, H, W) float32 in [0, 1].

    Returns:
        The inverted mask: 1 - mask.
    """
    from weft.diffusion.pictures.masks import check_mask

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
    """Crop a mask to a rectangle, which is cut at the edges of the mask.

    Args:
        mask: The mask. (B, H, W) float32.
        x: Left edge in pixels.
        y: Top edge in pixels.
        width: Width in pixels.
        height: Height in pixels.

    Returns:
        The mask, (B, up to height, up to width) float32.

    Raises:
        DiffusionError: The corner lies outside the mask.
    """
    from weft.diffusion.pictures.masks import crop_mask as crop

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
    """Combine two masks where they overlap.

    Args:
        destination: The mask below; it is unchanged outside the overlap. (B, H, W) float32.
        source: The mask that is laid over it. (B, h, w) float32.
        x: Position of its left edge in pixels.
        y: Position of its top edge in pixels.
        operation: The operation. `subtract` subtracts the source; `and`, `or` and `xor` first round
            to 0 or 1.

    Returns:
        The mask. (B, H, W) float32 in [0, 1].
    """
    from weft.diffusion.pictures.masks import combine_masks

    return combine_masks(destination, source, x, y, operation)


@node("FeatherMask", category="mask")
def feather_mask(
    mask: Mask, *, left: Place = 0, top: Place = 0, right: Place = 0, bottom: Place = 0
) -> Mask:
    """Fade a mask out towards the edges of the image.

    Args:
        mask: The mask. (B, H, W) float32.
        left: Width of the fade on the left in pixels. 0 is off.
        top: Width of the fade at the top in pixels.
        right: Width of the fade on the right in pixels.
        bottom: Width of the fade at the bottom in pixels.

    Returns:
        The mask. (B, H, W) float32.
    """
    from weft.diffusion.pictures.masks import feather_mask as feather

    return feather(mask, left, top, right, bottom)


@node("GrowMask", category="mask")
def grow_mask(
    mask: Mask,
    *,
    expand: Annotated[int, Range(-MAX_SIDE, MAX_SIDE)] = 0,
    tapered_corners: bool = True,
) -> Mask:
    """Grow or shrink a mask.

    Args:
        mask: The mask. (B, H, W) float32.
        expand: Pixels to grow by. Negative values shrink.
        tapered_corners: Whether it grows as a diamond. If off, it grows as a square.

    Returns:
        The mask. (B, H, W) float32.

    Source: grey dilation and erosion, through OpenCV.
    """
    from weft.diffusion.pictures.masks import grow_mask as grow

    return grow(mask, expand, tapered_corners=tapered_corners)


@node("ThresholdMask", category="mask")
def threshold_mask(mask: Mask, *, value: Annotated[float, Range(0, 1, step=0.01)] = 0.5) -> Mask:
    """Turn a mask into 0 and 1 by a threshold.

    Args:
        mask: The mask. (B, H, W) float32.
        value: The threshold: values above it become 1, others 0.

    Returns:
        The mask, (B, H, W) float32, 0 or 1.
    """
    from weft.diffusion.pictures.masks import threshold_mask as threshold

    return threshold(mask, value)
