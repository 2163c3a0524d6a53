"""Mask, hooks and timestep range of a positive and a negative prompt set in one node."""

from __future__ import annotations

from typing import NamedTuple

from weft.diffusion.types import Conditioning, Mask, TimestepRange
from weft.diffusion.types.hooks import Hooks
from weft.engine.declaration.node import node

from .conditioning import Strength, Where
from .sets import with_default, with_properties


class Pair(NamedTuple):
    """A positive and a negative prompt."""

    positive: Conditioning
    negative: Conditioning


@node("PairConditioningSetProperties", category="conditioning/sets", lane="inline")
def pair_conditioning_set_properties(
    positive_NEW: Conditioning,
    negative_NEW: Conditioning,
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepRange | None = None,
    *,
    strength: Strength = 1.0,
    set_cond_area: Where = "default",
) -> Pair:
    """Set the region and the timestep range of a positive and a negative prompt.

    Args:
        positive_NEW: The positive prompt.
        negative_NEW: The negative prompt.
        mask: The region of the prompt. Empty leaves it unchanged. (B or 1, H, W) float32 in [0, 1].
        hooks: Hooks that act on both prompts, beside those they have. Empty adds none.
        timesteps: The timestep range. Empty leaves it unchanged.
        strength: Factor on the mask. Without a mask it has no effect.
        set_cond_area: `default` or `mask bounds`, as in ConditioningSetMask.

    Returns:
        Both prompts with their region and range.
    """
    settings = (mask, hooks, timesteps, strength, set_cond_area)
    return Pair(with_properties(positive_NEW, *settings), with_properties(negative_NEW, *settings))


@node("PairConditioningSetPropertiesAndCombine", category="conditioning/sets", lane="inline")
def pair_conditioning_set_properties_and_combine(
    positive: Conditioning,
    negative: Conditioning,
    positive_NEW: Conditioning,
    negative_NEW: Conditioning,
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepRange | None = None,
    *,
    strength: Strength = 1.0,
    set_cond_area: Where = "default",
) -> Pair:
    """Set the region and the range of a positive and a negative prompt, and combine them.

    Args:
        positive: The other positive prompts. They stay unchanged.
        negative: The other negative prompts. They stay unchanged.
        positive_NEW: The positive prompt.
        negative_NEW: The negative prompt.
        mask: The region of the prompt. Empty leaves it unchanged. (B or 1, H, W) float32 in [0, 1].
        hooks: Hooks that act on both prompts, beside those they have. Empty adds none.
        timesteps: The timestep range. Empty leaves it unchanged.
        strength: Factor on the mask. Without a mask it has no effect.
        set_cond_area: `default` or `mask bounds`, as in ConditioningSetMask.

    Returns:
        Both conditionings with all entries.
    """
    from weft.diffusion.text.conditioning import combine

    settings = (mask, hooks, timesteps, strength, set_cond_area)
    return Pair(
        combine(positive, with_properties(positive_NEW, *settings)),
        combine(negative, with_properties(negative_NEW, *settings)),
    )


@node("PairConditioningCombine", category="conditioning/sets", lane="inline")
def pair_conditioning_combine(
    positive_A: Conditioning,
    negative_A: Conditioning,
    positive_B: Conditioning,
    negative_B: Conditioning,
) -> Pair:
    """Combine two pairs of a positive and a negative prompt.

    Args:
        positive_A: The positive prompt.
        negative_A: The negative prompt.
        positive_B: The second positive prompt.
        negative_B: The second negative prompt.

    Returns:
        Both conditionings with all entries.
    """
    from weft.diffusion.text.conditioning import combine

    return Pair(combine(positive_A, positive_B), combine(negative_A, negative_B))


@node("PairConditioningSetDefaultCombine", category="conditioning/sets", lane="inline")
def pair_conditioning_set_default_combine(
    positive: Conditioning,
    negative: Conditioning,
    positive_DEFAULT: Conditioning,
    negative_DEFAULT: Conditioning,
    hooks: Hooks | None = None,
) -> Pair:
    """Add prompts for the regions that the masks and areas of the others leave free.

    Args:
        positive: The positive prompts with masks or areas.
        negative: The negative prompts with masks or areas.
        positive_DEFAULT: The positive prompt for the rest of the image.
        negative_DEFAULT: The negative prompt for the rest of the image.
        hooks: Hooks that act on both added prompts. Empty adds none.

    Returns:
        Both conditionings with all entries.
    """
    return Pair(
        with_default(positive, positive_DEFAULT, hooks),
        with_default(negative, negative_DEFAULT, hooks),
    )
