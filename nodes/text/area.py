"""Areas and masks of a prompt."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import Conditioning, Mask
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Box, Range
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
    """Let a prompt act in a rectangle only, given in pixels.

    The network sees this part as if it were the whole picture. Its weight falls over up to 64
    pixels towards edges inside the picture; where areas overlap, their predictions are averaged by
    weight. Combine it with a prompt for the rest.

    Args:
        conditioning: The prompt.
        width: Width in pixels; 8 pixels are a latent cell.
        height: Height in pixels.
        x: Left edge in pixels.
        y: Upper edge in pixels.
        strength: Weight against other prompts.

    Returns:
        The prompt with its area.
    """
    from ...diffusion.text.conditioning import set_area
    from ...diffusion.types import Area

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
    """Let a prompt act in a rectangle only, given in fractions of the picture's sides.

    Otherwise as ConditioningSetArea.

    Args:
        conditioning: The prompt.
        width: Width, above 0; 1 is the picture's.
        height: Height, above 0; 1 is the picture's.
        x: Left edge, 0 is the picture's.
        y: Upper edge, 0 is the picture's.
        strength: Weight against other prompts.

    Returns:
        The prompt with its area.

    Raises:
        DiffusionError: Width or height is 0.
    """
    from ...diffusion.text.conditioning import set_area
    from ...diffusion.types import Area

    return set_area(conditioning, Area(x, y, width, height, "fraction"), strength)


@node("ConditioningSetAreaStrength", category="conditioning", lane="inline")
def conditioning_set_area_strength(
    conditioning: Conditioning, *, strength: Strength = 1.0
) -> Conditioning:
    """Weigh a prompt against others that act at the same place.

    Args:
        conditioning: The prompt.
        strength: Its weight; 0 leaves it out.

    Returns:
        The prompt with its weight.
    """
    from ...diffusion.text.conditioning import set_strength

    return set_strength(conditioning, strength)


@node("ConditioningSetMask", category="conditioning", lane="inline")
def conditioning_set_mask(
    conditioning: Conditioning,
    mask: Mask,
    *,
    strength: Strength = 1.0,
    set_cond_area: Where = "default",
) -> Conditioning:
    """Let a prompt act where a mask is.

    Args:
        conditioning: The prompt.
        mask: (B or 1, H, W) float32 in [0, 1], stretched over the picture; its weight.
        strength: Factor on the mask.
        set_cond_area: `default` shows the network the whole picture, `mask bounds` only the
            rectangle around the mask, at least 64 pixels a side.

    Returns:
        The prompt with its mask.
    """
    from ...diffusion.text.conditioning import set_mask

    return set_mask(conditioning, mask, strength, bounds=set_cond_area == "mask bounds")
