"""Options of a text encoder."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from weft.diffusion.types import Clip
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range


@node("CLIPSetLastLayer", category="conditioning", lane="inline")
def clip_set_last_layer(
    clip: Clip, *, stop_at_clip_layer: Annotated[int, Range(-24, -1)] = -1
) -> Clip:
    """Use an earlier layer of the CLIP text encoders ("clip skip").

    Args:
        clip: The text encoder.
        stop_at_clip_layer: Index of the layer: -1 is the last one, -2 the one before it ("clip skip
            2"), and so on. By default SD1.x uses the last layer, SD2.x and SDXL the one before it.

    Returns:
        The text encoder with this layer.

    Raises:
        DiffusionError: The text encoder has fewer layers.
    """
    from weft.diffusion import set_clip_last_layer

    return set_clip_last_layer(clip, stop_at_clip_layer)


@node("T5TokenizerOptions", category="conditioning", lane="inline")
def t5_tokenizer_options(
    clip: Clip,
    *,
    min_padding: Annotated[int, Range(0, 10_000)] = 0,
    min_length: Annotated[int, Range(0, 10_000)] = 0,
) -> Clip:
    """Set the padding of prompts for a T5 text encoder (SD3, Flux, PixArt).

    The default is that of the family's training: at least 77 tokens for SD3, 256 for Flux.

    Args:
        clip: The text encoders. Others than T5 stay unchanged.
        min_padding: Padding after every prompt, in tokens.
        min_length: Minimum length of a prompt in tokens, padding included. 0 adds none.

    Returns:
        The text encoders with this padding.
    """

    from weft.diffusion.types import SentencePadding

    return replace(clip, padding=SentencePadding(min_padding, min_length))
