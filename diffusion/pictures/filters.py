"""Blur, sharpen, quantize, blend: operations on the colours of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ..errors import ShapeError
from .compositing import match_channels
from .image import check_image, match_batch, resize

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage
    from torch import Tensor

CHANNELS = {"red": 0, "green": 1, "blue": 2}
BlendMode = Literal["normal", "multiply", "screen", "overlay", "soft_light", "difference"]
Dither = Literal["none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"]


def blend_images(first: Tensor, second: Tensor, share: float, mode: BlendMode) -> Tensor:
    """Blend two images.

    Args:
        first: (B, H, W, C), below.
        second: (B', h, w, C), above; scaled to the first (bicubic, cropped to its shape) and
            repeated in turn to its batch.
        share: How much of the mixture is seen, 0 the first alone.
        mode: Rule. `difference` is first minus second, 0 where that is negative.

    Returns:
        (B, H, W, C) in [0, 1], with the channels of the first.

    Source: soft light as in the W3C's Compositing and Blending.
    """
    import torch

    check_image(first, alpha=True)
    above = match_channels(check_image(second, alpha=True), first.shape[-1])
    planes = resize(
        above.movedim(-1, 1), first.shape[2], first.shape[1], "bicubic", center_crop=True
    )
    a, b = first, match_batch(planes.movedim(1, -1), len(first))
    match mode:
        case "normal":
            mixed = b
        case "multiply":
            mixed = a * b
        case "screen":
            mixed = 1 - (1 - a) * (1 - b)
        case "overlay":
            mixed = torch.where(a <= 0.5, 2 * a * b, 1 - 2 * (1 - a) * (1 - b))
        case "soft_light":
            bright = torch.where(a <= 0.25, ((16 * a - 12) * a + 4) * a, a.clamp_min(0).sqrt())
            mixed = torch.where(
                b <= 0.5, a - (1 - 2 * b) * a * (1 - a), a + (2 * b - 1) * (bright - a)
            )
        case "difference":
            mixed = a - b
    return (a * (1 - share) + mixed * share).clamp(0, 1)


def blur_image(image: Tensor, radius: int, sigma: float) -> Tensor:
    """Blur with a Gaussian.

    Args:
        image: (B, H, W, C), sides longer than the radius.
        radius: Pixels; the kernel is 2 radius + 1 wide.
        sigma: Of the Gaussian, in units of the radius.

    Returns:
        (B, H, W, C); the picture is mirrored at its edges.

    Raises:
        ShapeError: A side is not longer than the radius.
    """
    check_image(image, alpha=True)
    return _filtered(image.movedim(-1, 1), gaussian(radius, sigma)).movedim(1, -1).contiguous()


def sharpen_image(image: Tensor, radius: int, sigma: float, alpha: float) -> Tensor:
    """Sharpen images with an unsharp mask.

    Args:
        image: (B, H, W, C), sides longer than the radius.
        radius: Pixels; the kernel is 2 radius + 1 wide.
        sigma: Of the blur, in units of the radius.
        alpha: How much: 0 nothing; 0.1 takes away the whole blur once.

    Returns:
        (B, H, W, C) in [0, 1].

    Raises:
        ShapeError: A side is not longer than the radius.
    """
    check_image(image, alpha=True)
    planes = sharpened(image.movedim(-1, 1), radius, sigma, alpha)
    return planes.movedim(1, -1).clamp(0, 1).contiguous()


def sharpened(planes: Tensor, radius: int, sigma: float, alpha: float) -> Tensor:
    """(B, C, H, W) plus 10 alpha times the difference from its blur; nothing is cut."""
    kernel = gaussian(radius, sigma) * (-10.0 * alpha)
    kernel[radius, radius] += 1.0 - kernel.sum()
    return _filtered(planes, kernel)


def gaussian(radius: int, sigma: float) -> Tensor:
    """(2 radius + 1, 2 radius + 1) float32 of sum 1; its edge is at distance 1 for sigma."""
    import torch

    line = torch.linspace(-1, 1, 2 * radius + 1)
    weights = torch.exp(-(line[:, None] ** 2 + line**2) / (2.0 * sigma * sigma))
    return weights / weights.sum()


def _filtered(planes: Tensor, kernel: Tensor) -> Tensor:
    import torch.nn.functional as F

    radius, channels = len(kernel) // 2, planes.shape[1]
    if radius >= min(planes.shape[-2:]):
        raise ShapeError(
            "image.too_small",
            "The radius is larger than the image.",
            expected=f"less than {min(planes.shape[-2:])}",
            got=str(radius),
            hint="Choose a smaller radius.",
        )
    padded = F.pad(planes, (radius,) * 4, mode="reflect")
    return F.conv2d(padded, kernel.expand(channels, 1, -1, -1), groups=channels)


def curve_image(
    image: Tensor,
    points: Sequence[Sequence[float]],
    channel: Literal["all", "red", "green", "blue"] = "all",
) -> Tensor:
    """Change tones by a curve from old to new values.

    Args:
        image: (B, H, W, C) in [0, 1]; transparency stays as it is.
        points: Pairs (old, new) that the curve passes through, old rising; level beyond the ends.
        channel: Which values it changes.

    Returns:
        Same shape, in [0, 1].

    Source: Fritsch & Carlson 1980 through SciPy: the curve never leaves the range of two
    neighbouring points.
    """
    import numpy as np
    import torch
    from scipy.interpolate import PchipInterpolator  # type: ignore[import-untyped]

    check_image(image, alpha=True)
    x, y = np.asarray(points, dtype=np.float64).T
    which = slice(0, 3) if channel == "all" else slice(CHANNELS[channel], CHANNELS[channel] + 1)
    old = image[..., which].detach().cpu().double().numpy().clip(x[0], x[-1])
    out = image.clone()
    out[..., which] = torch.from_numpy(PchipInterpolator(x, y)(old)).to(out)
    return out.clamp(0, 1)


def quantize_image(image: Tensor, colors: int, dither: Dither) -> Tensor:
    """Reduce images to a few colours, chosen for each image.

    Args:
        image: (B, H, W, 3) in [0, 1].
        colors: How many, 1 to 256.
        dither: How tones between them are shown: not at all, by spreading the error
            (Floyd-Steinberg), or in a regular pattern of so many pixels (Bayer).

    Returns:
        (B, H, W, 3) in [0, 1], whole 255ths.

    Source: median cut through Pillow; Bayer 1973.
    """
    import numpy as np
    import torch
    from PIL import Image

    check_image(image)
    levels = (image.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    found = [
        np.asarray(_quantized(Image.fromarray(picture), colors, dither).convert("RGB"))
        for picture in levels
    ]
    return torch.from_numpy(np.stack(found).astype(np.float32)) / 255


def _quantized(picture: PILImage, colors: int, dither: Dither) -> PILImage:
    import numpy as np
    from PIL import Image

    palette = picture.quantize(colors)
    if dither == "none":
        return picture.quantize(colors, palette=palette, dither=Image.Dither.NONE)
    if dither == "floyd-steinberg":
        return picture.quantize(colors, palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    side = int(dither.removeprefix("bayer-"))
    spread = 2 * 256 / (len(palette.getpalette() or [0] * 768) // 3)
    pattern = np.asarray(bayer(side)) * spread + 0.5
    pixels = np.asarray(picture, dtype=np.float32)
    rows, columns = (np.arange(length) % side for length in pixels.shape[:2])
    moved = pixels + pattern[rows[:, None], columns, None]
    shifted = Image.fromarray(moved.clip(0, 255).astype(np.uint8))
    return shifted.quantize(colors, palette=palette, dither=Image.Dither.NONE)


def bayer(side: int) -> list[list[float]]:
    """The matrix of ordered dither, for a side that is a power of 2; mean 0, range below 1."""
    if side == 1:
        return [[0.0]]
    smaller = bayer(side // 2)

    def block(offset: float) -> list[list[float]]:
        return [[value + offset / (side * side) for value in row] for row in smaller]

    top = [left + right for left, right in zip(block(-1.5), block(0.5), strict=True)]
    bottom = [left + right for left, right in zip(block(1.5), block(-0.5), strict=True)]
    return top + bottom
