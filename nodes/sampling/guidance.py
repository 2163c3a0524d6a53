"""Changes to classifier-free guidance that belong to no larger group."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from ...diffusion.latents.operations import LatentOperation
from ...diffusion.types import Model
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range

CATEGORY = "model/guidance"


class Patched(NamedTuple):
    """A model with a rule of guidance."""

    patched_model: Model


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
