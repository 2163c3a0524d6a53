"""Resizing latents without losing contrast: between cells, turn vectors instead of mixing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_PARALLEL = 1e-5


def bislerp(planes: Tensor, width: int, height: int) -> Tensor:
    """Resize (B, C, H, W), first along rows, then along columns.

    The channels of a cell are one vector. Between two cells its direction goes along the great
    circle and its length linearly, where bilinear mixing would shorten it.

    Args:
        planes: (B, C, H, W) float32.
        width: New width.
        height: New height.

    Returns:
        (B, C, height, width) float32.

    Source: Shoemake 1985 (slerp), at the sampling points of bilinear interpolation; the method
        ComfyUI calls "bislerp".
    """
    wide = _along_last(planes.movedim(1, -1), width)
    return _along_last(wide.transpose(1, 2), height).transpose(1, 2).movedim(-1, 1).contiguous()


def _along_last(x: Tensor, length: int) -> Tensor:
    """(B, H, W, C) resized to (B, H, length, C)."""
    import torch

    old = x.shape[2]
    places = ((torch.arange(length) + 0.5) * (old / length) - 0.5).clamp(0, old - 1)
    left = places.floor().long()
    right = (left + 1).clamp_max(old - 1)
    return slerp(x[:, :, left], x[:, :, right], (places - left)[:, None])


def slerp(left: Tensor, right: Tensor, part: Tensor) -> Tensor:
    """From one vector (..., C) to another by a part (..., 1) in [0, 1].

    Vectors of length 0 have no direction; opposite ones no way between them: those are mixed.
    """
    import torch
    import torch.nn.functional as F

    long_left, long_right = (v.norm(dim=-1, keepdim=True) for v in (left, right))
    one, two = F.normalize(left, dim=-1), F.normalize(right, dim=-1)
    cosine = (one * two).sum(-1, keepdim=True)
    angle = cosine.clamp(-1, 1).acos()
    sine = angle.sin().clamp_min(1e-12)
    turned = ((1 - part) * angle).sin() / sine * one + (part * angle).sin() / sine * two
    turned = turned * (long_left * (1 - part) + long_right * part)
    turned = torch.where(cosine > 1 - _PARALLEL, left, turned)
    return torch.where(cosine < _PARALLEL - 1, left * (1 - part) + right * part, turned)
