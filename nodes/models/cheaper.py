"""Fewer tokens or a smaller feature map in a UNet, for speed and for large images."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Model
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

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
    """HyperTile: restrict self-attention to tiles, for speed on large images.

    Args:
        model: A model with a UNet.
        tile_size: Smallest side of a tile in pixels. Values below 32 act as 32.
        swap_size: Number of tile sizes to draw from at random, which avoids visible borders. 1 uses
            one size.
        max_depth: Deepest level of the UNet to tile. 0 is the outermost level only, where it saves
            most.
        scale_depth: Whether tiles are larger on deeper levels.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model has no UNet.

    Source: T. Fernandes 2023, "HyperTile".
    """
    from weft.diffusion.guidance.apply import check_unet, with_rule
    from weft.diffusion.guidance.tiles import HyperTile

    check_unet(model, "HyperTile")
    return with_rule(model, HyperTile(tile_size, swap_size, max_depth, scale_depth))


@node("TokenMerging", category=CATEGORY, aliases=["TomePatchModel"], lane="inline")
def token_merging(model: Model, *, ratio: Annotated[float, Range(0, 1, step=0.01)] = 0.3) -> Model:
    """Token merging: merge similar tokens in self-attention, for speed on large images.

    High ratios lose detail. It acts on the outermost level of the UNet only, so UNets without
    attention there, such as SDXL's, are unchanged.

    Args:
        model: A model with a UNet.
        ratio: Share of the tokens on the outermost level that is merged. 0 is off; values above
            0.75 act as 0.75.

    Returns:
        The model with this rule.

    Raises:
        ModelError: The model has no UNet.

    Source: Bolya & Hoffman 2023. What is merged follows from noise level and layer, so that a run
    can be made again; in ComfyUI it is another draw at every run.
    """
    from weft.diffusion.guidance.apply import check_unet, with_rule
    from weft.diffusion.guidance.token_merging import TokenMerging

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
    """Deep Shrink: downscale inner UNet features at first, against doubled subjects.

    Use it for images larger than the model was trained on: the composition forms at a size that the
    model knows.

    Args:
        model: A model with a UNet.
        block_number: Encoder block after which features are downscaled, counted from 1 as in the
            original layout. 3 is the first downsampling of SD1.x and SDXL.
        downscale_factor: Downscale factor. 1 is off, values below 1 upscale.
        start_percent: Where it begins to act, as a fraction of the schedule: 0 is the start.
        end_percent: Where it stops, as a fraction of the schedule: 1 is the end.
        downscale_after_skip: Whether the skip connection of this block keeps its size.
        downscale_method: The resampling filter for downscaling.
        upscale_method: The resampling filter for upscaling back.

    Returns:
        The model with this rule; the same one if the factor is 1.

    Raises:
        ModelError: The model has no UNet.

    Source: kohya-ss 2023, "Deep Shrink".
    """
    from weft.diffusion.guidance.apply import check_unet, with_rule
    from weft.diffusion.guidance.shrink import DeepShrink

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
