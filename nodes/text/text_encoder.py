"""Options of a text encoder."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from ...diffusion.types import Clip
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range


@node("CLIPSetLastLayer", category="conditioning", lane="inline")
def clip_set_last_layer(
    clip: Clip, *, stop_at_clip_layer: Annotated[int, Range(-24, -1)] = -1
) -> Clip:
    """Take the text from an earlier layer of the CLIP text encoders ("clip skip").

    Args:
        clip: The text encoder.
        stop_at_clip_layer: -1 the last layer, -2 the one before it ("clip skip 2"), and so on.
            Without this node SD1.x takes the last layer, SD2.x and SDXL the one before it.

    Returns:
        The same encoder, read at that layer.

    Raises:
        DiffusionError: The encoder has not that many layers.
    """
    from ...diffusion import set_clip_last_layer

    return set_clip_last_layer(clip, stop_at_clip_layer)


@node("T5TokenizerOptions", category="conditioning", lane="inline")
def t5_tokenizer_options(
    clip: Clip,
    *,
    min_padding: Annotated[int, Range(0, 10_000)] = 0,
    min_length: Annotated[int, Range(0, 10_000)] = 0,
) -> Clip:
    """Say how much padding the text of a T5 encoder gets (SD3, Flux, PixArt).

    Without this node it is what the family was trained with: SD3 at least 77 tokens, Flux 256.

    Args:
        clip: The text encoders; those that are no T5 stay as they are.
        min_padding: Padding behind every prompt, in tokens.
        min_length: Tokens a prompt has at least, padding and all; 0 = no more than it needs.

    Returns:
        The same encoders with this padding.
    """

    from ...diffusion.types import SentencePadding

    return replace(clip, padding=SentencePadding(min_padding, min_length))
