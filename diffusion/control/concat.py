"""Pictures that a network sees beside the noise: inpainting and editing models."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..pictures.image import check_image
from ..types import Concat, Conditioning, Image, Latent, Mask, Vae
from ..vae.coding import downscale, encode_image

if TYPE_CHECKING:
    from torch import Tensor


def condition_on_rest(
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    image: Image,
    mask: Mask,
    *,
    noise_mask: bool = True,
) -> tuple[Conditioning, Conditioning, Latent]:
    """Show an inpainting model (9 channels) what surrounds the part that it paints.

    Args:
        positive, negative: Prompts.
        vae: The model's autoencoder.
        image: (B, H, W, 3) float32 in [0, 1]. Sides are cut evenly to multiples of 8.
        mask: (B or 1, h, w) any size, 1 = paint; resized to the picture.
        noise_mask: Whether the latent is also kept outside of the mask while sampling.

    Returns:
        Both prompts with the picture, whose masked part is grey, and with the mask; and the whole
        picture's latent to start from.

    Raises:
        ShapeError: The picture is not (B, H, W, 3).

    Source: rules of ComfyUI's InpaintModelConditioning.
    """
    import torch.nn.functional as F

    factor = downscale(vae)
    check_image(image, least=factor)
    fitted = F.interpolate(mask[:, None].float(), size=image.shape[1:3], mode="bilinear")[:, 0]
    pixels, fitted = _cut(image, factor), _cut(fitted[..., None], factor)[..., 0]
    kept = 1.0 - fitted.round()[..., None]
    concat = Concat(encode_image(vae, (pixels - 0.5) * kept + 0.5).samples, fitted)
    latent = encode_image(vae, pixels)
    if noise_mask:
        latent = replace(latent, noise_mask=fitted)
    return _with(positive, concat), _with(negative, concat), latent


def condition_on_picture(
    positive: Conditioning, negative: Conditioning, vae: Vae, image: Image
) -> tuple[Conditioning, Conditioning, Latent]:
    """Show an editing model (InstructPix2Pix, 8 channels) the picture that it changes.

    Args:
        positive, negative: Prompts; the positive one says what to change.
        vae: The model's autoencoder.
        image: (B, H, W, 3) float32 in [0, 1]. Sides are cut evenly to multiples of 8.

    Returns:
        Both prompts with the picture, and an empty latent of its size to start from.

    Raises:
        ShapeError: The picture is not (B, H, W, 3).

    Source: Brooks et al. 2023; rules of ComfyUI's InstructPixToPixConditioning.
    """
    latent = encode_image(vae, image)
    concat = Concat(latent.samples)
    empty = replace(latent, samples=latent.samples * 0.0)
    return _with(positive, concat), _with(negative, concat), empty


def _with(conditioning: Conditioning, concat: Concat) -> Conditioning:
    return Conditioning(tuple(replace(entry, concat=concat) for entry in conditioning.entries))


def _cut(image: Tensor, factor: int) -> Tensor:
    """(B, H, W, C) with sides cut evenly to multiples of a factor."""
    height, width = (side // factor * factor for side in image.shape[1:3])
    top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    return image[:, top : top + height, left : left + width]
