"""Mask, hooks and timestep range of one prompt set in one node."""

from __future__ import annotations

from typing import NamedTuple

from weft.diffusion.types import Conditioning, Mask, TimestepRange
from weft.diffusion.types.hooks import Hooks
from weft.engine.declaration.node import node

from ..rules import window
from .conditioning import Fraction, Strength, Where


class Ranges(NamedTuple):
    """A timestep range, and the ranges before and after it."""

    timesteps_range: TimestepRange
    before_range: TimestepRange
    after_range: TimestepRange


@node("ConditioningTimestepsRange", category="conditioning/sets", lane="inline", refuses=window)
def conditioning_timesteps_range(
    *, start_percent: Fraction = 0.0, end_percent: Fraction = 1.0
) -> Ranges:
    """Define a part of sampling.

    Args:
        start_percent: Start of the range, as a fraction of the noise schedule: 0 is pure noise.
        end_percent: End of the range, as a fraction of the noise schedule: 1 is the clean image.

    Returns:
        The range, the range before it, and the range after it.

    Raises:
        DiffusionError: `start_percent` is above `end_percent`.
    """
    from weft.diffusion.checks import check_window

    check_window(start_percent, end_percent)
    return Ranges(
        TimestepRange(start_percent, end_percent),
        TimestepRange(0.0, start_percent),
        TimestepRange(end_percent, 1.0),
    )


@node("ConditioningSetProperties", category="conditioning/sets", lane="inline")
def conditioning_set_properties(
    cond_NEW: Conditioning,
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepRange | None = None,
    *,
    strength: Strength = 1.0,
    set_cond_area: Where = "default",
) -> Conditioning:
    """Set the region and the timestep range of a prompt.

    Args:
        cond_NEW: The prompt.
        mask: The region of the prompt. Empty leaves it unchanged. (B or 1, H, W) float32 in [0, 1].
        hooks: Hooks that act on the prompt, beside those it has. Empty adds none.
        timesteps: The timestep range. Empty leaves it unchanged.
        strength: Factor on the mask. Without a mask it has no effect.
        set_cond_area: `default` shows the model the whole image; `mask bounds` shows only the
            bounding box of the mask.

    Returns:
        The prompt with its region and range.
    """
    return with_properties(cond_NEW, mask, hooks, timesteps, strength, set_cond_area)


@node("ConditioningSetPropertiesAndCombine", category="conditioning/sets", lane="inline")
def conditioning_set_properties_and_combine(
    cond: Conditioning,
    cond_NEW: Conditioning,
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepRange | None = None,
    *,
    strength: Strength = 1.0,
    set_cond_area: Where = "default",
) -> Conditioning:
    """Set the region and the timestep range of a prompt, and combine it with others.

    Args:
        cond: The other prompts. They stay unchanged.
        cond_NEW: The prompt.
        mask: The region of the prompt. Empty leaves it unchanged. (B or 1, H, W) float32 in [0, 1].
        hooks: Hooks that act on the prompt, beside those it has. Empty adds none.
        timesteps: The timestep range. Empty leaves it unchanged.
        strength: Factor on the mask. Without a mask it has no effect.
        set_cond_area: `default` or `mask bounds`, as in ConditioningSetMask.

    Returns:
        Conditioning with all entries.
    """
    from weft.diffusion.text.conditioning import combine

    return combine(cond, with_properties(cond_NEW, mask, hooks, timesteps, strength, set_cond_area))


@node("ConditioningSetDefaultCombine", category="conditioning/sets", lane="inline")
def conditioning_set_default_combine(
    cond: Conditioning, cond_DEFAULT: Conditioning, hooks: Hooks | None = None
) -> Conditioning:
    """Add a prompt for the regions that the masks and areas of the others leave free.

    Args:
        cond: The prompts with masks or areas.
        cond_DEFAULT: The prompt for the rest of the image.
        hooks: Hooks that act on the added prompt. Empty adds none.

    Returns:
        Conditioning with all entries.
    """
    return with_default(cond, cond_DEFAULT, hooks)


def with_default(
    conditioning: Conditioning, default: Conditioning, hooks: Hooks | None
) -> Conditioning:
    from weft.diffusion.text.conditioning import add_fallback, add_hooks

    return add_fallback(conditioning, default if hooks is None else add_hooks(default, hooks))


def with_properties(
    conditioning: Conditioning,
    mask: Mask | None,
    hooks: Hooks | None,
    timesteps: TimestepRange | None,
    strength: float,
    where: Where,
) -> Conditioning:
    from weft.diffusion.text.conditioning import add_hooks, set_mask, set_range

    if hooks is not None:
        conditioning = add_hooks(conditioning, hooks)
    if mask is not None:
        conditioning = set_mask(conditioning, mask, strength, bounds=where == "mask bounds")
    if timesteps is not None:
        conditioning = set_range(conditioning, timesteps.start, timesteps.end)
    return conditioning
