"""What changes guidance: rules laid over a model, which itself stays as it is."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from ...diffusion.guidance.thresholding import Mode
from ...diffusion.latents.operations import LatentOperation
from ...diffusion.types import Conditioning, Model
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range

CATEGORY = "model/guidance"
Scale = Annotated[float, Range(0, 100, step=0.5)]


class Patched(NamedTuple):
    """A model with a rule of guidance."""

    patched_model: Model


@node("RescaleCFG", category=CATEGORY, lane="inline")
def rescale_cfg(
    model: Model, *, multiplier: Annotated[float, Range(0, 1, step=0.01)] = 0.7
) -> Model:
    """Keep strong guidance from overexposing: the result gets the contrast of the positive side.

    Takes the place of another rule that combines the two sides (dynamic thresholding, PerpNeg).

    Args:
        model: The model.
        multiplier: Share of the rescaled result; 0 = off.

    Returns:
        The model with this rule.

    Source: Lin et al. 2023, "Common Diffusion Noise Schedules and Sample Steps are Flawed".
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.rescale import RescaleCFG

    return with_rule(model, RescaleCFG(multiplier)) if multiplier else model


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


@node("APG", category=CATEGORY, lane="inline")
def apg(
    model: Model,
    *,
    eta: Annotated[float, Range(-10, 10, step=0.01)] = 1.0,
    norm_threshold: Annotated[float, Range(0, 50, step=0.1)] = 5.0,
    momentum: Annotated[float, Range(-5, 1, step=0.01)] = 0.0,
) -> Model:
    """Adaptive projected guidance: weaken the part of guidance that only oversaturates.

    Args:
        model: The model.
        eta: Factor on the part of guidance parallel to the picture; 1 = as it is, 0 = left out.
        norm_threshold: Longest guidance at a step; 0 = any length.
        momentum: Factor on the guidance of earlier steps; 0 = none, below 0 pushes away from it.

    Returns:
        The model with this rule. `cfg` counts from the positive picture on: it is the paper's
        minus 1.

    Source: Sadat et al. 2024.
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.project import AdaptiveProjectedGuidance

    return with_rule(model, AdaptiveProjectedGuidance(eta, norm_threshold, momentum))


@node("TCFG", category=CATEGORY, lane="inline")
def tcfg(model: Model) -> Patched:
    """Tangential damping: keep of the negative side what lies along both sides' main direction.

    Args:
        model: The model.

    Returns:
        The model with this rule.

    Source: Kwon et al. 2025.
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.project import TangentialDamping

    return Patched(with_rule(model, TangentialDamping()))


@node("CFGZeroStar", category=CATEGORY, lane="inline")
def cfg_zero_star(model: Model) -> Patched:
    """CFG-Zero*: guide from the part of the negative side that points the positive one's way.

    Args:
        model: The model; made for flow models, works with others.

    Returns:
        The model with this rule.

    Source: Fan et al. 2025, without the zeroed first steps.
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.rescale import CFGZeroStar

    return Patched(with_rule(model, CFGZeroStar()))


@node("CFGNorm", category=CATEGORY, lane="inline")
def cfg_norm(
    model: Model, *, strength: Annotated[float, Range(0, 100, step=0.01)] = 1.0
) -> Patched:
    """Shorten the guided picture, place by place, to the length the positive side has there.

    Args:
        model: The model.
        strength: Factor on the result; 1 = none.

    Returns:
        The model with this rule.
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.rescale import CFGNorm

    return Patched(with_rule(model, CFGNorm(strength)))


@node("FreSca", category=CATEGORY, lane="inline")
def fresca(
    model: Model,
    *,
    scale_low: Annotated[float, Range(0, 10, step=0.01)] = 1.0,
    scale_high: Annotated[float, Range(0, 10, step=0.01)] = 1.25,
    freq_cutoff: Annotated[int, Range(1, 10_000)] = 20,
) -> Model:
    """Scale low and high frequencies of guidance apart.

    Args:
        model: The model.
        scale_low: Factor on the low ones (composition, colour); 1 = none.
        scale_high: Factor on the high ones (detail); 1 = none.
        freq_cutoff: Waves over the picture's side that still count as low.

    Returns:
        The model with this rule; the same one if both factors are 1.

    Source: Huang et al. 2025.
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.project import FrequencyGuidance

    if scale_low == scale_high == 1.0:
        return model
    return with_rule(model, FrequencyGuidance(scale_low, scale_high, freq_cutoff))


@node("EpsilonScaling", category=CATEGORY, aliases=["Epsilon Scaling"], lane="inline")
def epsilon_scaling(
    model: Model, *, scaling_factor: Annotated[float, Range(0.5, 1.5, step=0.001)] = 1.005
) -> Model:
    """Divide the noise that the model sees, against a bias that builds up over the steps.

    Args:
        model: The model.
        scaling_factor: The divisor; 1 = off.

    Returns:
        The model with this rule.

    Source: Ning et al. 2023.
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.rescale import EpsilonScaling

    return with_rule(model, EpsilonScaling(scaling_factor)) if scaling_factor != 1.0 else model


@node("RenormCFG", category=CATEGORY, lane="inline")
def renorm_cfg(
    model: Model,
    *,
    cfg_trunc: Annotated[float, Range(0, 100, step=0.01)] = 100.0,
    renorm_cfg: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> Model:
    """Keep the guided picture from growing beyond the positive side, as Lumina does.

    Takes the place of another rule that combines the two sides (RescaleCFG, PerpNeg).

    Args:
        model: The model.
        cfg_trunc: From this noise level on upwards nothing is guided.
        renorm_cfg: Longest result, in lengths of the positive side; 0 = any.

    Returns:
        The model with this rule.

    Source: Qin et al. 2025, "Lumina-Image 2.0".
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.rescale import RenormCFG

    return with_rule(model, RenormCFG(cfg_trunc, renorm_cfg))


@node("Mahiro", category=CATEGORY, lane="inline")
def mahiro(model: Model) -> Patched:
    """Follow the positive prompt itself the more, the more the negative one points elsewhere.

    Args:
        model: The model.

    Returns:
        The model with this rule.

    Source: yoinked-h's Mahiro.
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.rescale import Mahiro

    return Patched(with_rule(model, Mahiro()))


@node("LatentApplyOperationCFG", category=CATEGORY, lane="inline")
def latent_apply_operation_cfg(model: Model, operation: LatentOperation) -> Model:
    """Apply a rule for latents to guidance at every step, such as a tone curve.

    Args:
        model: The model.
        operation: The rule; it gets what leads from the negative side to the positive one, or the
            positive side itself where there is no negative.

    Returns:
        The model with this rule.
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.rescale import OperationOnGuidance

    return with_rule(model, OperationOnGuidance(operation))


@node("PerpNeg", category=CATEGORY, lane="inline")
def perp_neg(
    model: Model,
    empty_conditioning: Conditioning,
    *,
    neg_scale: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> Model:
    """Avoid only the part of the negative prompt that the positive prompt does not share.

    Takes the place of another rule that combines the two sides (RescaleCFG, thresholding).

    Args:
        model: The model.
        empty_conditioning: An empty prompt, encoded; both prompts are measured against it. It costs
            one more evaluation a step.
        neg_scale: Strength of the negative prompt; 0 = none.

    Returns:
        The model with this rule.

    Source: Armandpour et al. 2023.
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.project import PerpNeg

    return with_rule(model, PerpNeg(empty_conditioning, neg_scale))


@node("DifferentialDiffusion", category=CATEGORY, lane="inline")
def differential_diffusion(
    model: Model, *, strength: Annotated[float, Range(0, 1, step=0.01)] = 1.0
) -> Model:
    """Read a soft noise mask as times: darker places change less, because they start later.

    Args:
        model: The model.
        strength: 1 = only the times; below, mixed with the soft mask itself; 0 = off.

    Returns:
        The model with this rule; it acts where the latent has a noise mask.

    Source: Levin & Fried 2023.
    """
    from ...diffusion.guidance.apply import with_rule
    from ...diffusion.guidance.attention import DifferentialDiffusion

    return with_rule(model, DifferentialDiffusion(strength)) if strength else model
