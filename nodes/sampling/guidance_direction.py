"""Projections that change the direction of guidance."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Conditioning, Model
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

from .guidance import CATEGORY, Patched


@node("APG", category=CATEGORY, lane="inline")
def apg(
    model: Model,
    *,
    eta: Annotated[float, Range(-10, 10, step=0.01)] = 1.0,
    norm_threshold: Annotated[float, Range(0, 50, step=0.1)] = 5.0,
    momentum: Annotated[float, Range(-5, 1, step=0.01)] = 0.0,
) -> Model:
    """APG (adaptive projected guidance): damp the part of guidance that oversaturates.

    Args:
        model: The model.
        eta: Factor on the part of the guidance parallel to the prediction. 1 leaves it unchanged, 0
            removes it.
        norm_threshold: Maximum length of the guidance at a step. 0 is no limit.
        momentum: Factor on the guidance of earlier steps. 0 is off, negative values push away from
            it.

    Returns:
        The model with this rule. `cfg` is the paper's guidance scale minus 1, measured from the
        conditional prediction.

    Source: Sadat et al. 2024.
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.project import AdaptiveProjectedGuidance

    return with_rule(model, AdaptiveProjectedGuidance(eta, norm_threshold, momentum))


@node("TCFG", category=CATEGORY, lane="inline")
def tcfg(model: Model) -> Patched:
    """TCFG (tangential damping): keep only the aligned part of the unconditional prediction.

    Args:
        model: The model.

    Returns:
        The model with this rule.

    Source: Kwon et al. 2025.
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.project import TangentialDamping

    return Patched(with_rule(model, TangentialDamping()))


@node("CFGZeroStar", category=CATEGORY, lane="inline")
def cfg_zero_star(model: Model) -> Patched:
    """CFG-Zero*: scale the unconditional prediction to the best fit of the conditional one.

    Args:
        model: The model. The rule was made for flow models and also works with others.

    Returns:
        The model with this rule.

    Source: Fan et al. 2025, without the zeroed first steps.
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.rescale import CFGZeroStar

    return Patched(with_rule(model, CFGZeroStar()))


@node("Mahiro", category=CATEGORY, lane="inline")
def mahiro(model: Model) -> Patched:
    """Mahiro: follow the positive prompt more, the more the negative one differs from it.

    Args:
        model: The model.

    Returns:
        The model with this rule.

    Source: yoinked-h's Mahiro.
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.rescale import Mahiro

    return Patched(with_rule(model, Mahiro()))


@node("PerpNeg", category=CATEGORY, lane="inline")
def perp_neg(
    model: Model,
    empty_conditioning: Conditioning,
    *,
    neg_scale: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> Model:
    """Perp-Neg: avoid only the part of the negative prompt that the positive one lacks.

    It replaces another rule that combines the conditional and the unconditional prediction
    (RescaleCFG, dynamic thresholding).

    Args:
        model: The model.
        empty_conditioning: An encoded empty prompt, the reference for both prompts. It costs one
            more model evaluation per step.
        neg_scale: Strength of the negative prompt. 0 is off.

    Returns:
        The model with this rule.

    Source: Armandpour et al. 2023.
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.project import PerpNeg

    return with_rule(model, PerpNeg(empty_conditioning, neg_scale))
