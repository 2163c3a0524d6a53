"""Guidance by a second prediction with skipped layers."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import Model
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from .network_rules import CATEGORY


@node("SkipLayerGuidanceSD3", category=CATEGORY, lane="inline")
def skip_layer_guidance_sd3(
    model: Model,
    *,
    layers: str = "7, 8, 9",
    scale: Annotated[float, Range(0, 10, step=0.1)] = 3.0,
    start_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.01,
    end_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.15,
) -> Model:
    """Lead away from the picture that a diffusion transformer makes without some of its layers.

    Args:
        model: A model such as SD3.
        layers: Numbers of the layers, from 0, with commas between.
        scale: Strength; 0 = off.
        start_percent: Where in the schedule it begins to act; 0 = the start.
        end_percent: Where it stops; 1 = the end.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model is no diffusion transformer.
        ParameterError: `layers` holds something else than numbers.

    Source: Stability AI 2024 (SD3.5).
    """
    return skip_layer_guidance(
        model,
        double_layers=layers,
        single_layers="",
        scale=scale,
        start_percent=start_percent,
        end_percent=end_percent,
    )


@node("SkipLayerGuidance", category=CATEGORY, aliases=["SkipLayerGuidanceDiT"], lane="inline")
def skip_layer_guidance(
    model: Model,
    *,
    double_layers: str = "7, 8, 9",
    single_layers: str = "7, 8, 9",
    scale: Annotated[float, Range(0, 10, step=0.1)] = 3.0,
    start_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.01,
    end_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.15,
    rescaling_scale: Annotated[float, Range(0, 10, step=0.01)] = 0.0,
) -> Model:
    """Lead away from the picture that a diffusion transformer makes without some of its layers.

    Args:
        model: A model such as SD3 or Flux.
        double_layers: Numbers of layers that carry picture and text apart, with commas between.
        single_layers: Numbers of layers that carry both together (Flux).
        scale: Strength; 0 = off.
        start_percent: Where in the schedule it begins to act; 0 = the start.
        end_percent: Where it stops; 1 = the end.
        rescaling_scale: Share in which the result is given the contrast of the positive side.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model is no diffusion transformer.
        ParameterError: A list of layers holds something else than numbers.

    Source: Stability AI 2024 (SD3.5).
    """
    from ...diffusion.guidance.apply import block_names, with_rule
    from ...diffusion.guidance.attention import SkipLayers

    blocks = block_names(model, double_layers, single_layers)
    if not scale or not blocks:
        return model
    rule = SkipLayers(blocks, scale, start_percent, end_percent, rescaling_scale)
    return with_rule(model, rule)


@node("SkipLayerGuidanceDiTSimple", category=CATEGORY, lane="inline")
def skip_layer_guidance_simple(
    model: Model,
    *,
    double_layers: str = "7, 8, 9",
    single_layers: str = "7, 8, 9",
    start_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.0,
    end_percent: Annotated[float, Range(0, 1, step=0.001)] = 1.0,
) -> Model:
    """Let a diffusion transformer see the negative side without some of its layers.

    Costs no further evaluation; strength is that of guidance. Nothing happens at cfg 1.

    Args:
        model: A model such as SD3 or Flux.
        double_layers: Numbers of layers that carry picture and text apart, with commas between.
        single_layers: Numbers of layers that carry both together (Flux).
        start_percent: Where in the schedule it begins to act; 0 = the start.
        end_percent: Where it stops; 1 = the end.

    Returns:
        The model with this rule; the same one if no layers are named.

    Raises:
        ModelError: The model is no diffusion transformer.
        ParameterError: A list of layers holds something else than numbers.

    Source: Stability AI 2024 (SD3.5).
    """
    from ...diffusion.guidance.apply import block_names, with_rule
    from ...diffusion.guidance.attention import SkipLayersOfNegative

    blocks = block_names(model, double_layers, single_layers)
    return (
        with_rule(model, SkipLayersOfNegative(blocks, start_percent, end_percent))
        if blocks
        else model
    )
