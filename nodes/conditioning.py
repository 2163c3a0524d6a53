"""Text into conditioning."""

from __future__ import annotations

from typing import Annotated

from ..diffusion.types import Clip, Conditioning
from ..engine.node import node
from ..engine.widgets import Multiline


@node("CLIPTextEncode", category="conditioning", lane="gpu")
def clip_text_encode(clip: Clip, *, text: Annotated[str, Multiline()]) -> Conditioning:
    """Encode a prompt.

    Args:
        clip: The text encoder.
        text: The prompt. `(words:1.2)` weighs words, `(words)` by 1.1, `[words]` by 1/1.1;
            `\\(` is a plain bracket. More than 75 tokens are encoded in chunks of 75.

    Returns:
        Conditioning of one entry, tokens (1, 77 * chunks, C) float32.

    Source: CLIP (Radford 2021) as Stable Diffusion uses it; weights as in ComfyUI's `comfy` mode.
    """
    from ..diffusion import encode_text

    return encode_text(clip, text)
