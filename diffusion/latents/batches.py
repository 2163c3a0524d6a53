"""Batches of latents: joining, selecting, repeating, and the noise of each item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ..checks import check_item
from ..pictures.image import match_batch, resize
from ..pictures.masks import fit_mask
from ..types import Latent
from .shapes import joint_family

if TYPE_CHECKING:
    from torch import Tensor


def batch_latents(first: Latent, second: Latent) -> Latent:
    """Both in one batch.

    The second is scaled to the size of the first (bilinear, cropped to its shape). Items keep
    their noise numbers; without numbers those of each are 0, 1, 2, ..., so that the first item of
    both begins with the same noise.

    Raises:
        ShapeError: They belong to different families.
    """
    import torch

    family = joint_family(first, second)
    tall, wide = first.samples.shape[-2:]
    fitted = resize(second.samples, wide, tall, "bilinear", center_crop=True)
    mask = None
    if first.noise_mask is not None or second.noise_mask is not None:
        mask = torch.cat([_mask(first, (tall, wide)), _mask(second, (tall, wide))])
    return replace(
        first,
        samples=torch.cat([first.samples, fitted]),
        family=family,
        noise_mask=mask,
        batch_index=(*numbers(first), *numbers(second)),
    )


def take_latents(latent: Latent, start: int, length: int) -> Latent:
    """Some items of a batch, with the noise they would have in the whole of it.

    Args:
        latent: The batch.
        start: First item, from 0.
        length: How many at most.

    Raises:
        ParameterError: The batch has no such item.
    """
    count = len(latent.samples)
    check_item(start, count)
    some = slice(start, start + length)
    mask = latent.noise_mask
    if mask is not None and len(mask) > 1:
        mask = match_batch(mask, count)[some].clone()
    return replace(
        latent,
        samples=latent.samples[some].clone(),
        noise_mask=mask,
        batch_index=tuple(numbers(latent))[some],
    )


def repeat_latents(latent: Latent, amount: int) -> Latent:
    """The whole batch several times; the copies get noise numbers of their own."""
    count = len(latent.samples)
    own = numbers(latent)
    gap = max(own) - min(own) + 1
    mask = latent.noise_mask
    if mask is not None and len(mask) > 1:
        mask = match_batch(mask, count).repeat(amount, 1, 1)
    index = latent.batch_index
    if index is not None:
        index = tuple(number + copy * gap for copy in range(amount) for number in own)
    return replace(
        latent,
        samples=latent.samples.repeat(amount, 1, 1, 1),
        noise_mask=mask,
        batch_index=index,
    )


def rebatch_latents(latents: Sequence[Latent], batch_size: int) -> list[Latent]:
    """The items of all batches in batches of another size, in order; the last may be smaller.

    Items of another size than the one before begin a new batch.
    """
    items = [
        take_latents(latent, number, 1)
        for latent in latents
        for number in range(len(latent.samples))
    ]
    found: list[list[Latent]] = []
    for item in items:
        last = found[-1] if found else []
        if last and len(last) < batch_size and last[0].samples.shape == item.samples.shape:
            last.append(item)
        else:
            found.append([item])
    joined = []
    for first, *others in found:
        whole = first
        for other in others:
            whole = batch_latents(whole, other)
        joined.append(whole)
    return joined


def seed_batch(latent: Latent, behavior: Literal["random", "fixed"]) -> Latent:
    """Whether the items of a batch begin with different noise, or all with that of the first."""
    if behavior == "random":
        return replace(latent, batch_index=None)
    first = numbers(latent)[0]
    return replace(latent, batch_index=(first,) * len(latent.samples))


def numbers(latent: Latent) -> tuple[int, ...]:
    """The noise number of every item."""
    if latent.batch_index is not None:
        return latent.batch_index
    return tuple(range(len(latent.samples)))


def _mask(latent: Latent, size: tuple[int, int]) -> Tensor:
    """A mask for every item; 1 (repaint) where a latent has none."""
    import torch

    count = len(latent.samples)
    if latent.noise_mask is None:
        return torch.ones(count, *size)
    return match_batch(fit_mask(latent.noise_mask, size)[:, 0], count)
