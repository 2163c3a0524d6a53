"""Compositing of images: pasting through masks, alpha channels, Porter-Duff operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .image import check_image, match_batch, resize
from .masks import check_mask, fit_mask

if TYPE_CHECKING:
    from torch import Tensor

PorterDuff = Literal[
    "ADD",
    "CLEAR",
    "DARKEN",
    "DST",
    "DST_ATOP",
    "DST_IN",
    "DST_OUT",
    "DST_OVER",
    "LIGHTEN",
    "MULTIPLY",
    "OVERLAY",
    "SCREEN",
    "SRC",
    "SRC_ATOP",
    "SRC_IN",
    "SRC_OUT",
    "SRC_OVER",
    "XOR",
]


def paste(
    destination: Tensor,
    source: Tensor,
    x: int,
    y: int,
    mask: Tensor | None = None,
    *,
    resize_source: bool = False,
) -> Tensor:
    """Lay one tensor upon another.

    Args:
        destination: (B, C, H, W).
        source: (B', C, h, w); repeated in turn to the batch of the destination.
        x, y: Where its upper left corner comes to lie, from 0; what reaches beyond is left out.
        mask: (B'', h', w'), stretched over the source; 1 = the source is seen. None = all of it.
        resize_source: Stretch the source to the size of the destination first.

    Returns:
        (B, C, H, W), a new tensor.
    """
    import torch.nn.functional as F

    if resize_source:
        source = F.interpolate(
            source, size=destination.shape[-2:], mode="bilinear", align_corners=False
        )
    source = match_batch(source, len(destination))
    found = destination.clone()
    part = found[..., y : y + source.shape[-2], x : x + source.shape[-1]]
    if 0 in part.shape:
        return found
    seen = source[..., : part.shape[-2], : part.shape[-1]]
    if mask is None:
        part.copy_(seen)
        return found
    fitted = match_batch(
        fit_mask(check_mask(mask), (source.shape[-2], source.shape[-1])), len(source)
    )
    weight = fitted[..., : part.shape[-2], : part.shape[-1]]
    part.copy_(weight * seen + (1.0 - weight) * part)
    return found


def paste_image(
    destination: Tensor,
    source: Tensor,
    x: int,
    y: int,
    mask: Tensor | None = None,
    *,
    resize_source: bool = False,
) -> Tensor:
    """Paste images onto others: `paste` for (B, H, W, 3 or 4).

    Returns:
        (B, H, W, C) with the channels of the destination.
    """
    check_image(destination, alpha=True)
    fitted = match_channels(check_image(source, alpha=True), destination.shape[-1])
    pasted = paste(
        destination.movedim(-1, 1),
        fitted.movedim(-1, 1),
        x,
        y,
        mask,
        resize_source=resize_source,
    )
    return pasted.movedim(1, -1).contiguous()


def match_channels(image: Tensor, channels: int) -> Tensor:
    """Images with 3 or 4 channels: alpha is left out, or added as opaque."""
    import torch.nn.functional as F

    if image.shape[-1] > channels:
        return image[..., :channels]
    return F.pad(image, (0, channels - image.shape[-1]), value=1.0)


def join_alpha(image: Tensor, alpha: Tensor) -> Tensor:
    """Add an alpha channel.

    Args:
        image: (B, H, W, 3 or 4); an alpha channel that it has is replaced.
        alpha: (B', h, w) mask of any size, 1 = transparent.

    Returns:
        (max(B, B'), H, W, 4); the shorter batch is repeated in turn.
    """
    import torch

    check_image(image, alpha=True)
    fitted = fit_mask(check_mask(alpha), (image.shape[1], image.shape[2]))
    count = max(len(image), len(fitted))
    opaque = 1.0 - match_batch(fitted, count).movedim(1, -1)
    return torch.cat([match_batch(image, count)[..., :3], opaque], dim=-1)


def split_alpha(image: Tensor) -> tuple[Tensor, Tensor]:
    """Colours (B, H, W, 3) and mask (B, H, W), 1 = transparent; 0 for images without alpha."""
    import torch

    check_image(image, alpha=True)
    if image.shape[-1] == 3:
        return image, torch.zeros(image.shape[:3])
    return image[..., :3].clone(), 1.0 - image[..., 3]


def porter_duff(
    source: Tensor,
    source_mask: Tensor,
    destination: Tensor,
    destination_mask: Tensor,
    mode: PorterDuff,
) -> tuple[Tensor, Tensor]:
    """Composite two images with transparency.

    Args:
        source: (B, h, w, 3), scaled to the destination (bicubic, cropped to its shape).
        source_mask: (B, h, w), 1 = transparent.
        destination: (B, H, W, 3).
        destination_mask: (B, H, W), 1 = transparent.
        mode: Rule.

    Returns:
        Pictures (B, H, W, 3), black where transparent, and masks (B, H, W); as many as the shortest
        of the four batches.

    Source: Porter & Duff 1984; ADD, DARKEN, LIGHTEN, MULTIPLY, OVERLAY, SCREEN as in Android's
        PorterDuff.Mode.
    """
    import torch

    count = min(len(source), len(source_mask), len(destination), len(destination_mask))
    tall, wide = destination.shape[1:3]

    def prepared(image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        colours = check_image(image, alpha=True)[:count, ..., :3].movedim(-1, 1)
        clear = check_mask(mask)[:count, None]
        alpha = 1.0 - resize(clear, wide, tall, "bicubic", center_crop=True)
        return resize(colours, wide, tall, "bicubic", center_crop=True) * alpha, alpha

    s, sa = prepared(source, source_mask)
    d, da = prepared(destination, destination_mask)
    both = sa + da - sa * da
    zero = torch.zeros_like
    match mode:
        case "ADD":
            colour, alpha = (s + d).clamp(0, 1), (sa + da).clamp(0, 1)
        case "CLEAR":
            colour, alpha = zero(d), zero(da)
        case "DARKEN":
            colour, alpha = (1 - da) * s + (1 - sa) * d + torch.minimum(s, d), both
        case "LIGHTEN":
            colour, alpha = (1 - da) * s + (1 - sa) * d + torch.maximum(s, d), both
        case "DST":
            colour, alpha = d, da
        case "DST_ATOP":
            colour, alpha = sa * d + (1 - da) * s, sa
        case "DST_IN":
            colour, alpha = d * sa, sa * da
        case "DST_OUT":
            colour, alpha = (1 - sa) * d, (1 - sa) * da
        case "DST_OVER":
            colour, alpha = d + (1 - da) * s, da + (1 - da) * sa
        case "MULTIPLY":
            colour, alpha = s * d, sa * da
        case "OVERLAY":
            dark, light = 2 * s * d, sa * da - 2 * (da - d) * (sa - s)
            colour, alpha = torch.where(2 * d < da, dark, light), both
        case "SCREEN":
            colour, alpha = s + d - s * d, both
        case "SRC":
            colour, alpha = s, sa
        case "SRC_ATOP":
            colour, alpha = da * s + (1 - sa) * d, da
        case "SRC_IN":
            colour, alpha = s * da, sa * da
        case "SRC_OUT":
            colour, alpha = (1 - da) * s, (1 - da) * sa
        case "SRC_OVER":
            colour, alpha = s + (1 - sa) * d, sa + (1 - sa) * da
        case "XOR":
            colour, alpha = (1 - da) * s + (1 - sa) * d, (1 - da) * sa + (1 - sa) * da
    plain = torch.where(alpha > 1e-5, colour / alpha.clamp_min(1e-5), zero(colour))
    return (
        plain.clamp(0, 1).movedim(1, -1).contiguous(),
        (1.0 - alpha[:, 0]).clamp(0, 1),
    )
