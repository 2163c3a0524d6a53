"""Operations on masks (B, H, W) that need no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ..errors import ParameterError, ShapeError
from .image import check_image, match_batch

if TYPE_CHECKING:
    from torch import Tensor

Operation = Literal["multiply", "add", "subtract", "and", "or", "xor"]
Channel = Literal["red", "green", "blue", "alpha"]
CHANNELS: tuple[Channel, ...] = ("red", "green", "blue", "alpha")


def check_mask(mask: Tensor) -> Tensor:
    """The mask itself, if it has the layout of one.

    Raises:
        ShapeError: It is not (B, H, W).
    """
    if mask.ndim != 3 or 0 in mask.shape:
        raise ShapeError(
            "mask.shape",
            "The value is no mask.",
            expected="(B, H, W) with no side 0",
            got=str(tuple(mask.shape)),
        )
    return mask


def fit_mask(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """A mask (B, H, W) of any size as (B, 1, h, w) float32, bilinear without antialiasing."""
    import torch.nn.functional as F

    return F.interpolate(mask[:, None].float(), size=size, mode="bilinear", align_corners=False)


def solid_mask(value: float, width: int, height: int) -> Tensor:
    """(1, height, width), the same number everywhere."""
    import torch

    return torch.full((1, height, width), float(value))


def polygon_mask(points: Sequence[Sequence[float]], width: int, height: int) -> Tensor:
    """The inside of a polygon.

    Args:
        points: Its corners (x, y) in order, in fractions of the sides; where it crosses itself,
            parts that lie in it twice are outside.
        width: Pixels.
        height: Pixels.

    Returns:
        (1, height, width) float32: how much of each pixel lies inside, in sixteenths.

    Raises:
        ParameterError: There are fewer than three corners.
    """
    import cv2
    import numpy as np
    import torch

    if len(points) < 3:
        raise ParameterError(
            "points", "The value is no polygon.", expected="3 corners or more", got=str(len(points))
        )
    fine = 4
    # OpenCV's whole numbers are middles of pixels; with 8 bits behind the point corners are exact.
    size = np.array([width * fine, height * fine])
    corners = ((np.asarray(points) * size - 0.5) * 256).round().astype(np.int32)
    canvas = np.zeros((height * fine, width * fine), np.float32)
    cv2.fillPoly(canvas, [corners], 1.0, shift=8)
    return torch.from_numpy(canvas).reshape(height, fine, width, fine).mean((1, 3))[None]


def grow_mask(mask: Tensor, expand: int, *, tapered_corners: bool = True) -> Tensor:
    """Widen or shrink the selected part.

    Args:
        mask: (B, H, W) float32; grey values grow as well.
        expand: Pixels; negative shrinks. The edge of the picture neither adds nor takes.
        tapered_corners: Grow as a diamond; False grows as a square.

    Returns:
        (B, H, W) float32.

    Source: grey dilation (maximum over the 4 or 8 neighbours and the pixel), repeated.
    """
    import cv2
    import numpy as np
    import torch

    check_mask(mask)
    shape = cv2.MORPH_CROSS if tapered_corners else cv2.MORPH_RECT
    kernel = cv2.getStructuringElement(shape, (3, 3))
    apply = cv2.dilate if expand > 0 else cv2.erode
    # After as many steps as there are rows and columns nothing changes any more.
    times = min(abs(expand), mask.shape[1] + mask.shape[2])
    planes = [
        apply(plane, kernel, iterations=times) if times else plane
        for plane in mask.float().cpu().numpy()
    ]
    return torch.from_numpy(np.stack(planes)).clone()


def feather_mask(mask: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
    """Fade a mask out towards the edges of the image.

    Args:
        mask: (B, H, W) float32.
        left, top, right, bottom: Over how many pixels; 0 = not at all. The outermost pixel of n
            keeps 1/n of its weight.

    Returns:
        (B, H, W) float32.
    """
    check_mask(mask)
    rows = _fall(mask.shape[1], top, bottom)
    columns = _fall(mask.shape[2], left, right)
    return mask * rows[:, None] * columns


def _fall(length: int, before: int, after: int) -> Tensor:
    import torch

    factors = torch.ones(length)
    for count, at_end in ((min(before, length), False), (min(after, length), True)):
        rise = torch.arange(1, count + 1) / max(count, 1)
        if at_end:
            factors[length - count :] *= rise.flip(0)
        else:
            factors[:count] *= rise
    return factors


def threshold_mask(mask: Tensor, value: float) -> Tensor:
    """1 where a mask is above a value, else 0."""
    return (check_mask(mask) > value).float()


def crop_mask(mask: Tensor, x: int, y: int, width: int, height: int) -> Tensor:
    """The part of a mask in a rectangle of pixels; what lies outside of the mask is left out.

    Raises:
        ShapeError: Nothing is left.
    """
    check_mask(mask)
    check_crop(x, y, mask.shape[2], mask.shape[1])
    return mask[:, y : y + height, x : x + width].clone()


def check_crop(x: int, y: int, width: int, height: int, unit: str = "pixels") -> None:
    """Refuse a rectangle that begins outside an image of that size.

    Raises:
        ShapeError: It does.
    """
    if not (0 <= x < width and 0 <= y < height):
        raise ShapeError(
            "crop.outside",
            "The rectangle lies outside the image.",
            expected=f"a corner within {width} x {height} {unit}",
            got=f"{x}, {y}",
            hint="Choose a smaller x and y.",
        )


def combine_masks(
    destination: Tensor, source: Tensor, x: int, y: int, operation: Operation
) -> Tensor:
    """Calculate with two masks where they overlap.

    Args:
        destination: (B, H, W) float32; what the result begins with.
        source: (B or 1, h, w) float32; laid upon it with its upper left corner at x, y.
        x, y: Pixels; what reaches beyond is left out.
        operation: `and`, `or` and `xor` take values from 0.5 on as selected.

    Returns:
        (B, H, W) float32, cut to [0, 1].
    """
    check_mask(destination)
    source = match_batch(check_mask(source), len(destination))
    found = destination.clone()
    part = found[:, y : y + source.shape[1], x : x + source.shape[2]]
    other = source[:, : part.shape[1], : part.shape[2]]
    match operation:
        case "multiply":
            part.mul_(other)
        case "add":
            part.add_(other)
        case "subtract":
            part.sub_(other)
        case "and":
            part.copy_(part.round().bool() & other.round().bool())
        case "or":
            part.copy_(part.round().bool() | other.round().bool())
        case "xor":
            part.copy_(part.round().bool() ^ other.round().bool())
    return found.clamp_(0, 1)


def mask_to_image(mask: Tensor) -> Tensor:
    """A mask as grey images (B, H, W, 3)."""
    return check_mask(mask)[..., None].repeat(1, 1, 1, 3)


def channel_mask(image: Tensor, channel: Channel) -> Tensor:
    """One channel of images as a mask (B, H, W).

    Args:
        image: (B, H, W, 3 or 4) float32 in [0, 1].
        channel: Which.

    Raises:
        ParameterError: `alpha` of a picture that has none.
    """
    check_image(image, alpha=True)
    index = CHANNELS.index(channel)
    if index >= image.shape[-1]:
        raise ParameterError(
            "image.no_alpha",
            "The image has no alpha channel.",
            expected="an image of 4 channels, or the channel red, green or blue",
            got="3 channels, and the channel alpha",
            hint="For the transparency of a file, use the mask of LoadImage.",
        )
    return image[..., index].clone()


def color_mask(image: Tensor, color: int) -> Tensor:
    """A mask of the pixels of exactly one colour.

    Args:
        image: (B, H, W, 3 or 4) float32 in [0, 1].
        color: 0xRRGGBB; pixels are rounded to 8 bits.

    Returns:
        (B, H, W) float32, 1 where they have it.
    """
    import torch

    levels = (check_image(image, alpha=True)[..., :3].clamp(0, 1) * 255).round()
    wanted = torch.tensor([float(part) for part in color.to_bytes(3, "big")])
    return (levels == wanted).all(dim=-1).float()
