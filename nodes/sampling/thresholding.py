"""Dynamic thresholding of the guided prediction."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.guidance.thresholding import Mode
from ...diffusion.types import Model
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from .guidance import CATEGORY

Scale = Annotated[float, Range(0, 100, step=0.5)]


@node(
    "DynamicThresholding", category=CATEGORY, aliases=["DynamicThresholdingSimple"], lane="inline"
)
def dynamic_thresholding(
    model: Model,
    *,
    mimic_scale: Annotated[float, Range(0, 100, step=0.5)] = 7.0,
    threshold_percentile: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Model:
    """Let strong guidance keep the range of values that a weaker one would give.

    Takes the place of another rule that combines the two sides (RescaleCFG, PerpNeg).

    Args:
        model: The model.
        mimic_scale: The cfg whose range is kept.
        threshold_percentile: Share of values that count for the range of the strong guidance; what
            lies beyond is cut. 1 = all, nothing is cut.

    Returns:
        The model with this rule.

    Source: Saharia et al. 2022, "Imagen", in the form for latents by A. Goodwin.
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.thresholding import DynamicThresholding

    return with_rule(model, DynamicThresholding(mimic_scale, threshold_percentile))


@node("DynamicThresholdingFull", category=CATEGORY, lane="inline")
def dynamic_thresholding_full(
    model: Model,
    *,
    mimic_scale: Scale = 7.0,
    threshold_percentile: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
    mimic_mode: Mode = "Constant",
    mimic_scale_min: Scale = 0.0,
    cfg_mode: Mode = "Constant",
    cfg_scale_min: Scale = 0.0,
    sched_val: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    separate_feature_channels: Literal["enable", "disable"] = "enable",
    scaling_startpoint: Literal["MEAN", "ZERO"] = "MEAN",
    variability_measure: Literal["AD", "STD"] = "AD",
    interpolate_phi: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Model:
    """Let strong guidance keep the range of values that a weaker one would give, with all choices.

    Takes the place of another rule that combines the two sides (RescaleCFG, PerpNeg).

    Args:
        model: The model.
        mimic_scale: The cfg whose range is kept.
        threshold_percentile: As in DynamicThresholding; for `AD` only.
        mimic_mode: How `mimic_scale` changes over the schedule.
        mimic_scale_min: What it falls to, or rises from.
        cfg_mode: How cfg changes over the schedule.
        cfg_scale_min: What it falls to, or rises from.
        sched_val: Exponent of the power modes; repetitions of the repeating ones.
        separate_feature_channels: Whether every channel has a range of its own, or the picture one.
        scaling_startpoint: Whether values are scaled around their channel's mean or around 0.
        variability_measure: The range is the largest value (AD) or the standard deviation (STD).
        interpolate_phi: Share of the result; the rest is plain guidance.

    Returns:
        The model with this rule.

    Source: A. Goodwin's dynamic thresholding for latents (MIT).
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.thresholding import DynamicThresholding

    rule = DynamicThresholding(
        mimic_scale,
        threshold_percentile,
        mimic_mode,
        mimic_scale_min,
        cfg_mode,
        cfg_scale_min,
        sched_val,
        separate_feature_channels == "enable",
        scaling_startpoint == "MEAN",
        variability_measure == "STD",
        interpolate_phi,
    )
    return with_rule(model, rule)
