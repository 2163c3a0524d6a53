"""Evaluations left out where they would change little."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import Model
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
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
    """Use what the network gave for each prompt again while it would hardly change, for speed.

    Pictures differ a little from those of every step computed. How much is saved depends on the
    model and the number of steps; with few steps, nothing.

    Args:
        model: Any model.
        reuse_threshold: How much outcomes may change in sum, as a share of their size, before the
            network is asked again; 0 = always asked, and the same picture as without.
        start_percent: Where in the schedule it begins to act; 0 = the start.
        end_percent: Where it stops; 1 = the end.
        verbose: Whether the log tells which steps were left out.

    Returns:
        The model with this rule, in place of an earlier EasyCache or LazyCache.

    Raises:
        ParameterError: `start_percent` is above `end_percent`.

    Source: Zhou et al. 2025; as ComfyUI.
    """
    from ...diffusion.guidance.reuse import Reuse, with_reuse

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
    """Use the guided picture of a step again while it would hardly change, for speed.

    As EasyCache, for the whole of a step rather than for what the network gives for each prompt.

    Args:
        model: Any model.
        reuse_threshold: As in EasyCache.
        start_percent: As in EasyCache.
        end_percent: As in EasyCache.
        verbose: As in EasyCache.

    Returns:
        The model with this rule, in place of an earlier EasyCache or LazyCache.

    Raises:
        ParameterError: `start_percent` is above `end_percent`.

    Source: Zhou et al. 2025; as ComfyUI.
    """
    from ...diffusion.guidance.reuse import Reuse, with_reuse

    rule = Reuse(reuse_threshold, start_percent, end_percent, whole=True, verbose=verbose)
    return with_reuse(model, rule)
