"""Where a prompt acts: areas and masks as weights over a latent, and the average they give.

A prompt with an area is shown only that part of the latent, as if it were the whole picture. Where
prompts overlap, their predictions are averaged by weight. Cells that no prompt covers are predicted
as zero, a flat grey.

Source: sizes, soft edges and averaging as ComfyUI has them; known rules, not compared side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ShapeError
from ..pictures.masks import fit_mask
from ..types import Area, Conditioning, ConditioningEntry, SizeHint
from .handlers import cut_to_part

if TYPE_CHECKING:
    from torch import Tensor

SOFT_EDGE = 8
"""Cells over which the weight of an area falls towards an edge inside the picture, at most."""
LEAST_SIDE = 8
"""Cells a side of the area around a mask: less gives a network nothing to see."""


class CellBox(NamedTuple):
    """A rectangle of latent cells."""

    top: int
    left: int
    height: int
    width: int

    def inside(self, other: CellBox) -> bool:
        """Whether all of it lies in another."""
        return (
            self.top >= other.top
            and self.left >= other.left
            and self.top + self.height <= other.top + other.height
            and self.left + self.width <= other.left + other.width
        )


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """The region and the weight of one entry.

    Attributes:
        box: The part of the latent that its network call sees; None = all of it.
        weight: A number, or (B or 1, 1, height, width) float32 of the box.
    """

    box: CellBox | None
    weight: Tensor | float

    def cut(self, x: Tensor) -> Tensor:
        """Its part of (B, C, h, w), a view."""
        if self.box is None:
            return x
        top, left, height, width = self.box
        return x[..., top : top + height, left : left + width]

    @property
    def counts(self) -> bool:
        """Whether there is any weight in it."""
        if isinstance(self.weight, int | float):
            return self.weight != 0
        return bool(self.weight.any())


class PredictionBlend:
    """Sums the predictions of one side of guidance (conditional or unconditional).

    Args:
        like: (B, C, h, w), the latent that is predicted.
    """

    def __init__(self, like: Tensor) -> None:
        self._like = like
        self._parts: list[tuple[Tensor, Region]] = []

    def add(self, prediction: Tensor, region: Region) -> None:
        """Add the prediction for a region, (B, C, height, width) of its box."""
        self._parts.append((prediction, region))

    def average(self) -> Tensor:
        """The weighted mean, (B, C, h, w); zero where nothing was added."""
        import torch

        if len(self._parts) == 1:
            prediction, region = self._parts[0]
            if region.box is None and isinstance(region.weight, float):
                return prediction  # the usual case: no averaging, which would also round
        total, count = torch.zeros_like(self._like), torch.zeros_like(self._like[:, :1])
        for prediction, region in self._parts:
            region.cut(total).add_(prediction * region.weight)
            region.cut(count).add_(region.weight)
        return total / count.clamp_min(1e-37)


def regions_of(entries: Sequence[ConditioningEntry], like: Tensor, downscale: int) -> list[Region]:
    """The regions of entries that act at the same time.

    Args:
        entries: One side of guidance.
        like: (B, C, h, w), the latent; its device is that of the weights.
        downscale: Pixels per cell and side.

    Returns:
        One region an entry. Those of fallbacks have what the others leave over of a weight of 1.

    Raises:
        ShapeError: An area lies outside of the picture.
    """
    import torch

    regions = [_region(entry, like, downscale) for entry in entries]
    if not any(entry.fallback for entry in entries):
        return regions
    left_over = torch.ones_like(like[:, :1])
    for entry, region in zip(entries, regions, strict=True):
        if not entry.fallback:
            region.cut(left_over).sub_(region.weight)
    left_over.clamp_min_(0.0)
    return [
        Region(region.box, region.cut(left_over)) if entry.fallback else region
        for entry, region in zip(entries, regions, strict=True)
    ]


def seen_in(
    region: Region, entry: ConditioningEntry, like: Tensor, downscale: int
) -> ConditioningEntry:
    """An entry as it goes into the network call for its region.

    What is attached is cut as the latent is. Sizes stay those of the whole image.

    Args:
        region: The entry's.
        entry: What to change.
        like: (B, C, h, w), the whole latent.
        downscale: Pixels per cell and side.
    """
    if region.box is None:
        return entry
    tall, wide = like.shape[-2:]
    attached = tuple(cut_to_part(each, region.cut, (tall, wide)) for each in entry.attached)
    size = entry.size
    if size is None:
        size = SizeHint(wide * downscale, tall * downscale)
    return replace(entry, attached=attached, size=size)


def match_areas(
    sides: Sequence[Conditioning], size: tuple[int, int], downscale: int
) -> list[Conditioning]:
    """Give every area a counterpart on the other sides of guidance.

    Guidance compares predictions of the same view. So for an entry with an area that another side
    has not, that side gets its entry with the smallest area around it once more, cut to this one.

    Args:
        sides: Positive, negative, ...
        size: (height, width) of the latent in cells.
        downscale: Pixels per cell and side.

    Returns:
        As many conditionings; the same objects when nothing is to be added.
    """
    entries = [list(side.entries) for side in sides]
    for here, mine in enumerate(entries):
        for entry in list(mine):
            for there, theirs in enumerate(entries):
                more = _counterpart(entry, theirs, size, downscale) if there != here else None
                if more is not None:
                    theirs.append(more)
    return [
        side if len(found) == len(side.entries) else Conditioning(tuple(found))
        for side, found in zip(sides, entries, strict=True)
    ]


def box_of(entry: ConditioningEntry, size: tuple[int, int], downscale: int) -> CellBox | None:
    """The cells of an entry's area, or of the rectangle around its mask; None = all.

    It may reach beyond the picture.
    """
    if entry.mask is not None and entry.mask_bounds:
        return _bounds(fit_mask(entry.mask, size))
    return None if entry.area is None else _cells(entry.area, size, downscale)


def _region(entry: ConditioningEntry, like: Tensor, downscale: int) -> Region:
    size = (like.shape[-2], like.shape[-1])
    wanted = box_of(entry, size, downscale)
    box = None if wanted is None else _clip(wanted, size)
    if entry.mask is None:
        if box is None:
            return Region(None, float(entry.strength))
        return Region(box, _soft_edges(box, like) * entry.strength)
    mask = fit_mask(entry.mask, size)[: len(like)]
    if len(mask) > 1:
        mask = mask[[number % len(mask) for number in range(len(like))]]
    whole = Region(box, 1.0).cut(mask.to(like)) * (entry.mask_strength * entry.strength)
    return Region(box, whole)


def _cells(area: Area, size: tuple[int, int], downscale: int) -> CellBox:
    if area.unit == "pixels":
        numbers = (area.y, area.x, area.height, area.width)
        return CellBox(*(int(number) // downscale for number in numbers))
    tall, wide = size
    return CellBox(
        round(area.y * tall),
        round(area.x * wide),
        max(1, round(area.height * tall)),
        max(1, round(area.width * wide)),
    )


def _bounds(mask: Tensor) -> CellBox:
    rows, columns = mask.amax(dim=(0, 1)).nonzero(as_tuple=True)
    if not len(rows):
        return CellBox(0, 0, LEAST_SIDE, LEAST_SIDE)
    top, left = int(rows.min()), int(columns.min())
    height, width = int(rows.max()) - top + 1, int(columns.max()) - left + 1
    return CellBox(top, left, max(LEAST_SIDE, height), max(LEAST_SIDE, width))


def _clip(box: CellBox, size: tuple[int, int]) -> CellBox:
    tall, wide = size
    clipped = CellBox(
        box.top, box.left, min(box.height, tall - box.top), min(box.width, wide - box.left)
    )
    if min(clipped.height, clipped.width) < 1:
        raise ShapeError(
            "conditioning.area_outside",
            "The area of a prompt lies outside the image.",
            expected=f"a part of {wide} x {tall} latent cells",
            got=f"{box.width} x {box.height} cells at {box.left}, {box.top}",
            hint="Move the area, or use a larger image.",
        )
    return clipped


def _soft_edges(box: CellBox, like: Tensor) -> Tensor:
    """(1, 1, height, width): 1, falling towards edges that are not the picture's own."""
    rows = _ramp(box.height, box.top > 0, box.top + box.height < like.shape[-2], like)
    columns = _ramp(box.width, box.left > 0, box.left + box.width < like.shape[-1], like)
    return (rows[:, None] * columns)[None, None]


def _ramp(length: int, at_start: bool, at_end: bool, like: Tensor) -> Tensor:
    import torch

    ramp = torch.ones(length, device=like.device)
    steps = min(SOFT_EDGE, length // 4)
    rise = torch.arange(1, steps + 1, device=like.device) / max(steps, 1)
    if at_start:
        ramp[:steps] *= rise
    if at_end:
        ramp[length - steps :] *= rise.flip(0)
    return ramp


def _counterpart(
    entry: ConditioningEntry,
    others: Sequence[ConditioningEntry],
    size: tuple[int, int],
    downscale: int,
) -> ConditioningEntry | None:
    """The entry that another side lacks for this one's area; None when it lacks none."""
    box = box_of(entry, size, downscale)
    if box is None:
        return None
    best: ConditioningEntry | None = None
    least = float("inf")
    for other in others:
        its = box_of(other, size, downscale)
        if its == box:
            return None
        cells = float("inf") if its is None else its.height * its.width
        if (its is None or box.inside(its)) and (best is None or cells < least):
            best, least = other, cells
    if best is None:
        return None
    return replace(
        best,
        area=entry.area,
        mask=entry.mask,
        mask_strength=entry.mask_strength,
        mask_bounds=entry.mask_bounds,
        strength=entry.strength,
        start=entry.start,
        end=entry.end,
        attached=(
            *(each for each in best.attached if not each.follows_area),
            *(each for each in entry.attached if each.follows_area),
        ),
        fallback=entry.fallback,
        hooks=entry.hooks,
    )
