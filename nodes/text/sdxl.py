"""Prompts of SDXL and of its refiner."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from ...diffusion.types import Clip, Conditioning, SizeHint
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from .prompts import Prompt, Side, embeddings_of


@node("CLIPTextEncodeSDXL", category="conditioning/families", lane="gpu", version=3)
def clip_text_encode_sdxl(
    run: Run,
    clip: Clip,
    *,
    width: Side = 1024,
    height: Side = 1024,
    crop_w: Side = 0,
    crop_h: Side = 0,
    target_width: Side = 1024,
    target_height: Side = 1024,
    text_g: Prompt,
    text_l: Prompt,
) -> Conditioning:
    """Encode a prompt for SDXL, with a text for each encoder and the sizes it was trained with.

    Args:
        clip: Text encoders of an SDXL model.
        width: Width of the original picture in pixels; small ones were blurry in training.
        height: Its height.
        crop_w: Pixels cut off on the left in training; 0 = the motif in the middle.
        crop_h: Pixels cut off above.
        target_width: Width of the picture that is wanted.
        target_height: Its height.
        text_g: Prompt for the large encoder (CLIP-G).
        text_l: Prompt for the small encoder (CLIP-L).

    Returns:
        Conditioning of one entry, tokens (1, 77 * chunks, 2048) float32.

    Raises:
        DiffusionError: The encoders are not SDXL's.

    Source: Podell et al. 2023.
    """
    from ...diffusion import encode_texts

    with embeddings_of(run):
        encoded = encode_texts(
            clip, text_l, text_g, families=("sdxl", "playground"), square_brackets=False
        )
    size = SizeHint(width, height, crop_w, crop_h, target_width, target_height)
    return Conditioning(tuple(replace(entry, size=size) for entry in encoded.entries))


@node("CLIPTextEncodeSDXLRefiner", category="conditioning/families", lane="gpu", version=3)
def clip_text_encode_sdxl_refiner(
    run: Run,
    clip: Clip,
    *,
    ascore: Annotated[float, Range(0, 1000, step=0.01)] = 6.0,
    width: Side = 1024,
    height: Side = 1024,
    text: Prompt,
) -> Conditioning:
    """Encode a prompt for the SDXL refiner, with the beauty it shall aim at.

    Args:
        clip: Text encoder of an SDXL refiner.
        ascore: Aesthetic score as in its training data, about 1 to 10; 6 for the positive prompt,
            2.5 for the negative one are usual.
        width: Width of the original picture in pixels.
        height: Its height.
        text: The prompt.

    Returns:
        Conditioning of one entry, tokens (1, 77 * chunks, 1280) float32.

    Raises:
        DiffusionError: The encoder is not the refiner's.

    Source: Podell et al. 2023.
    """
    from ...diffusion import encode_texts

    with embeddings_of(run):
        encoded = encode_texts(clip, text, families=("sdxl_refiner",), square_brackets=False)
    size = SizeHint(width, height)
    return Conditioning(
        tuple(replace(entry, size=size, aesthetic=ascore) for entry in encoded.entries)
    )
