"""Prompts of PixArt-Alpha."""

from __future__ import annotations

from dataclasses import replace

from weft.diffusion.types import Clip, Conditioning, SizeHint
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node

from .prompts import Prompt, Side, embeddings_of

PIXART = ("pixart_alpha", "pixart_sigma")


@node("CLIPTextEncodePixArtAlpha", category="conditioning/families", lane="gpu", version=2)
def clip_text_encode_pixart_alpha(
    run: Run, clip: Clip, *, width: Side = 1024, height: Side = 1024, text: Prompt
) -> Conditioning:
    """Encode a prompt for PixArt-alpha, with the image size conditioning.

    Args:
        clip: The text encoder (T5) of a PixArt model.
        width: Width of the image in pixels.
        height: Height of the image in pixels.
        text: The prompt.

    Returns:
        Conditioning with one entry, tokens (1, T, 4096) float32. PixArt-sigma ignores the size.

    Raises:
        DiffusionError: The text encoder is not that of PixArt.
    """
    from weft.diffusion import encode_texts

    with embeddings_of(run):
        encoded = encode_texts(clip, text, families=PIXART, square_brackets=False)
    size = SizeHint(width, height)
    return Conditioning(tuple(replace(entry, size=size) for entry in encoded.entries))
