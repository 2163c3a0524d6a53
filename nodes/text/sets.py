"""Masks, times and combination of prompts in one step, for one prompt or for a pair."""

from __future__ import annotations

from typing import NamedTuple

from ...diffusion.types import Conditioning, Mask, TimestepRange
from ...diffusion.types.hooks import Hooks
from ...engine.declaration.node import node
from ..rules import window
from .conditioning import Fraction, Strength, Where


class Ranges(NamedTuple):
    """A part of the schedule, and what lies before and after it."""

    timesteps_range: TimestepRange
    before_range: TimestepRange
    after_range: TimestepRange


class Pair(NamedTuple):
    """What to show and what to avoid."""

    positive: Conditioning
    negative: Conditioning


@node("ConditioningTimestepsRange", category="conditioning/sets", lane="inline", refuses=window)
def conditioning_timesteps_range(
    *, start_percent: Fraction = 0.0, end_percent: Fraction = 1.0
) -> Ranges:
    """Name a part of sampling.

    Args:
        start_percent: Where it begins, as a fraction of the noise schedule; 0 is the noisy start.
        end_percent: Where it ends; 1 is the clean end.

    Returns:
        The part, what lies before it, and what lies after it.

    Raises:
        DiffusionError: `start_percent` is above `end_percent`.
    """
    from ...diffusion.checks import check_window

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
    """Say where and when a prompt acts.

    Args:
        cond_NEW: The prompt.
        mask: (B or 1, H, W) float32 in [0, 1]; None leaves it as it is.
        hooks: Changes of weights that act for it, with those it has; None adds none.
        timesteps: When it acts; None leaves it as it is.
        strength: Factor on the mask; without a mask it has no effect.
        set_cond_area: `default` shows the network the whole picture, `mask bounds` only the
            rectangle around the mask.

    Returns:
        The prompt with its mask and times.
    """
    return _with(cond_NEW, mask, hooks, timesteps, strength, set_cond_area)


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
    """Say where and when a prompt acts, and let it act together with others.

    Args:
        cond: The others, unchanged.
        cond_NEW: The prompt.
        mask: (B or 1, H, W) float32 in [0, 1]; None leaves it as it is.
        hooks: Changes of weights that act for it, with those it has; None adds none.
        timesteps: When it acts; None leaves it as it is.
        strength: Factor on the mask; without a mask it has no effect.
        set_cond_area: `default` or `mask bounds`, as in ConditioningSetMask.

    Returns:
        All entries.
    """
    from ...diffusion.text.conditioning import combine

    return combine(cond, _with(cond_NEW, mask, hooks, timesteps, strength, set_cond_area))


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
    return Pair(_with(positive_NEW, *settings), _with(negative_NEW, *settings))


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
        combine(positive, _with(positive_NEW, *settings)),
        combine(negative, _with(negative_NEW, *settings)),
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


@node("ConditioningSetDefaultCombine", category="conditioning/sets", lane="inline")
def conditioning_set_default_combine(
    cond: Conditioning, cond_DEFAULT: Conditioning, hooks: Hooks | None = None
) -> Conditioning:
    """Add a prompt that acts only where masks and areas of the others leave something over.

    Args:
        cond: Prompts with masks or areas.
        cond_DEFAULT: The prompt for the rest.
        hooks: Changes of weights that act for it; None adds none.

    Returns:
        All entries.
    """
    return _with_default(cond, cond_DEFAULT, hooks)


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
        _with_default(positive, positive_DEFAULT, hooks),
        _with_default(negative, negative_DEFAULT, hooks),
    )


def _with_default(
    conditioning: Conditioning, default: Conditioning, hooks: Hooks | None
) -> Conditioning:
    from ...diffusion.text.conditioning import add_fallback, add_hooks

    return add_fallback(conditioning, default if hooks is None else add_hooks(default, hooks))


def _with(
    conditioning: Conditioning,
    mask: Mask | None,
    hooks: Hooks | None,
    timesteps: TimestepRange | None,
    strength: float,
    where: Where,
) -> Conditioning:
    from ...diffusion.text.conditioning import add_hooks, set_mask, set_range

    if hooks is not None:
        conditioning = add_hooks(conditioning, hooks)
    if mask is not None:
        conditioning = set_mask(conditioning, mask, strength, bounds=where == "mask bounds")
    if timesteps is not None:
        conditioning = set_range(conditioning, timesteps.start, timesteps.end)
    return conditioning
