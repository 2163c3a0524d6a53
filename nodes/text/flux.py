"""Prompts and the guidance embedding of Flux."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from ...diffusion.types import Clip, Conditioning
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from .prompts import Prompt, embeddings_of

Guidance = Annotated[float, Range(0, 100, step=0.1, soft=(1, 10))]


@node("CLIPTextEncodeFlux", category="conditioning/families", lane="gpu", version=2)
def clip_text_encode_flux(
    run: Run, clip: Clip, *, clip_l: Prompt, t5xxl: Prompt, guidance: Guidance = 3.5
) -> Conditioning:
    """Encode a prompt for Flux, with a text for each encoder and the guidance it is told.

    Args:
        clip: Text encoders of a Flux model.
        clip_l: Prompt for CLIP, of which only the whole counts.
        t5xxl: Prompt for T5, word by word.
        guidance: What the model is told of guidance; dev was distilled for 3.5, schnell is told
            nothing.

    Returns:
        Conditioning of one entry, tokens (1, T, 4096) float32.

    Raises:
        DiffusionError: The encoders are not Flux's.
    """
    from ...diffusion import encode_texts

    with embeddings_of(run):
        encoded = encode_texts(clip, clip_l, t5xxl, families=("flux",), square_brackets=False)
    return _guided(encoded, guidance)


@node("FluxGuidance", category="conditioning/families", lane="inline")
def flux_guidance(conditioning: Conditioning, *, guidance: Guidance = 3.5) -> Conditioning:
    """Tell a guidance-distilled model (Flux dev, LCM) how strong its guidance shall be.

    Args:
        conditioning: Encoded prompt.
        guidance: What the model is told. This is not `cfg`: keep that at 1.

    Returns:
        The same prompt with this guidance.
    """
    return _guided(conditioning, guidance)


@node("FluxDisableGuidance", category="conditioning/families", lane="inline")
def flux_disable_guidance(conditioning: Conditioning) -> Conditioning:
    """Tell a guidance-distilled model (Flux dev, LCM) nothing of guidance.

    For finetunes that were trained without it, sampled with a `cfg` above 1. Without this node the
    model is told 3.5 (Flux) or 7.5 (LCM) where FluxGuidance says nothing.

    Args:
        conditioning: Encoded prompt.

    Returns:
        The same prompt; the network adds no embedding of guidance for it.

    Source: as ComfyUI.
    """
    return Conditioning(tuple(replace(entry, guidance="off") for entry in conditioning.entries))


def _guided(conditioning: Conditioning, guidance: float) -> Conditioning:
    return Conditioning(tuple(replace(entry, guidance=guidance) for entry in conditioning.entries))
