"""Guidance by a second prediction with changed attention: PAG and SAG."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import Model
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range

CATEGORY = "model/network"


@node("PerturbedAttentionGuidance", category=CATEGORY, lane="inline")
def perturbed_attention_guidance(
    model: Model, *, scale: Annotated[float, Range(0, 100, step=0.01)] = 3.0
) -> Model:
    """Lead away from the picture that the network makes without attention in its middle.

    Costs one more evaluation a step; needs no negative prompt.

    Args:
        model: A model with a UNet.
        scale: Strength; 0 = off.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model is no UNet.

    Source: Ahn et al. 2024.
    """
    from ...diffusion.guidance.apply import check_unet, with_rule
    from ...diffusion.guidance.attention import PerturbedAttention

    check_unet(model, "Perturbed-attention guidance")
    return with_rule(model, PerturbedAttention(scale)) if scale else model


@node("SelfAttentionGuidance", category=CATEGORY, lane="inline")
def self_attention_guidance(
    model: Model,
    *,
    scale: Annotated[float, Range(-2, 5, step=0.01)] = 0.5,
    blur_sigma: Annotated[float, Range(0, 10, step=0.1)] = 2.0,
) -> Model:
    """Lead away from the picture seen when the places the network looks at are blurred.

    Costs one more evaluation a step. Latents of up to 4 cells a side stay as they are.

    Args:
        model: A model with a UNet.
        scale: Strength; 0 = off, below 0 leads towards blur.
        blur_sigma: Width of the blur in latent cells.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model is no UNet.

    Source: Hong et al. 2023.
    """
    from ...diffusion.guidance.apply import check_unet, with_rule
    from ...diffusion.guidance.attention import SelfAttentionGuidance

    check_unet(model, "Self-attention guidance")
    return with_rule(model, SelfAttentionGuidance(scale, blur_sigma)) if scale else model
