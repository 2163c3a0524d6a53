"""Prompts of SDXL and of its refiner."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from weft.diffusion.types import Clip, Conditioning, SizeHint
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

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
    """Encode a prompt for SDXL, with a text for each encoder and the image size conditioning.

    Args:
        clip: The text encoders of an SDXL model.
        width: Width of the original image in pixels. In training, small originals were blurry.
        height: Height of the original image in pixels.
        crop_w: Crop of the original on the left in pixels. 0 centres the subject.
        crop_h: Crop of the original at the top in pixels.
        target_width: Width of the generated image in pixels.
        target_height: Height of the generated image in pixels.
        text_g: The prompt for the large text encoder (CLIP-G).
        text_l: The prompt for the small text encoder (CLIP-L).

    Returns:
        Conditioning with one entry, tokens (1, 77 * chunks, 2048) float32.

    Raises:
        DiffusionError: The text encoders are not those of SDXL.

    Source: Podell et al. 2023.
    """
    from weft.diffusion import encode_texts

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
    """Encode a prompt for the SDXL refiner, with an aesthetic score.

    Args:
        clip: The text encoder of an SDXL refiner.
        ascore: Aesthetic score as in the training data, about 1 to 10. Usual values are 6 for the
            positive and 2.5 for the negative prompt.
        width: Width of the original image in pixels.
        height: Height of the original image in pixels.
        text: The prompt.

    Returns:
        Conditioning with one entry, tokens (1, 77 * chunks, 1280) float32.

    Raises:
        DiffusionError: The text encoder is not that of the SDXL refiner.

    Source: Podell et al. 2023.
    """
    from weft.diffusion import encode_texts

    with embeddings_of(run):
        encoded = encode_texts(clip, text, families=("sdxl_refiner",), square_brackets=False)
    size = SizeHint(width, height)
    return Conditioning(
        tuple(replace(entry, size=size, aesthetic=ascore) for entry in encoded.entries)
    )
