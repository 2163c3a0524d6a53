"""Image encoders: CLIP gives one vector per image, SigLIP one per patch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from ..pictures.image import check_image
from ..types import ClipVision, Image, ImageEmbeds

if TYPE_CHECKING:
    from torch import Tensor

_NORMS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "siglip": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
"""Mean and spread of the colours that each kind was trained with."""


def see_image(clip_vision: ClipVision, image: Image, *, crop: bool = True) -> ImageEmbeds:
    """The image embedding of images.

    The shorter side is resized to the encoder's (bicubic, antialiased), the middle is cut out,
    values are rounded to 8 bits and normalised, as the encoders were trained.

    Args:
        clip_vision: Image encoder.
        image: (N, H, W, 3) float32 in [0, 1].
        crop: Whether the middle is cut out; else pictures are squeezed into the encoder's square.

    Raises:
        ShapeError: The image is not (N, H, W, 3).
    """
    import torch

    check_image(image)
    weights = clip_vision.weights
    network: Any = weights.module
    pixels = _prepared(image, weights.config["image_size"], clip_vision.family, crop=crop)
    with torch.no_grad():
        out = network(pixel_values=pixels.to(weights.device, weights.dtype))
    if clip_vision.family == "siglip":
        tokens = out.last_hidden_state.to(device="cpu", dtype=torch.float32)
        return ImageEmbeds(None, clip_vision.family, tokens)
    embeds = out.image_embeds.to(device="cpu", dtype=torch.float32)
    return ImageEmbeds(embeds, clip_vision.family)


def embed_image(clip_vision: ClipVision, image: Image, *, crop: bool = True) -> Tensor:
    """Projected CLIP embeddings of images: one vector each.

    Args:
        clip_vision: Image encoder.
        image: (N, H, W, 3) float32 in [0, 1].
        crop: As in `see_image`.

    Returns:
        (N, D) float32 on the CPU.

    Raises:
        ModelError: The encoder projects nothing (SigLIP).
        ShapeError: The image is not (N, H, W, 3).
    """
    check_projects(clip_vision)
    embeds = see_image(clip_vision, image, crop=crop).embeds
    assert embeds is not None
    return embeds


def check_projects(clip_vision: ClipVision) -> None:
    """Refuse image encoders that give no vector for a whole image.

    Raises:
        ModelError: It is SigLIP.
    """
    if clip_vision.family == "siglip":
        raise ModelError(
            "model.kinds_do_not_fit",
            f'The image encoder "{clip_vision.weights.path.name}" is SigLIP, which gives no '
            "vector for a whole picture.",
            expected="a CLIP image encoder",
            got="SigLIP",
            hint="Load the image encoder that the adapter or model was trained with; SigLIP is "
            "for ApplyStyleModel (Flux Redux).",
        )


def _prepared(image: Image, side: int, kind: str, *, crop: bool) -> Tensor:
    """Pictures as an encoder takes them, (N, 3, side, side)."""
    import torch
    import torch.nn.functional as F

    pixels = image.movedim(-1, 1).float()
    height, width = pixels.shape[-2:]
    scale = side / min(height, width)
    size = (max(side, round(scale * height)), max(side, round(scale * width)))
    if not crop:
        size = (side, side)
    if size != (height, width):
        pixels = F.interpolate(pixels, size=size, mode="bicubic", antialias=True)
    top, left = (size[0] - side) // 2, (size[1] - side) // 2
    pixels = pixels[..., top : top + side, left : left + side]
    pixels = (pixels * 255.0).clamp(0, 255).round() / 255.0
    mean, spread = (torch.tensor(values)[:, None, None] for values in _NORMS[kind])
    return (pixels - mean) / spread
