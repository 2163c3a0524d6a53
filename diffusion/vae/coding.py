"""Encoding and decoding between images and latents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import ParameterError, ShapeError
from ..pictures.image import check_image
from ..types import Image, Latent, Mask, Vae
from .format import ANY, same_space
from .run import decode_pixels, encode_mean

if TYPE_CHECKING:
    from torch import Tensor

LATENT_CHANNELS = 4
DOWNSCALE = 8


def empty_latent(
    width: int, height: int, batch_size: int = 1, *, channels: int = LATENT_CHANNELS
) -> Latent:
    """All-zero latents, the start of text-to-image.

    Args:
        width, height: Size of the picture in pixels, multiples of 8.
        batch_size: Number of pictures, 1 or more.
        channels: Of the latent, for those who look at it; the model takes those that it needs.

    Returns:
        samples (batch_size, channels, height/8, width/8), zeros, of family "any": a model with more
        channels or other cells gets them when it samples.

    Raises:
        ShapeError: A side is no positive multiple of 8.
        ParameterError: batch_size below 1.
    """
    import torch

    if min(width, height) < DOWNSCALE or width % DOWNSCALE or height % DOWNSCALE:
        raise ShapeError(
            "latent.bad_size",
            "The sides of a latent image must be multiples of 8 pixels.",
            expected="positive multiples of 8",
            got=f"{width} x {height}",
            hint=f"Use {_round(width)} x {_round(height)}.",
        )
    if batch_size < 1:
        raise ParameterError(
            "latent.bad_batch",
            "batch_size is too small.",
            expected="1 or more",
            got=str(batch_size),
        )
    shape = (batch_size, channels, height // DOWNSCALE, width // DOWNSCALE)
    return Latent(samples=torch.zeros(shape), family=ANY)


def encode_image(vae: Vae, image: Image) -> Latent:
    """Encode images.

    The mean of the posterior is taken, not a draw from it: the same picture gives the same latent
    (ComfyUI does so too). Sides that are not multiples of 8 are cropped centrally, the odd pixel
    from the right or bottom.

    Args:
        vae: Autoencoder.
        image: (B, H, W, 3) float32 in [0, 1], sRGB; H and W at least 8. Alpha is left out.

    Returns:
        samples (B, 4, H/8, W/8) float32.

    Raises:
        ShapeError: Not (B, H, W, 3), or smaller than 8 pixels.
    """
    pixels = as_pixels(image, downscale(vae))
    return Latent(samples=encode_mean(vae, pixels), family=vae.family)


def decode_latent(vae: Vae, latent: Latent) -> Image:
    """Decode latents.

    Args:
        vae: Autoencoder of the same family as the latent.
        latent: samples (B, 4, h, w).

    Returns:
        (B, 8h, 8w, 3) float32 in [0, 1], sRGB; values beyond the range are cut.

    Raises:
        ShapeError: The latent has other channels, or belongs to another family.
    """
    return as_image(decode_pixels(vae, check_latent(vae, latent).samples))


def check_latent(vae: Vae, latent: Latent) -> Latent:
    """The latent itself, if a VAE can decode it.

    Raises:
        ShapeError: The latent has other channels, or belongs to another family.
    """
    channels = vae.weights.config["latent_channels"]
    samples = latent.samples
    known = same_space(latent.family, vae.family)
    if not known or samples.ndim != 4 or samples.shape[1] != channels:
        raise ShapeError(
            "latent.does_not_fit",
            "The latent belongs to another model family than this VAE.",
            expected=f"{vae.family}, (B, {channels}, h, w)",
            got=f"{latent.family}, {tuple(samples.shape)}",
        )
    return latent


def as_image(pixels: Tensor) -> Image:
    """Convert a VAE's output, (B, 3, H, W) about [-1, 1], to images (B, H, W, 3) in [0, 1]."""
    return ((pixels + 1.0) / 2.0).clamp(0.0, 1.0).movedim(1, -1).contiguous()


def as_pixels(image: Image, factor: int) -> Tensor:
    """Images as a VAE takes them: (B, 3, H, W) in [-1, 1], sides cropped to multiples of `factor`.

    Raises:
        ShapeError: Not (B, H, W, 3 or 4), or smaller than `factor`. Alpha is left out.
    """
    check_image(image, least=factor, alpha=True)
    height, width = (side // factor * factor for side in image.shape[1:3])
    top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    return image[:, top : top + height, left : left + width, :3].movedim(-1, 1) * 2.0 - 1.0


def set_noise_mask(latent: Latent, mask: Mask) -> Latent:
    """Sample only where the mask is 1; elsewhere the latent is kept (inpainting).

    Args:
        latent: What to change.
        mask: (B or 1, H, W) float32 in [0, 1], any size; it is resized when used.

    Raises:
        ShapeError: Not (B, H, W), or as many masks as neither 1 nor the latent's batch.
    """
    batch = latent.samples.shape[0]
    if mask.ndim != 3 or mask.shape[0] not in {1, batch}:
        raise ShapeError(
            "mask.bad_shape",
            "The mask does not match this latent.",
            expected=f"(1 or {batch}, H, W)",
            got=str(tuple(mask.shape)),
        )
    return replace(latent, noise_mask=mask)


def downscale(vae: Vae) -> int:
    """Pixels per latent cell and side: 8 for SD1.x."""
    return int(2 ** (len(vae.weights.config["block_out_channels"]) - 1))


def _round(side: int) -> int:
    return max(DOWNSCALE, round(side / DOWNSCALE) * DOWNSCALE)
