"""Projections that change the direction of guidance."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import Conditioning, Model
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from .guidance import CATEGORY, Patched


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
