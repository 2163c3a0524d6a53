"""What changes a network from inside while it is asked: attention, features, layers, sizes."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Model
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range

CATEGORY = "model/network"
Method = Literal["bicubic", "nearest-exact", "bilinear", "area", "bislerp"]


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


@node("FreeU", category=CATEGORY, lane="inline")
def free_u(
    model: Model,
    *,
    b1: Annotated[float, Range(0, 10, step=0.01)] = 1.1,
    b2: Annotated[float, Range(0, 10, step=0.01)] = 1.2,
    s1: Annotated[float, Range(0, 10, step=0.01)] = 0.9,
    s2: Annotated[float, Range(0, 10, step=0.01)] = 0.2,
) -> Model:
    """Strengthen what the decoder makes itself, weaken the coarse part of what it is handed.

    Args:
        model: A model with a UNet.
        b1: Factor on half of the features at the level of 4 times the base width; 1 = none.
        b2: The same at 2 times the base width.
        s1: Factor on the low waves of what the encoder handed over, 4 times the width; 1 = none.
        s2: The same at 2 times the base width.

    Returns:
        The model with this rule; the same one if all are 1.

    Raises:
        ModelError: The model is no UNet.

    Source: Si et al. 2023.
    """
    return _free_u(model, b1, b2, s1, s2, by_mean=False)


@node("FreeU_V2", category=CATEGORY, lane="inline")
def free_u_v2(
    model: Model,
    *,
    b1: Annotated[float, Range(0, 10, step=0.01)] = 1.3,
    b2: Annotated[float, Range(0, 10, step=0.01)] = 1.4,
    s1: Annotated[float, Range(0, 10, step=0.01)] = 0.9,
    s2: Annotated[float, Range(0, 10, step=0.01)] = 0.2,
) -> Model:
    """FreeU whose factor grows with how strong the features are at a place.

    Args:
        model: A model with a UNet.
        b1: Largest factor on half of the features at 4 times the base width; 1 = none.
        b2: The same at 2 times the base width.
        s1: Factor on the low waves of what the encoder handed over, 4 times the width; 1 = none.
        s2: The same at 2 times the base width.

    Returns:
        The model with this rule; the same one if all are 1.

    Raises:
        ModelError: The model is no UNet.

    Source: Si et al. 2023, version 2.
    """
    return _free_u(model, b1, b2, s1, s2, by_mean=True)


def _free_u(model: Model, b1: float, b2: float, s1: float, s2: float, *, by_mean: bool) -> Model:
    from ...diffusion.guidance.apply import check_unet, with_rule
    from ...diffusion.guidance.features import FeatureScales, FreeU

    check_unet(model, "FreeU")
    if b1 == b2 == s1 == s2 == 1.0:
        return model
    return with_rule(model, FreeU(FeatureScales(b1, b2, s1, s2, by_mean)))


@node("HyperTile", category=CATEGORY, lane="inline")
def hyper_tile(
    model: Model,
    *,
    tile_size: Annotated[int, Range(1, 2048)] = 256,
    swap_size: Annotated[int, Range(1, 128)] = 2,
    max_depth: Annotated[int, Range(0, 10)] = 0,
    scale_depth: bool = False,
) -> Model:
    """Let self-attention look no further than its tile: faster on large pictures.

    Args:
        model: A model with a UNet.
        tile_size: Least side of a tile in pixels; below 32 counts as 32.
        swap_size: Among how many sizes of tiles is drawn, so that no border stays; 1 = no drawing.
        max_depth: Deepest level that is tiled; 0 = only the outermost, where it pays most.
        scale_depth: Whether tiles are larger on deeper levels.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model is no UNet.

    Source: T. Fernandes 2023, "HyperTile".
    """
    from ...diffusion.guidance.apply import check_unet, with_rule
    from ...diffusion.guidance.tiles import HyperTile

    check_unet(model, "HyperTile")
    return with_rule(model, HyperTile(tile_size, swap_size, max_depth, scale_depth))


@node("TokenMerging", category=CATEGORY, aliases=["TomePatchModel"], lane="inline")
def token_merging(model: Model, *, ratio: Annotated[float, Range(0, 1, step=0.01)] = 0.3) -> Model:
    """Merge places that are alike in self-attention, for speed on large pictures.

    Details are lost with a high ratio. It acts on the outermost level alone: UNets without
    attention there, as SDXL's, draw what they draw without it.

    Args:
        model: A model with a UNet.
        ratio: Share of the places of the outermost level that is merged away; 0 = off, and above
            0.75 is the same as 0.75.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model is no UNet.

    Source: Bolya & Hoffman 2023. What is merged follows from noise level and layer, so that a run
    can be made again; in ComfyUI it is another draw at every run.
    """
    from ...diffusion.guidance.apply import check_unet, with_rule
    from ...diffusion.guidance.token_merging import TokenMerging

    check_unet(model, "Token merging")
    return with_rule(model, TokenMerging(ratio)) if ratio else model


@node(
    "PatchModelAddDownscale",
    category=CATEGORY,
    aliases=["DeepShrink", "PatchModelAddDownscale (Kohya Deep Shrink)"],
    lane="inline",
)
def deep_shrink(
    model: Model,
    *,
    block_number: Annotated[int, Range(1, 32)] = 3,
    downscale_factor: Annotated[float, Range(0.1, 9, step=0.001)] = 2.0,
    start_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.0,
    end_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.35,
    downscale_after_skip: bool = True,
    downscale_method: Method = "bicubic",
    upscale_method: Method = "bicubic",
) -> Model:
    """Deep Shrink: show a UNet's inner levels a smaller picture at first, against doubled subjects.

    For pictures larger than the model was trained on: it plans them at a size that it knows.

    Args:
        model: A model with a UNet.
        block_number: Encoder block behind which features are made smaller, counted from 1 as in the
            original layout; 3 = the first downsampling of SD1.x and SDXL.
        downscale_factor: How much smaller; 1 = nothing changes, below 1 larger.
        start_percent: Where in the schedule it begins to act; 0 = the start.
        end_percent: Where it stops; 1 = the end.
        downscale_after_skip: Whether what the decoder is handed of this block keeps its size.
        downscale_method: Filter on the way down.
        upscale_method: Filter on the way back up.

    Returns:
        The model with this rule; the same one if the factor is 1.

    Raises:
        ModelError: The model is no UNet.

    Source: kohya-ss 2023, "Deep Shrink".
    """
    from ...diffusion.guidance.apply import check_unet, with_rule
    from ...diffusion.guidance.shrink import DeepShrink

    check_unet(model, "Deep Shrink")
    if downscale_factor == 1.0:
        return model
    rule = DeepShrink(
        block_number,
        downscale_factor,
        start_percent,
        end_percent,
        downscale_after_skip,
        downscale_method,
        upscale_method,
    )
    return with_rule(model, rule)
