"""Operations on images (B, H, W, 3) that need no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..errors import ShapeError

if TYPE_CHECKING:
    from torch import Tensor

Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]


def check_image(image: Tensor, *, least: int = 1, alpha: bool = False) -> Tensor:
    """The image itself, if it has the layout of one.

    Args:
        image: What should be pictures.
        least: Pixels a side at least.
        alpha: Whether a fourth channel may be there.

    Raises:
        ShapeError: It is not (B, H, W, 3), or a side has fewer pixels than `least`.
    """
    if image.ndim != 4 or image.shape[-1] not in {3, 3 + alpha} or 0 in image.shape:
        transparent = image.ndim == 4 and image.shape[-1] == 4
        raise ShapeError(
            "image.shape",
            "The image has an alpha channel." if transparent else "The value is no image.",
            expected="(B, H, W, 3) with no side 0",
            got=str(tuple(image.shape)),
            hint="Remove the alpha channel with SplitImageWithAlpha."
            if transparent
            else "Put the batch axis first and the channels last.",
        )
    if min(image.shape[1:3]) < least:
        raise ShapeError(
            "image.too_small",
            "The image is too small.",
            expected=f"at least {least} pixels a side",
            got=f"{image.shape[2]} x {image.shape[1]}",
        )
    return image


def scale_image(
    image: Tensor, width: int, height: int, *, method: Method, center_crop: bool = False
) -> Tensor:
    """Resize images to a size in pixels.

    Args:
        image: (B, H, W, 3 or 4) float32 in [0, 1].
        width: New width; 0 keeps the aspect ratio.
        height: New height; 0 keeps the aspect ratio.
        method: Filter. `bicubic` and `lanczos` overshoot; the result is cut to [0, 1].
        center_crop: Keep the aspect ratio and cut what is over, instead of stretching.

    Returns:
        (B, height, width, C) float32.

    Raises:
        ShapeError: Both sides are 0, or `image` is no picture.
    """
    check_image(image, alpha=True)
    old_height, old_width = image.shape[1], image.shape[2]
    if width == 0 and height == 0:
        raise ShapeError(
            "image.no_size",
            "Width and height are both 0.",
            expected="at least one side above 0",
            got="0 x 0",
            hint="Set one; the other follows from the aspect ratio.",
        )
    width = width or max(1, round(old_width * height / old_height))
    height = height or max(1, round(old_height * width / old_width))
    planes = resize(image.movedim(-1, 1), width, height, method, center_crop=center_crop)
    return planes.movedim(1, -1).clamp(0, 1).contiguous()


def scale_image_by(image: Tensor, factor: float, *, method: Method) -> Tensor:
    """Resize images by a factor; sides are rounded to whole pixels.

    Raises:
        ShapeError: A side would be less than half a pixel.
    """
    check_image(image, alpha=True)
    height, width = (round(side * factor) for side in image.shape[1:3])
    if min(height, width) < 1:
        raise ShapeError(
            "image.no_size",
            "The resized image would have no pixels.",
            expected="at least 1 pixel a side",
            got=f"{width} x {height}",
            hint="Choose a larger factor.",
        )
    return scale_image(image, width, height, method=method)


def scale_to_pixels(image: Tensor, megapixels: float, *, method: Method) -> Tensor:
    """Resize images to a total number of pixels, keeping the aspect ratio.

    Args:
        image: (B, H, W, 3 or 4) float32 in [0, 1].
        megapixels: In units of 1024 * 1024 pixels.
        method: Filter.
    """
    check_image(image, alpha=True)
    total = int(megapixels * 1024 * 1024)
    factor = (total / (image.shape[1] * image.shape[2])) ** 0.5
    return scale_image_by(image, factor, method=method)


def resize(
    planes: Tensor, width: int, height: int, method: Method, *, center_crop: bool = False
) -> Tensor:
    """Resize (B, C, H, W) of anything; nothing is cut to a range.

    Source: filters as ComfyUI uses them: torch without antialiasing, Lanczos with it.
    """
    import torch.nn.functional as F

    if center_crop:
        planes = crop_to_ratio(planes, width / height)
    if planes.shape[-2:] == (height, width):
        return planes
    if method == "lanczos":
        return _lanczos(planes, width, height)
    smooth = method in ("bilinear", "bicubic")
    return F.interpolate(
        planes, size=(height, width), mode=method, align_corners=False if smooth else None
    )


def crop_to_ratio(planes: Tensor, ratio: float) -> Tensor:
    """The middle of (B, C, H, W) that is `ratio` times as wide as high, a view."""
    height, width = planes.shape[-2:]
    left = top = 0
    if width / height > ratio:
        left = min(round((width - height * ratio) / 2), (width - 1) // 2)
    else:
        top = min(round((height - width / ratio) / 2), (height - 1) // 2)
    return planes[..., top : height - top, left : width - left]


def _lanczos(planes: Tensor, width: int, height: int) -> Tensor:
    """Pillow's filter on float channels: torch has no Lanczos, and 8 bits would lose precision."""
    import numpy as np
    import torch
    from PIL import Image

    def plane(values: Tensor) -> Tensor:
        resized = Image.fromarray(values.contiguous().numpy()).resize(
            (width, height), Image.Resampling.LANCZOS
        )
        return torch.from_numpy(np.asarray(resized, dtype=np.float32).copy())

    return torch.stack([torch.stack([plane(c) for c in picture]) for picture in planes])


def match_batch(tensor: Tensor, count: int) -> Tensor:
    """The first `count` items; where there are fewer, they begin again from the first."""
    if len(tensor) == count:
        return tensor
    return tensor[[number % len(tensor) for number in range(count)]]
