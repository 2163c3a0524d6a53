"""Fewer tokens or a smaller feature map in a UNet, for speed and for large images."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Model
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from .network_rules import CATEGORY

Method = Literal["bicubic", "nearest-exact", "bilinear", "area", "bislerp"]


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
