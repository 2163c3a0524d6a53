"""Areas and masks of a prompt."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Conditioning, Mask
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Box, Range

from ..limits import MAX_SIDE
from .conditioning import Strength, Where


@node("ConditioningSetArea", category="conditioning", lane="inline")
def conditioning_set_area(
    conditioning: Conditioning,
    *,
    width: Annotated[int, Range(64, MAX_SIDE, step=8), Box("width")] = 64,
    height: Annotated[int, Range(64, MAX_SIDE, step=8), Box("height")] = 64,
    x: Annotated[int, Range(0, MAX_SIDE, step=8), Box("x")] = 0,
    y: Annotated[int, Range(0, MAX_SIDE, step=8), Box("y")] = 0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Restrict a prompt to a rectangle, given in pixels.

    The model sees the rectangle as if it were the whole image. Its weight fades over up to 64
    pixels towards edges inside the image; where areas overlap, predictions are averaged by weight.
    Combine it with a prompt for the rest of the image.

    Args:
        conditioning: The prompt.
        width: Width in pixels; a latent cell is 8 pixels.
        height: Height in pixels.
        x: Left edge in pixels.
        y: Top edge in pixels.
        strength: Weight relative to other prompts.

    Returns:
        The prompt with its area.
    """
    from weft.diffusion.text.conditioning import set_area
    from weft.diffusion.types import Area

    return set_area(conditioning, Area(x, y, width, height), strength)


@node("ConditioningSetAreaPercentage", category="conditioning", lane="inline")
def conditioning_set_area_percentage(
    conditioning: Conditioning,
    *,
    width: Annotated[float, Range(0, 1, step=0.01, above=True), Box("width")] = 1.0,
    height: Annotated[float, Range(0, 1, step=0.01, above=True), Box("height")] = 1.0,
    x: Annotated[float, Range(0, 1, step=0.01), Box("x")] = 0.0,
    y: Annotated[float, Range(0, 1, step=0.01), Box("y")] = 0.0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Restrict a prompt to a rectangle, given in fractions of the image's sides.

    Apart from the units, it acts as ConditioningSetArea.

    Args:
        conditioning: The prompt.
        width: Width, above 0. 1 is the whole width of the image.
        height: Height, above 0. 1 is the whole height of the image.
        x: Left edge. 0 is the left edge of the image.
        y: Top edge. 0 is the top edge of the image.
        strength: Weight relative to other prompts.

    Returns:
        The prompt with its area.

    Raises:
        DiffusionError: Width or height is 0.
    """
    from weft.diffusion.text.conditioning import set_area
    from weft.diffusion.types import Area

    return set_area(conditioning, Area(x, y, width, height, "fraction"), strength)


@node("ConditioningSetAreaStrength", category="conditioning", lane="inline")
def conditioning_set_area_strength(
    conditioning: Conditioning, *, strength: Strength = 1.0
) -> Conditioning:
    """Set the weight of a prompt relative to others in the same region.

    Args:
        conditioning: The prompt.
        strength: The weight. 0 leaves the prompt out.

    Returns:
        The prompt with its weight.
    """
    from weft.diffusion.text.conditioning import set_strength

    return set_strength(conditioning, strength)


@node("ConditioningSetMask", category="conditioning", lane="inline")
def conditioning_set_mask(
    conditioning: Conditioning,
    mask: Mask,
    *,
    strength: Strength = 1.0,
    set_cond_area: Where = "default",
) -> Conditioning:
    """Restrict a prompt to a mask.

    Args:
        conditioning: The prompt.
        mask: The region of the prompt: its weight by pixel. It is stretched to the size of the
            image. (B or 1, H, W) float32 in [0, 1].
        strength: Factor on the mask. 1 leaves it unchanged.
        set_cond_area: `default` shows the model the whole image; `mask bounds` shows only the
            bounding box of the mask, at least 64 pixels a side.

    Returns:
        The prompt with its mask.
    """
    from weft.diffusion.text.conditioning import set_mask

    return set_mask(conditioning, mask, strength, bounds=set_cond_area == "mask bounds")
