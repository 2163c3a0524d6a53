"""Encoding images for inpainting."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import ParameterError
from ..pictures.image import check_image
from ..pictures.masks import check_mask, fit_mask
from ..types import Image, Latent, Mask, Vae
from ..vae.coding import DOWNSCALE, encode_image

if TYPE_CHECKING:
    from torch import Tensor


def encode_for_inpaint(vae: Vae, image: Image, mask: Mask, *, grow: int = 6) -> Latent:
    """Encode images with the masked region made grey, and set the noise mask.

    For networks that were made for inpainting, or with a denoise of 1: nothing of what was there
    is left to go by.

    Args:
        vae: Autoencoder.
        image: (B, H, W, 3) float32 in [0, 1].
        mask: (B or 1, h, w) any size; from 0.5 on selected.
        grow: Side in pixels of the square that the noise mask puts around every selected pixel, so
            that edges are painted over; 0 and 1 add nothing, 6 makes the part 5 pixels wider.

    Returns:
        The latent with its noise mask (B or 1, H, W), sides cut to multiples of 8.

    Raises:
        ParameterError: grow is negative.
    """
    if grow < 0:
        raise ParameterError(
            "mask.bad_grow", "grow_mask_by is negative.", expected="0 or more", got=str(grow)
        )
    check_image(image, least=DOWNSCALE)
    tall, wide = image.shape[1:3]
    height, width = tall // DOWNSCALE * DOWNSCALE, wide // DOWNSCALE * DOWNSCALE
    top, left = (tall - height) // 2, (wide - width) // 2
    fitted = fit_mask(check_mask(mask), (tall, wide))
    chosen = fitted[..., top : top + height, left : left + width].round()
    pixels = image[:, top : top + height, left : left + width]
    kept = 1.0 - chosen[:, 0, ..., None]
    latent = encode_image(vae, (pixels - 0.5) * kept + 0.5)
    return replace(latent, noise_mask=_grown(chosen, grow)[:, 0, :height, :width].round())


def _grown(mask: Tensor, by: int) -> Tensor:
    """A square of `by` pixels around every selected one; (H or H + 1, W or W + 1)."""
    import torch.nn.functional as F

    if by == 0:
        return mask
    return F.max_pool2d(F.pad(mask, (math.ceil((by - 1) / 2),) * 4), by, stride=1)
