"""Guidance by a second prediction with changed attention: PAG and SAG."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Model
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

CATEGORY = "model/network"


@node("PerturbedAttentionGuidance", category=CATEGORY, lane="inline")
def perturbed_attention_guidance(
    model: Model, *, scale: Annotated[float, Range(0, 100, step=0.01)] = 3.0
) -> Model:
    """Perturbed-attention guidance (PAG): guide away from a prediction without middle attention.

    It costs one more model evaluation per step and needs no negative prompt.

    Args:
        model: A model with a UNet.
        scale: Guidance strength. 0 is off.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model has no UNet.

    Source: Ahn et al. 2024.
    """
    from weft.diffusion.guidance.apply import check_unet, with_rule
    from weft.diffusion.guidance.attention import PerturbedAttention

    check_unet(model, "Perturbed-attention guidance")
    return with_rule(model, PerturbedAttention(scale)) if scale else model


@node("SelfAttentionGuidance", category=CATEGORY, lane="inline")
def self_attention_guidance(
    model: Model,
    *,
    scale: Annotated[float, Range(-2, 5, step=0.01)] = 0.5,
    blur_sigma: Annotated[float, Range(0, 10, step=0.1)] = 2.0,
) -> Model:
    """Self-attention guidance (SAG): guide away from a prediction of a partly blurred image.

    The image is blurred where self-attention is strongest. This costs one more model evaluation per
    step. Latents of up to 4 cells a side are not guided.

    Args:
        model: A model with a UNet.
        scale: Guidance strength. 0 is off, values below 0 guide towards the blur.
        blur_sigma: Width of the blur in latent cells.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model has no UNet.

    Source: Hong et al. 2023.
    """
    from weft.diffusion.guidance.apply import check_unet, with_rule
    from weft.diffusion.guidance.attention import SelfAttentionGuidance

    check_unet(model, "Self-attention guidance")
    return with_rule(model, SelfAttentionGuidance(scale, blur_sigma)) if scale else model
