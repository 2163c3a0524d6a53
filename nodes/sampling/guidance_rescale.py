"""Rescaling of the guided prediction or of its norm."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Model
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

from .guidance import CATEGORY, Patched


@node("RescaleCFG", category=CATEGORY, lane="inline")
def rescale_cfg(
    model: Model, *, multiplier: Annotated[float, Range(0, 1, step=0.01)] = 0.7
) -> Model:
    """RescaleCFG: keep a high guidance scale from overexposing the image.

    The guided prediction gets the contrast of the conditional one. It replaces another rule that
    combines the conditional and the unconditional prediction (dynamic thresholding, PerpNeg).

    Args:
        model: The model.
        multiplier: Share of the rescaled prediction. 0 is off.

    Returns:
        The model with this rule.

    Source: Lin et al. 2023, "Common Diffusion Noise Schedules and Sample Steps are Flawed".
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.rescale import RescaleCFG

    return with_rule(model, RescaleCFG(multiplier)) if multiplier else model


@node("CFGNorm", category=CATEGORY, lane="inline")
def cfg_norm(
    model: Model, *, strength: Annotated[float, Range(0, 100, step=0.01)] = 1.0
) -> Patched:
    """CFGNorm: limit the length of the guided prediction to that of the conditional one.

    Args:
        model: The model.
        strength: Factor on the result. 1 leaves it unchanged.

    Returns:
        The model with this rule.
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.rescale import CFGNorm

    return Patched(with_rule(model, CFGNorm(strength)))


@node("EpsilonScaling", category=CATEGORY, aliases=["Epsilon Scaling"], lane="inline")
def epsilon_scaling(
    model: Model, *, scaling_factor: Annotated[float, Range(0.5, 1.5, step=0.001)] = 1.005
) -> Model:
    """Epsilon scaling: divide the predicted noise, against a bias that grows over the steps.

    Args:
        model: The model.
        scaling_factor: The divisor. 1 is off.

    Returns:
        The model with this rule.

    Source: Ning et al. 2023.
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.rescale import EpsilonScaling

    return with_rule(model, EpsilonScaling(scaling_factor)) if scaling_factor != 1.0 else model


@node("RenormCFG", category=CATEGORY, lane="inline")
def renorm_cfg(
    model: Model,
    *,
    cfg_trunc: Annotated[float, Range(0, 100, step=0.01)] = 100.0,
    renorm_cfg: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> Model:
    """RenormCFG: limit the norm of the guided prediction to the conditional one, as Lumina does.

    It replaces another rule that combines the conditional and the unconditional prediction
    (RescaleCFG, PerpNeg).

    Args:
        model: The model.
        cfg_trunc: The sigma from which upwards guidance is off.
        renorm_cfg: Maximum norm of the result, as a multiple of the conditional prediction's. 0 is
            no limit.

    Returns:
        The model with this rule.

    Source: Qin et al. 2025, "Lumina-Image 2.0".
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.rescale import RenormCFG

    return with_rule(model, RenormCFG(cfg_trunc, renorm_cfg))
