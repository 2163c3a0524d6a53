"""Changes to classifier-free guidance that belong to no larger group."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from weft.diffusion.latents.operations import LatentOperation
from weft.diffusion.types import Model
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

CATEGORY = "model/guidance"


class Patched(NamedTuple):
    """A model with a guidance rule."""

    patched_model: Model


@node("FreSca", category=CATEGORY, lane="inline")
def fresca(
    model: Model,
    *,
    scale_low: Annotated[float, Range(0, 10, step=0.01)] = 1.0,
    scale_high: Annotated[float, Range(0, 10, step=0.01)] = 1.25,
    freq_cutoff: Annotated[int, Range(1, 10_000)] = 20,
) -> Model:
    """FreSca: scale the low and high frequencies of guidance separately.

    Args:
        model: The model.
        scale_low: Factor on low frequencies (composition, colour). 1 leaves them unchanged.
        scale_high: Factor on high frequencies (detail). 1 leaves them unchanged.
        freq_cutoff: Cutoff: the highest low frequency, in waves per side of the image.

    Returns:
        The model with this rule; the same one if both factors are 1.

    Source: Huang et al. 2025.
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.project import FrequencyGuidance

    if scale_low == scale_high == 1.0:
        return model
    return with_rule(model, FrequencyGuidance(scale_low, scale_high, freq_cutoff))


@node("LatentApplyOperationCFG", category=CATEGORY, lane="inline")
def latent_apply_operation_cfg(model: Model, operation: LatentOperation) -> Model:
    """Apply a latent operation, such as tone mapping, to the guidance at every step.

    Args:
        model: The model.
        operation: The operation. It gets the difference of the conditional and the unconditional
            prediction, or the conditional one if there is no negative prompt.

    Returns:
        The model with this rule.
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.rescale import OperationOnGuidance

    return with_rule(model, OperationOnGuidance(operation))


@node("DifferentialDiffusion", category=CATEGORY, lane="inline")
def differential_diffusion(
    model: Model, *, strength: Annotated[float, Range(0, 1, step=0.01)] = 1.0
) -> Model:
    """Differential diffusion: a soft noise mask sets how much each region changes.

    Args:
        model: The model.
        strength: 1 reads the mask as start times: darker regions start later. Lower values mix in
            the soft mask itself; 0 is off.

    Returns:
        The model with this rule. It acts on latents with a noise mask.

    Source: Levin & Fried 2023.
    """
    from weft.diffusion.guidance.apply import with_rule
    from weft.diffusion.guidance.attention import DifferentialDiffusion

    return with_rule(model, DifferentialDiffusion(strength)) if strength else model
