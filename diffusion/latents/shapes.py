"""Latents in other sizes and positions: resized, cropped, rotated, composited.

Places and sizes are in pixels of the finished picture, of which whole cells of 8 count. A noise
mask goes with the cells it belongs to; it may have any size.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ..errors import ParameterError, ShapeError
from ..pictures.compositing import paste
from ..pictures.image import crop_to_ratio, match_batch, resize
from ..pictures.masks import check_crop, fit_mask
from ..types import Latent
from ..vae.coding import DOWNSCALE
from ..vae.format import ANY, same_space
from .bislerp import bislerp

if TYPE_CHECKING:
    from torch import Tensor

Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]
Axis = Literal["x", "y"]
Side = Literal["x", "-x", "y", "-y", "t", "-t"]


def upscale_latent(
    latent: Latent, width: int, height: int, *, method: Method, center_crop: bool = False
) -> Latent:
    """Scale to a size in pixels.

    Args:
        latent: What to scale.
        width: New width; 0 keeps the shape. Both 0 return the latent as it is.
        height: New height; 0 keeps the shape.
        method: Filter.
        center_crop: Keep the shape and cut what is over, instead of stretching.

    Raises:
        ShapeError: A side is less than 8 pixels.
    """
    if width == 0 and height == 0:
        return latent
    tall, wide = latent.samples.shape[-2:]
    width = width or round(wide * height / tall)
    height = height or round(tall * width / wide)
    return _scaled(latent, width // DOWNSCALE, height // DOWNSCALE, method, center_crop)


def upscale_latent_by(latent: Latent, factor: float, *, method: Method) -> Latent:
    """Scale by a factor; sides are rounded to whole cells.

    Raises:
        ShapeError: A side would be less than half a cell.
    """
    tall, wide = latent.samples.shape[-2:]
    return _scaled(latent, round(wide * factor), round(tall * factor), method, False)


def _scaled(latent: Latent, wide: int, tall: int, method: Method, center_crop: bool) -> Latent:
    if min(wide, tall) < 1:
        raise ShapeError(
            "latent.bad_size",
            "The resized latent would have no cells.",
            expected=f"at least {DOWNSCALE} pixels a side",
            got=f"{wide * DOWNSCALE} x {tall * DOWNSCALE}",
        )
    samples, mask = latent.samples, latent.noise_mask
    if center_crop and mask is not None:
        fitted = fit_mask(mask, (samples.shape[-2], samples.shape[-1]))
        mask = crop_to_ratio(fitted, wide / tall)[:, 0].clone()
    if center_crop:
        samples = crop_to_ratio(samples, wide / tall)
    found = resize_cells(samples, wide, tall, method)
    return replace(latent, samples=found.clone(), noise_mask=mask)


def resize_cells(planes: Tensor, wide: int, tall: int, method: Method) -> Tensor:
    """(B, C, h, w) at a size in cells; the same tensor where it has it."""
    if method != "bislerp":
        return resize(planes, wide, tall, method)
    return bislerp(planes, wide, tall)


def crop_latent(latent: Latent, x: int, y: int, width: int, height: int) -> Latent:
    """The part in a rectangle; what lies outside of the latent is left out.

    Raises:
        ShapeError: Nothing is left.
    """
    size = (latent.samples.shape[-2], latent.samples.shape[-1])
    left, top, wide, tall = (value // DOWNSCALE for value in (x, y, width, height))
    check_crop(left, top, size[1], size[0], unit="cells of 8 pixels")
    if min(wide, tall) < 1:
        raise ShapeError(
            "latent.bad_size",
            "The rectangle has no cells.",
            expected=f"at least {DOWNSCALE} pixels a side",
            got=f"{width} x {height}",
        )
    mask = latent.noise_mask
    if mask is not None:
        mask = fit_mask(mask, size)[:, 0, top : top + tall, left : left + wide].clone()
    samples = latent.samples[..., top : top + tall, left : left + wide].clone()
    return replace(latent, samples=samples, noise_mask=mask)


def flip_latent(latent: Latent, axis: Axis) -> Latent:
    """Mirror at the horizontal axis (`x`: upside down) or at the vertical one (`y`)."""
    dim = -2 if axis == "x" else -1
    mask = latent.noise_mask
    return replace(
        latent,
        samples=latent.samples.flip(dim),
        noise_mask=None if mask is None else mask.flip(dim),
    )


def rotate_latent(latent: Latent, quarters: int) -> Latent:
    """Turn clockwise by quarters of a circle."""
    mask = latent.noise_mask
    return replace(
        latent,
        samples=latent.samples.rot90(quarters, (-1, -2)).contiguous(),
        noise_mask=None if mask is None else mask.rot90(quarters, (-1, -2)).contiguous(),
    )


def composite_latent(
    destination: Latent, source: Latent, x: int, y: int, *, feather: int = 0
) -> Latent:
    """Lay one latent upon another.

    Args:
        destination: Below; mask and batch numbers are its own.
        source: Above.
        x, y: Where its upper left corner comes to lie; what reaches beyond is left out.
        feather: Over how many pixels it fades towards edges inside the destination.

    Raises:
        ShapeError: They belong to different families.
    """
    family = joint_family(destination, source)
    left, top, soft = x // DOWNSCALE, y // DOWNSCALE, feather // DOWNSCALE
    tall, wide = destination.samples.shape[-2:]
    check_crop(left, top, wide, tall, unit="cells of 8 pixels")
    upper = source.samples[..., : tall - top, : wide - left]
    rows = _fade(upper.shape[-2], soft, top > 0, top + upper.shape[-2] < tall)
    columns = _fade(upper.shape[-1], soft, left > 0, left + upper.shape[-1] < wide)
    mask = (rows[:, None] * columns)[None]
    samples = paste(destination.samples, upper, left, top, mask if soft else None)
    return replace(destination, samples=samples, family=family)


def _fade(length: int, soft: int, at_start: bool, at_end: bool) -> Tensor:
    import torch

    factors = torch.ones(length)
    rise = (torch.arange(1, soft + 1) / max(soft, 1))[:length]
    if at_start:
        factors[: len(rise)] *= rise
    if at_end:
        factors[length - len(rise) :] *= rise.flip(0)
    return factors


def composite_latent_masked(
    destination: Latent,
    source: Latent,
    x: int,
    y: int,
    mask: Tensor | None = None,
    *,
    resize_source: bool = False,
) -> Latent:
    """Lay one latent upon another through a mask, stretched over the upper one; 1 = it is seen.

    Raises:
        ShapeError: They belong to different families.
    """
    family = joint_family(destination, source)
    samples = paste(
        destination.samples,
        source.samples,
        x // DOWNSCALE,
        y // DOWNSCALE,
        mask,
        resize_source=resize_source,
    )
    return replace(destination, samples=samples, family=family)


def concat_latents(first: Latent, second: Latent, side: Side) -> Latent:
    """Put two latents side by side; `-x` and `-y` put the second one first.

    The noise mask of the first is not kept: it says nothing of the second.

    Raises:
        ShapeError: They belong to different families, or differ in the other side.
        ParameterError: `t` or `-t`: pictures have no time.
    """
    import torch

    dim = _dim(side)
    family = joint_family(first, second)
    other = match_batch(second.samples, len(first.samples))
    across = -3 - dim
    if first.samples.shape[across] != other.shape[across]:
        raise ShapeError(
            "latent.sides_differ",
            "Latents that are put side by side must have the same length along the shared side.",
            expected=f"{first.samples.shape[across] * DOWNSCALE} pixels",
            got=f"{other.shape[across] * DOWNSCALE}",
            hint="Resize or crop one of them.",
        )
    parts = (other, first.samples) if side.startswith("-") else (first.samples, other)
    return replace(first, samples=torch.cat(parts, dim=dim), noise_mask=None, family=family)


def cut_latent(latent: Latent, side: Literal["x", "y", "t"], index: int, amount: int) -> Latent:
    """Some columns (`x`) or rows (`y`) of cells.

    Args:
        latent: What to cut.
        side: Along which side.
        index: First cell; negative counts from the end.
        amount: How many; fewer if it ends before.

    Raises:
        ParameterError: `t`: pictures have no time. Or the index lies outside.
    """
    dim = _dim(side)
    length = latent.samples.shape[dim]
    if not -length <= index < length:
        raise ParameterError(
            "latent.bad_index",
            "The index lies outside the latent.",
            expected=f"{-length} to {length - 1}",
            got=str(index),
        )
    start = index % length
    count = min(amount, length - start)
    mask = latent.noise_mask
    if mask is not None:
        fitted = fit_mask(mask, (latent.samples.shape[-2], latent.samples.shape[-1]))[:, 0]
        mask = fitted.narrow(dim, start, count).clone()
    return replace(
        latent, samples=latent.samples.narrow(dim, start, count).clone(), noise_mask=mask
    )


def joint_family(first: Latent, second: Latent) -> str:
    """The family of what is made of two latents.

    Raises:
        ShapeError: They belong to different families.
    """
    left, right = first.samples.shape[1], second.samples.shape[1]
    if left != right or not same_space(first.family, second.family):
        raise ShapeError(
            "latent.families_differ",
            "The latents belong to different model families.",
            expected=f"{first.family}, {left} channels",
            got=f"{second.family}, {right} channels",
            hint="Decode one and encode it with the other's VAE.",
        )
    return second.family if first.family == ANY else first.family


def _dim(side: str) -> int:
    if side.endswith("t"):
        raise ParameterError(
            "latent.no_time",
            "Latents of images have no time axis.",
            expected="x, -x, y or -y",
            got=side,
        )
    return -1 if side.endswith("x") else -2
