"""Pictures that variants of Flux see: beside the noise (Fill, Canny, Depth), or as further tokens
(Kontext).

Source: black-forest-labs/flux; order of channels and places of several pictures as in ComfyUI.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, ShapeError
from ..vae.format import FLUX
from .family import Row, even

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import Concat
    from ..types.conditioning import ReferencePlaces

CELL = FLUX.downscale
_MASK = CELL * CELL
"""Channels of a mask whose pixels lie in cells."""


def patches(x: Tensor) -> Tensor:
    """(N, C, h, w) of even sides as tokens of 2x2 cells, (N, h/2 * w/2, 4C)."""
    count, channels, height, width = x.shape
    cells = x.reshape(count, channels, height // 2, 2, width // 2, 2)
    return cells.permute(0, 2, 4, 1, 3, 5).reshape(count, -1, channels * 4)


def places(height: int, width: int, number: int = 0, down: int = 0, right: int = 0) -> Tensor:
    """Where the tokens of a picture are: (T, 3), its number, row and column.

    Args:
        height, width: In tokens.
        number: 0 = what is drawn, 1 = a picture it is shown.
        down, right: Of its first token.
    """
    import torch

    found = torch.zeros(height, width, 3)
    found[..., 0] = number
    found[..., 1] += torch.arange(down, down + height)[:, None]
    found[..., 2] += torch.arange(right, right + width)[None, :]
    return found.reshape(-1, 3)


def beside(rows: Sequence[Row], shape: Any, extra: int, like: Tensor) -> Tensor | None:
    """What a network with more channels sees beside the noise, as tokens; None if it has none.

    Args:
        rows: Entries of one call.
        shape: (B, C, h, w) of x.
        extra: Channels of the network's input beyond the latent's.
        like: Device and type of the network.

    Raises:
        ModelError: No variant of Flux has so many channels.
        ShapeError: The picture is of another size than the run.
    """
    import torch

    channels = FLUX.channels
    if extra == 0:
        return None
    if extra not in (channels, channels + _MASK):
        raise ModelError(
            "model.unsupported_layout",
            f"This Flux network takes {extra} channels beside the latent.",
            expected=f"none, {channels} (Canny, Depth) or {channels + _MASK} (Fill)",
            got=str(extra),
        )
    parts = [_seen(row.entry.concat, shape, masked=extra > channels) for row in rows]
    return patches(even(torch.cat(parts).to(like)))


def _seen(concat: Concat | None, shape: Any, *, masked: bool) -> Tensor:
    import torch
    import torch.nn.functional as F

    batch, channels, height, width = shape
    if concat is None:  # nothing is known of the picture: all is to be painted
        picture = torch.zeros(batch, channels, height, width)
        mask = torch.ones(batch, _MASK, height, width)
        return torch.cat([picture, mask], dim=1) if masked else picture
    if concat.samples.shape[-3:] != (channels, height, width):
        raise ShapeError(
            "concat.does_not_fit",
            "The picture beside the noise has another size than the run, or is of another VAE.",
            expected=f"{channels} channels, {CELL * width} x {CELL * height}",
            got=f"{concat.samples.shape[1]} channels, {CELL * concat.samples.shape[-1]} x "
            f"{CELL * concat.samples.shape[-2]}",
            hint="Sample the latent that came with this conditioning.",
        )
    picture = _each(FLUX.to_network(concat.samples), batch)
    if not masked:
        return picture
    if concat.mask is None:
        mask = torch.ones(batch, _MASK, height, width)
    else:
        pixels = (height * CELL, width * CELL)
        fitted = F.interpolate(concat.mask[:, None].float(), size=pixels, mode="bilinear")
        mask = _each(F.pixel_unshuffle(fitted, CELL), batch)
    return torch.cat([picture, mask], dim=1)


def references(rows: Sequence[Row], shape: Any, like: Tensor) -> tuple[Tensor, Tensor] | None:
    """The pictures that rows are shown as further tokens, and where those are; None = none.

    Args:
        rows: Entries of one call, with pictures of the same sizes and places.
        shape: (B, C, h, w) of x.
        like: Device and type of the network.

    Raises:
        ShapeError: A picture is a latent of another VAE.
    """
    import torch

    if not rows[0].entry.references:
        return None
    tokens, ids = [], []
    shown = rows[0].entry
    sizes = [picture.shape[-2:] for picture in shown.references]
    laid = placed(shown.reference_places, sizes, shape[-2:])
    for number, (first, place) in enumerate(zip(shown.references, laid, strict=True)):
        pictures = [row.entry.references[number] for row in rows]
        if first.shape[1] != FLUX.channels:
            raise ShapeError(
                "references.does_not_fit",
                "A picture to draw from is a latent of another VAE.",
                expected=f"{FLUX.channels} channels",
                got=str(first.shape[1]),
                hint="Encode it with the VAE of the model that is sampled.",
            )
        whole = torch.cat([_each(FLUX.to_network(picture), shape[0]) for picture in pictures])
        padded = even(whole.to(like))
        tokens.append(patches(padded))
        height, width = (side // 2 for side in padded.shape[-2:])
        ids.append(places(height, width, *place))
    return torch.cat(tokens, dim=1), torch.cat(ids).to(like)


def placed(
    how: ReferencePlaces, sizes: Sequence[Sequence[int]], run: Sequence[int]
) -> list[tuple[int, int, int]]:
    """Number, row and column (in tokens) of the first token of each picture that is shown.

    Args:
        how: As `ConditioningEntry.reference_places`. "offset": each lies where it lengthens the
            shorter side of all before it.
        sizes: (height, width) of each in cells.
        run: (height, width) of what is drawn in cells.
    """
    found = []
    tall = wide = 0  # cells that are taken
    for count, (height, width) in enumerate(sizes, 1):
        number, down, right = 1, 0, 0
        if how == "index":
            number = count
        elif how == "diagonal":
            number, down, right = 0, tall + run[0] + run[0] % 2, wide + run[1] + run[1] % 2
            tall, wide = tall + height, wide + width
        else:
            if height + tall > width + wide:
                right = wide
            else:
                down = tall
            tall, wide = max(tall, height + down), max(wide, width + right)
        found.append((number, (down + 1) // 2, (right + 1) // 2))
    return found


def _each(x: Tensor, batch: int) -> Tensor:
    """A batch of one or more as (batch, ...), repeated in turn."""
    return x[[number % len(x) for number in range(batch)]]
