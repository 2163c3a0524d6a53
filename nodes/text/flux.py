"""Prompts and the guidance embedding of Flux."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from weft.diffusion.types import Clip, Conditioning
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

from .prompts import Prompt, embeddings_of

Guidance = Annotated[float, Range(0, 100, step=0.1, soft=(1, 10))]


@node("CLIPTextEncodeFlux", category="conditioning/families", lane="gpu", version=2)
def clip_text_encode_flux(
    run: Run, clip: Clip, *, clip_l: Prompt, t5xxl: Prompt, guidance: Guidance = 3.5
) -> Conditioning:
    """Encode a prompt for Flux, with a text for each encoder and the guidance embedding.

    Args:
        clip: The text encoders of a Flux model.
        clip_l: The prompt for CLIP, of which only the pooled embedding is used.
        t5xxl: The prompt for T5, whose tokens the model reads.
        guidance: Value of the guidance embedding. Flux dev was distilled for 3.5; schnell has no
            guidance embedding.

    Returns:
        Conditioning with one entry, tokens (1, T, 4096) float32.

    Raises:
        DiffusionError: The text encoders are not those of Flux.
    """
    from weft.diffusion import encode_texts

    with embeddings_of(run):
        encoded = encode_texts(clip, clip_l, t5xxl, families=("flux",), square_brackets=False)
    return _guided(encoded, guidance)


@node("FluxGuidance", category="conditioning/families", lane="inline")
def flux_guidance(conditioning: Conditioning, *, guidance: Guidance = 3.5) -> Conditioning:
    """Set the guidance embedding of a guidance-distilled model (Flux dev, LCM).

    Args:
        conditioning: The encoded prompt.
        guidance: Value of the guidance embedding. This is not the sampler's `cfg`; keep that at 1.

    Returns:
        The prompt with this guidance embedding.
    """
    return _guided(conditioning, guidance)


@node("FluxDisableGuidance", category="conditioning/families", lane="inline")
def flux_disable_guidance(conditioning: Conditioning) -> Conditioning:
    """Turn off the guidance embedding of a guidance-distilled model (Flux dev, LCM).

    Use it for finetunes that were trained without guidance embedding and are sampled with a `cfg`
    above 1. Without this node and FluxGuidance, the guidance embedding is 3.5 (Flux) or 7.5 (LCM).

    Args:
        conditioning: The encoded prompt.

    Returns:
        The prompt without guidance embedding.

    Source: as ComfyUI.
    """
    return Conditioning(tuple(replace(entry, guidance="off") for entry in conditioning.entries))


def _guided(conditioning: Conditioning, guidance: float) -> Conditioning:
    return Conditioning(tuple(replace(entry, guidance=guidance) for entry in conditioning.entries))
