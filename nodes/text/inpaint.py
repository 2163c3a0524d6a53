"""Conditioning on an image that inpainting and editing models take beside the noise."""

from __future__ import annotations

from typing import NamedTuple

from weft.diffusion.types import Conditioning, Image, Latent, Mask, Vae
from weft.engine.declaration.node import node


class BesideNoise(NamedTuple):
    """Both prompts with an image, and the latent to sample."""

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
    """Prepare an image and a mask as conditioning for an inpainting model.

    Args:
        positive: The positive prompt.
        negative: The negative prompt.
        vae: The VAE of the model.
        pixels: The image; its sides are cropped evenly to multiples of 8. (B, H, W, 3) float32 in
            [0, 1].
        mask: The region to inpaint: 1 is painted anew, 0 is kept. It is resized to the image. (B or
            1, H, W) float32.
        noise_mask: Whether sampling also keeps everything outside the mask (noise mask).

    Returns:
        Both prompts with the image and the mask, and the latent of the image.

    Raises:
        DiffusionError: The image is smaller than 8 pixels.

    Source: as ComfyUI.
    """
    from weft.diffusion.control.concat import condition_on_rest

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
    """Prepare an image as conditioning for an image editing model (InstructPix2Pix).

    Args:
        positive: The positive prompt: an instruction for the edit.
        negative: The negative prompt.
        vae: The VAE of the model.
        pixels: The image; its sides are cropped evenly to multiples of 8. (B, H, W, 3) float32 in
            [0, 1].

    Returns:
        Both prompts with the image, and an empty latent of its size.

    Raises:
        DiffusionError: The image is smaller than 8 pixels.

    Source: Brooks et al. 2023.
    """
    from weft.diffusion.control.concat import condition_on_picture

    return BesideNoise(*condition_on_picture(positive, negative, vae, pixels))
