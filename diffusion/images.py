"""Operations on pictures (B, H, W, 3) that need no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .errors import ShapeError

if TYPE_CHECKING:
    from torch import Tensor

Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]


def check_image(image: Tensor, *, least: int = 1) -> Tensor:
    """The picture itself, if it has the layout of one.

    Raises:
        ShapeError: It is not (B, H, W, 3), or a side has fewer pixels than `least`.
    """
    if image.ndim != 4 or image.shape[-1] != 3 or 0 in image.shape:
        raise ShapeError(
            "image.shape",
            "This is no picture.",
            expected="(B, H, W, 3) with no side 0",
            got=str(tuple(image.shape)),
            hint="Put the batch first and the colours last.",
        )
    if min(image.shape[1:3]) < least:
        raise ShapeError(
            "image.too_small",
            "The picture is too small.",
            expected=f"at least {least} pixels a side",
            got=f"{image.shape[2]} x {image.shape[1]}",
        )
    return image


def scale_image(
    image: Tensor, width: int, height: int, *, method: Method, center_crop: bool = False
) -> Tensor:
    """Scale pictures to a size in pixels.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        width: New width; 0 keeps the aspect ratio.
        height: New height; 0 keeps the aspect ratio.
        method: Filter. `bicubic` and `lanczos` overshoot; the result is cut to [0, 1].
        center_crop: Keep the aspect ratio and cut what is over, instead of stretching.

    Returns:
        (B, height, width, 3) float32.

    Raises:
        ShapeError: Both sides are 0, or `image` is no picture.
    """
    import torch.nn.functional as F

    check_image(image)
    old_height, old_width = image.shape[1], image.shape[2]
    if width == 0 and height == 0:
        raise ShapeError(
            "image.no_size",
            "Width and height are both 0.",
            expected="at least one side above 0",
            got="0 x 0",
            hint="Give one; the other follows from the aspect ratio.",
        )
    width = width or max(1, round(old_width * height / old_height))
    height = height or max(1, round(old_height * width / old_width))
    if center_crop:
        image = _crop_to_ratio(image, width / height)
    if method == "lanczos":
        return _lanczos(image, width, height)
    smooth = method in ("bilinear", "bicubic")
    scaled = F.interpolate(
        image.movedim(-1, 1),
        size=(height, width),
        mode=method,
        align_corners=False if smooth else None,
    )
    return scaled.movedim(1, -1).clamp(0, 1).contiguous()


def _crop_to_ratio(image: Tensor, ratio: float) -> Tensor:
    height, width = image.shape[1], image.shape[2]
    left = top = 0
    if width / height > ratio:
        left = round((width - height * ratio) / 2)
    else:
        top = round((height - width / ratio) / 2)
    return image[:, top : height - top, left : width - left]


def _lanczos(image: Tensor, width: int, height: int) -> Tensor:
    """Pillow's filter on float channels: torch has no Lanczos, and 8 bits would lose precision."""
    import numpy as np
    import torch
    from PIL import Image

    def channel(plane: Tensor) -> Tensor:
        resized = Image.fromarray(plane.contiguous().numpy()).resize(
            (width, height), Image.Resampling.LANCZOS
        )
        return torch.from_numpy(np.asarray(resized, dtype=np.float32).copy())

    pictures = [torch.stack([channel(c) for c in p.unbind(-1)], dim=-1) for p in image]
    return torch.stack(pictures).clamp(0, 1)
