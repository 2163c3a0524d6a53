"""Conditioning on an image that inpainting and editing models take beside the noise."""

from __future__ import annotations

from typing import NamedTuple

from ...diffusion.types import Conditioning, Image, Latent, Mask, Vae
from ...engine.declaration.node import node


class BesideNoise(NamedTuple):
    """Both prompts with a picture, and the latent to sample."""

    positive: Conditioning
    negative: Conditioning
    latent: Latent


@node("InpaintModelConditioning", category="conditioning/families", lane="gpu")
def inpaint_model_conditioning(
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    pixels: Image,
    mask: Mask,
    *,
    noise_mask: bool = True,
) -> BesideNoise:
    """Show an inpainting model what surrounds the part that it paints.

    Args:
        positive: What to show.
        negative: What to avoid.
        vae: The model's VAE.
        pixels: (B, H, W, 3) float32 in [0, 1]; sides are cut evenly to multiples of 8.
        mask: (B or 1, H, W) float32, 1 = paint; resized to the picture.
        noise_mask: Whether everything outside of the mask is also kept while sampling.

    Returns:
        Both prompts with picture and mask, and the picture's latent.

    Raises:
        DiffusionError: The picture is smaller than 8 pixels.

    Source: as ComfyUI.
    """
    from ...diffusion.control.concat import condition_on_rest

    return BesideNoise(
        *condition_on_rest(positive, negative, vae, pixels, mask, noise_mask=noise_mask)
    )


@node(
    "InstructPix2PixConditioning",
    category="conditioning/families",
    aliases=["InstructPixToPixConditioning"],
    lane="gpu",
)
def instruct_pix2pix_conditioning(
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    pixels: Image,
) -> BesideNoise:
    """Show an editing model the picture that the prompt changes.

    Args:
        positive: What to change, as an instruction.
        negative: What to avoid.
        vae: The model's VAE.
        pixels: (B, H, W, 3) float32 in [0, 1]; sides are cut evenly to multiples of 8.

    Returns:
        Both prompts with the picture, and an empty latent of its size.

    Raises:
        DiffusionError: The picture is smaller than 8 pixels.

    Source: Brooks et al. 2023.
    """
    from ...diffusion.control.concat import condition_on_picture

    return BesideNoise(*condition_on_picture(positive, negative, vae, pixels))
