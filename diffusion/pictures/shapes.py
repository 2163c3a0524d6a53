"""Images cropped, rotated, padded, joined and batched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ..errors import ParameterError
from .compositing import match_channels
from .image import Method, check_image, resize, scale_image
from .masks import check_crop

if TYPE_CHECKING:
    from torch import Tensor

Axis = Literal["x", "y"]
Direction = Literal["right", "down", "left", "up"]


def empty_image(width: int, height: int, batch_size: int, color: int) -> Tensor:
    """Images of one colour 0xRRGGBB, (batch_size, height, width, 3)."""
    import torch

    channels = torch.tensor([part / 255 for part in color.to_bytes(3, "big")])
    return channels.repeat(batch_size, height, width, 1)


def crop_image(image: Tensor, x: int, y: int, width: int, height: int) -> Tensor:
    """Crop to a rectangle of pixels, which is cut at the edges of the image.

    Raises:
        ShapeError: Nothing is left.
    """
    check_image(image, alpha=True)
    check_crop(x, y, image.shape[2], image.shape[1])
    return image[:, y : y + height, x : x + width].clone()


def flip_image(image: Tensor, axis: Axis) -> Tensor:
    """Mirror at the horizontal axis (`x`: upside down) or at the vertical one (`y`)."""
    return check_image(image, alpha=True).flip(1 if axis == "x" else 2)


def rotate_image(image: Tensor, quarters: int) -> Tensor:
    """Turn clockwise by quarters of a circle."""
    return check_image(image, alpha=True).rot90(quarters, (2, 1)).contiguous()


def pad_for_outpaint(
    image: Tensor, left: int, top: int, right: int, bottom: int, feathering: int
) -> tuple[Tensor, Tensor]:
    """Pad images with grey borders, and make a mask of them.

    Args:
        image: (B, H, W, 3).
        left, top, right, bottom: Pixels to add on each side.
        feathering: Over how many pixels of the old picture the mask fades, with the square of the
            distance, towards widened sides. Not at all if it is not less than half of both sides.

    Returns:
        Pictures (B, H', W', 3) and a mask (1, H', W'), 1 where there is no picture.
    """
    import torch
    import torch.nn.functional as F

    check_image(image, alpha=True)
    tall, wide = image.shape[1:3]
    margins = (left, right, top, bottom)
    padded = F.pad(image, (0, 0, *margins), value=0.5)
    inner = torch.zeros(tall, wide)
    if 0 < 2 * feathering < min(tall, wide):
        rows, columns = torch.arange(tall), torch.arange(wide)
        far = max(tall, wide)
        distances = [
            (rows if top else rows * 0 + far)[:, None].expand(tall, wide),
            (tall - rows if bottom else rows * 0 + far)[:, None].expand(tall, wide),
            (columns if left else columns * 0 + far).expand(tall, wide),
            (wide - columns if right else columns * 0 + far).expand(tall, wide),
        ]
        nearest = torch.stack(distances).amin(dim=0)
        inner = ((feathering - nearest) / feathering).clamp_min(0) ** 2
    return padded, F.pad(inner, margins, value=1.0)[None]


def batch_images(first: Tensor, second: Tensor) -> Tensor:
    """Both in one batch; the second is scaled to the first (bilinear, cropped to its shape)."""
    import torch

    check_image(first, alpha=True)
    channels = max(first.shape[-1], check_image(second, alpha=True).shape[-1])
    one, two = match_channels(first, channels), match_channels(second, channels)
    fitted = scale_image(two, one.shape[2], one.shape[1], method="bilinear", center_crop=True)
    return torch.cat([one, fitted])


def take_images(image: Tensor, start: int, length: int) -> Tensor:
    """Some images of a batch.

    Args:
        image: (B, H, W, C).
        start: First, from 0.
        length: How many at most.

    Raises:
        ParameterError: The batch has no such picture.
    """
    from ..checks import check_item

    check_item(start, len(check_image(image, alpha=True)))
    return image[start : start + length].clone()


def rebatch_images(images: Sequence[Tensor], batch_size: int) -> list[Tensor]:
    """The images of all batches in batches of another size, in order; the last may be smaller.

    Pictures of another size than the one before begin a new batch.
    """
    import torch

    found: list[list[Tensor]] = []
    for picture in (p for batch in images for p in check_image(batch, alpha=True)):
        if found and len(found[-1]) < batch_size and found[-1][0].shape == picture.shape:
            found[-1].append(picture)
        else:
            found.append([picture])
    return [torch.stack(batch) for batch in found]


def stitch_images(
    first: Tensor,
    second: Tensor,
    direction: Direction,
    *,
    match_size: bool = True,
    spacing: int = 0,
    color: int = 0xFFFFFF,
) -> Tensor:
    """Put images side by side.

    Args:
        first: (B, H, W, C).
        second: (B', h, w, C), on that side of the first.
        direction: Where the second goes.
        match_size: Scale the second so that the touching sides are as long (Lanczos); else the
            smaller one is centred on black.
        spacing: Pixels between them.
        color: 0xRRGGBB of the space between them.

    Returns:
        (max(B, B'), H', W', C); the shorter batch repeats its last picture.
    """
    import torch

    check_image(first, alpha=True)
    channels = max(first.shape[-1], check_image(second, alpha=True).shape[-1])
    beside = direction in ("right", "left")
    if match_size:
        size = (0, first.shape[1]) if beside else (first.shape[2], 0)
        second = scale_image(second, *size, method="lanczos")
    count = max(len(first), len(second))
    across = 1 if beside else 2
    longest = max(first.shape[across], second.shape[across])
    parts = [
        _centred(_lengthened(match_channels(part, channels), count), across, longest)
        for part in (first, second)
    ]
    if direction in ("left", "up"):
        parts.reverse()
    if spacing:
        wide, tall = (spacing, longest) if beside else (longest, spacing)
        parts.insert(1, match_channels(empty_image(wide, tall, count, color), channels))
    return torch.cat(parts, dim=2 if beside else 1)


def resize_and_pad(image: Tensor, width: int, height: int, *, method: Method, color: int) -> Tensor:
    """Resize images to fit a size, keeping the aspect ratio, and pad the rest with a colour.

    Returns:
        (B, height, width, 3).
    """
    check_image(image)
    factor = min(width / image.shape[2], height / image.shape[1])
    inner = (max(1, int(image.shape[2] * factor)), max(1, int(image.shape[1] * factor)))
    planes = resize(image.movedim(-1, 1), *inner, method)
    found = empty_image(width, height, len(image), color)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    found[:, top : top + inner[1], left : left + inner[0]] = planes.movedim(1, -1).clamp(0, 1)
    return found


def scale_to_side(image: Tensor, longest: int, *, method: Method) -> Tensor:
    """Resize images to a length of the longer side."""
    tall, wide = check_image(image, alpha=True).shape[1:3]
    if longest < 1:
        raise ParameterError(
            "image.no_size", "largest_size is 0.", expected="1 pixel or more", got=str(longest)
        )
    factor = longest / max(tall, wide)
    return scale_image(
        image, max(1, round(wide * factor)), max(1, round(tall * factor)), method=method
    )


def _lengthened(image: Tensor, count: int) -> Tensor:
    import torch

    missing = count - len(image)
    return image if not missing else torch.cat([image, image[-1:].repeat(missing, 1, 1, 1)])


def _centred(image: Tensor, dim: int, length: int) -> Tensor:
    import torch.nn.functional as F

    room = length - image.shape[dim]
    if not room:
        return image
    margins = [0, 0] * (3 - dim) + [room // 2, room - room // 2]
    return F.pad(image, margins)
