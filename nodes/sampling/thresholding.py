"""Dynamic thresholding of the guided prediction."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.guidance.thresholding import Mode
from weft.diffusion.types import Model
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

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
    """Dynamic thresholding: give a high guidance scale the value range of a lower one.

    It replaces another rule that combines the conditional and the unconditional prediction
    (RescaleCFG, PerpNeg).

    Args:
        model: The model.
        mimic_scale: The guidance scale whose value range is kept.
        threshold_percentile: Percentile of the values that sets the range, as a fraction; values
            beyond it are clipped. 1 clips nothing.

    Returns:
        The model with this rule.

    Source: Saharia et al. 2022, "Imagen", in the form for latents by A. Goodwin.
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.thresholding import DynamicThresholding

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
    """Dynamic thresholding with all its options.

    It replaces another rule that combines the conditional and the unconditional prediction
    (RescaleCFG, PerpNeg).

    Args:
        model: The model.
        mimic_scale: The guidance scale whose value range is kept.
        threshold_percentile: The same as in DynamicThresholding; used with `AD` only.
        mimic_mode: How `mimic_scale` changes over the schedule.
        mimic_scale_min: The lowest value of that change.
        cfg_mode: How the guidance scale changes over the schedule.
        cfg_scale_min: The lowest value of that change.
        sched_val: Exponent of the power modes, or number of repetitions of the repeating modes.
        separate_feature_channels: Whether each channel has its own range. If off, the image has one
            range.
        scaling_startpoint: Whether values are scaled around the mean of their channel or around 0.
        variability_measure: The measure of the range: the largest value (AD) or the standard
            deviation (STD).
        interpolate_phi: Share of the result; the rest is plain guidance. 1 is the result alone.

    Returns:
        The model with this rule.

    Source: A. Goodwin's dynamic thresholding for latents (MIT).
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.thresholding import DynamicThresholding

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
