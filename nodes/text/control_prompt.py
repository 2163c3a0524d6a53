"""A prompt for the ControlNets of a conditioning."""

from __future__ import annotations

from weft.diffusion.types import Clip, Conditioning
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node

from .prompts import Prompt, embeddings_of


@node("CLIPTextEncodeControlnet", category="conditioning", lane="gpu", version=2)
def clip_text_encode_controlnet(
    run: Run, clip: Clip, conditioning: Conditioning, *, text: Prompt
) -> Conditioning:
    """Give ControlNets another prompt than the model.

    Args:
        clip: The text encoders of the model.
        conditioning: The prompt that the model reads.
        text: The prompt that ControlNets read instead.

    Returns:
        The conditioning with this prompt. ControlNets can be applied before or after. The pooled
        embedding (SDXL and others) stays the model's.

    Source: as ComfyUI.
    """
    from weft.diffusion import encode_text
    from weft.diffusion.text.conditioning import set_control_text

    with embeddings_of(run):
        return set_control_text(conditioning, encode_text(clip, text, square_brackets=False))
