"""Guidance by a second prediction with skipped layers."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Model
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

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
    """Skip-layer guidance: guide away from a transformer's prediction without some layers.

    Args:
        model: A transformer model such as SD3.
        layers: Indices of the layers to skip, from 0, separated by commas.
        scale: Guidance strength. 0 is off.
        start_percent: Where it begins to act, as a fraction of the schedule: 0 is the start.
        end_percent: Where it stops, as a fraction of the schedule: 1 is the end.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model is no diffusion transformer.
        ParameterError: `layers` holds something other than numbers.

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
    """Skip-layer guidance: guide away from a transformer's prediction without some layers.

    Args:
        model: A transformer model such as SD3 or Flux.
        double_layers: Indices of the double-stream layers to skip (image and text separate),
            separated by commas.
        single_layers: Indices of the single-stream layers to skip (image and text joined; Flux),
            separated by commas.
        scale: Guidance strength. 0 is off.
        start_percent: Where it begins to act, as a fraction of the schedule: 0 is the start.
        end_percent: Where it stops, as a fraction of the schedule: 1 is the end.
        rescaling_scale: Rescaling against overexposure: share of the result that gets the contrast
            of the conditional prediction. 0 is off.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model is no diffusion transformer.
        ParameterError: A list of layers holds something other than numbers.

    Source: Stability AI 2024 (SD3.5).
    """
    from weft.diffusion.guidance.apply import block_names, with_rule
    from weft.diffusion.guidance.attention import SkipLayers

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
    """Skip some transformer layers in the unconditional prediction only.

    It costs no further evaluation; its strength is the guidance scale. It has no effect at a cfg of
    1.

    Args:
        model: A transformer model such as SD3 or Flux.
        double_layers: Indices of the double-stream layers to skip (image and text separate),
            separated by commas.
        single_layers: Indices of the single-stream layers to skip (image and text joined; Flux),
            separated by commas.
        start_percent: Where it begins to act, as a fraction of the schedule: 0 is the start.
        end_percent: Where it stops, as a fraction of the schedule: 1 is the end.

    Returns:
        The model with this rule; the same one if no layers are given.

    Raises:
        ModelError: The model is no diffusion transformer.
        ParameterError: A list of layers holds something other than numbers.

    Source: Stability AI 2024 (SD3.5).
    """
    from weft.diffusion.guidance.apply import block_names, with_rule
    from weft.diffusion.guidance.attention import SkipLayersOfNegative

    blocks = block_names(model, double_layers, single_layers)
    return (
        with_rule(model, SkipLayersOfNegative(blocks, start_percent, end_percent))
        if blocks
        else model
    )
