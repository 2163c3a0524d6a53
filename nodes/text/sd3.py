"""Prompts and empty latents of SD3."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Clip, Conditioning, Latent
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from ..limits import MAX_SIDE
from .prompts import Prompt, embeddings_of


@node("CLIPTextEncodeSD3", category="conditioning/families", lane="gpu", version=3)
def clip_text_encode_sd3(
    run: Run,
    clip: Clip,
    *,
    clip_l: Prompt,
    clip_g: Prompt,
    t5xxl: Prompt,
    empty_padding: Literal["none", "empty_prompt"] = "none",
) -> Conditioning:
    """Encode a prompt for SD3, with a text for each encoder.

    Args:
        clip: Text encoders of an SD3 model, with or without T5.
        clip_l: Prompt for the small CLIP encoder.
        clip_g: Prompt for the large CLIP encoder.
        t5xxl: Prompt for T5, which follows long sentences.
        empty_padding: What an empty text becomes: nothing (zeros; T5 is left out), or the encoded
            empty prompt.

    Returns:
        Conditioning of one entry, tokens (1, T, 4096) float32.

    Raises:
        DiffusionError: The encoders are not SD3's.

    Source: Esser et al. 2024; rules of ComfyUI.
    """
    from ...diffusion.families.sd3 import encode_sd3

    texts = [text if text or empty_padding != "none" else None for text in (clip_l, clip_g, t5xxl)]
    with embeddings_of(run):
        return encode_sd3(clip, texts, square_brackets=False)


@node("EmptySD3LatentImage", category="latent", lane="inline")
def empty_sd3_latent_image(
    *,
    width: Annotated[int, Range(16, MAX_SIDE, step=16, multiple=8, soft=(256, 2048))] = 1024,
    height: Annotated[int, Range(16, MAX_SIDE, step=16, multiple=8, soft=(256, 2048))] = 1024,
    batch_size: Annotated[int, Range(1, 4096)] = 1,
) -> Latent:
    """Make an empty latent of 16 channels: the canvas of SD3 and Flux.

    EmptyLatentImage does as well: an empty latent takes the channels of the model that samples it.

    Args:
        width: Width of the picture in pixels, a multiple of 8.
        height: Height of the picture in pixels, a multiple of 8.
        batch_size: Number of pictures.

    Returns:
        Zeros, (batch_size, 16, height / 8, width / 8) float32.
    """
    from ...diffusion import empty_latent

    return empty_latent(width, height, batch_size, channels=16)
