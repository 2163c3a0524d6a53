"""Reuse of network outputs where they would hardly change: EasyCache, LazyCache."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Model
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

from ..rules import window

CATEGORY = "model/speed"
Threshold = Annotated[float, Range(0, 3, step=0.01)]
Fraction = Annotated[float, Range(0, 1, step=0.01)]


@node("EasyCache", category=CATEGORY, lane="inline", refuses=window)
def easy_cache(
    model: Model,
    *,
    reuse_threshold: Threshold = 0.2,
    start_percent: Fraction = 0.15,
    end_percent: Fraction = 0.95,
    verbose: bool = False,
) -> Model:
    """EasyCache: reuse the network's output while it hardly changes, for speed.

    Images differ slightly from those without it. The speed-up depends on the model and the number
    of steps; with few steps there is none.

    Args:
        model: Any model.
        reuse_threshold: Accumulated relative change of the output at which the network is evaluated
            again. Higher values are faster and less exact; 0 evaluates every step, with the same
            image as without.
        start_percent: Where it begins to act, as a fraction of the schedule: 0 is the start.
        end_percent: Where it stops, as a fraction of the schedule: 1 is the end.
        verbose: Whether the log lists the steps that were reused.

    Returns:
        The model with this rule, which replaces an earlier EasyCache or LazyCache.

    Raises:
        ParameterError: `start_percent` is above `end_percent`.

    Source: Zhou et al. 2025; as ComfyUI.
    """
    from weft.diffusion.guidance.reuse import Reuse, with_reuse

    rule = Reuse(reuse_threshold, start_percent, end_percent, whole=False, verbose=verbose)
    return with_reuse(model, rule)


@node("LazyCache", category=CATEGORY, lane="inline", refuses=window)
def lazy_cache(
    model: Model,
    *,
    reuse_threshold: Threshold = 0.2,
    start_percent: Fraction = 0.15,
    end_percent: Fraction = 0.95,
    verbose: bool = False,
) -> Model:
    """LazyCache: reuse the guided prediction of a step while it hardly changes, for speed.

    Like EasyCache, but for the whole step instead of the network's output for each prompt.

    Args:
        model: Any model.
        reuse_threshold: The same as in EasyCache.
        start_percent: The same as in EasyCache.
        end_percent: The same as in EasyCache.
        verbose: The same as in EasyCache.

    Returns:
        The model with this rule, which replaces an earlier EasyCache or LazyCache.

    Raises:
        ParameterError: `start_percent` is above `end_percent`.

    Source: Zhou et al. 2025; as ComfyUI.
    """
    from weft.diffusion.guidance.reuse import Reuse, with_reuse

    rule = Reuse(reuse_threshold, start_percent, end_percent, whole=True, verbose=verbose)
    return with_reuse(model, rule)
