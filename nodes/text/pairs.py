"""Mask, hooks and timestep range of a positive and a negative prompt set in one node."""

from __future__ import annotations

from typing import NamedTuple

from ...diffusion.types import Conditioning, Mask, TimestepRange
from ...diffusion.types.hooks import Hooks
from ...engine.declaration.node import node
from .conditioning import Strength, Where
from .sets import with_default, with_properties


class Pair(NamedTuple):
    """What to show and what to avoid."""

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
    """Say where and when two prompts act.

    Args:
        positive_NEW: What to show.
        negative_NEW: What to avoid.
        mask: (B or 1, H, W) float32 in [0, 1]; None leaves it as it is.
        hooks: Changes of weights that act for them, with those they have; None adds none.
        timesteps: When they act; None leaves it as it is.
        strength: Factor on the mask; without a mask it has no effect.
        set_cond_area: `default` or `mask bounds`, as in ConditioningSetMask.

    Returns:
        Both prompts with their mask and times.
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
    """Say where and when two prompts act, and let them act together with others.

    Args:
        positive: Other things to show, unchanged.
        negative: Other things to avoid, unchanged.
        positive_NEW: What to show.
        negative_NEW: What to avoid.
        mask: (B or 1, H, W) float32 in [0, 1]; None leaves it as it is.
        hooks: Changes of weights that act for them, with those they have; None adds none.
        timesteps: When they act; None leaves it as it is.
        strength: Factor on the mask; without a mask it has no effect.
        set_cond_area: `default` or `mask bounds`, as in ConditioningSetMask.

    Returns:
        All entries of each side.
    """
    from ...diffusion.text.conditioning import combine

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
    """Let two pairs of prompts act together.

    Args:
        positive_A: What to show.
        negative_A: What to avoid.
        positive_B: What else to show.
        negative_B: What else to avoid.

    Returns:
        All entries of each side.
    """
    from ...diffusion.text.conditioning import combine

    return Pair(combine(positive_A, positive_B), combine(negative_A, negative_B))


@node("PairConditioningSetDefaultCombine", category="conditioning/sets", lane="inline")
def pair_conditioning_set_default_combine(
    positive: Conditioning,
    negative: Conditioning,
    positive_DEFAULT: Conditioning,
    negative_DEFAULT: Conditioning,
    hooks: Hooks | None = None,
) -> Pair:
    """Add prompts that act only where masks and areas of the others leave something over.

    Args:
        positive: What to show, with masks or areas.
        negative: What to avoid, with masks or areas.
        positive_DEFAULT: What to show in the rest.
        negative_DEFAULT: What to avoid in the rest.
        hooks: Changes of weights that act for both; None adds none.

    Returns:
        All entries of each side.
    """
    return Pair(
        with_default(positive, positive_DEFAULT, hooks),
        with_default(negative, negative_DEFAULT, hooks),
    )
