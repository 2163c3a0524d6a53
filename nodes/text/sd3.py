"""Prompts and empty latents of SD3."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Clip, Conditioning, Latent
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

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
        clip: The text encoders of an SD3 model, with or without T5.
        clip_l: The prompt for the small CLIP encoder.
        clip_g: The prompt for the large CLIP encoder.
        t5xxl: The prompt for T5, which follows long sentences.
        empty_padding: Encoding of an empty text: zeros (for T5, no tokens), or the encoded empty
            prompt.

    Returns:
        Conditioning with one entry, tokens (1, T, 4096) float32.

    Raises:
        DiffusionError: The text encoders are not those of SD3.

    Source: Esser et al. 2024; rules of ComfyUI.
    """
    from weft.diffusion.families.sd3 import encode_sd3

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
    """Make an empty latent with 16 channels, for SD3 and Flux.

    EmptyLatentImage works as well: an empty latent takes the number of channels of the model that
    samples it.

    Args:
        width: Width of the image in pixels, a multiple of 8.
        height: Height of the image in pixels, a multiple of 8.
        batch_size: Number of images.

    Returns:
        Zeros, (batch_size, 16, height / 8, width / 8) float32.
    """
    from weft.diffusion import empty_latent

    return empty_latent(width, height, batch_size, channels=16)
