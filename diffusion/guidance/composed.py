"""Prompts that are added up instead of averaged: "a AND b".

Every part leads away from the negative side by itself, and the ways are added with their weights:
negative + sum of w_i (positive_i - negative), which guidance then makes longer.

Source: Liu et al. 2022, "Compositional Visual Generation with Composable Diffusion Models", eq. 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..types import Conditioning, ConditioningEntry

if TYPE_CHECKING:
    from torch import Tensor


def parts_of(conditioning: Conditioning) -> list[tuple[Conditioning, float]]:
    """The parts of a composition with their weights; one of weight 1 for all that are averaged."""
    found: dict[tuple[int, float] | None, list[ConditioningEntry]] = {}
    for entry in conditioning.entries:
        found.setdefault(entry.composed, []).append(entry)
    if list(found) == [None]:
        return [(conditioning, 1.0)]
    return [
        (Conditioning(tuple(entries)), 1.0 if part is None else part[1])
        for part, entries in found.items()
    ]


def composed(parts: Sequence[Tensor], weights: Sequence[float], unwanted: Tensor) -> Tensor:
    """The clean picture of the positive side from those of its parts."""
    if len(parts) == 1 and weights[0] == 1.0:
        return parts[0]
    total = unwanted
    for part, weight in zip(parts, weights, strict=True):
        total = total + weight * (part - unwanted)
    return total
