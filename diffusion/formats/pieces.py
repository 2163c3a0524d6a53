"""A tensor of a network as pieces of tensors in a file: renamed, cut, turned, joined. No torch.

Files of other origin hold queries, keys and values in one tensor, or a matrix the other way round.
Stated as pieces, such a file can be read tensor by tensor, mapped where nothing is joined, so that
loading needs no second copy of the weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of one tensor of a file.

    Attributes:
        name: Its name in the file.
        start, stop: Rows (first axis) taken; None = all.
        turned: Whether the matrix is transposed.
    """

    name: str
    start: int | None = None
    stop: int | None = None
    turned: bool = False

    def shape(self, shapes: Shapes) -> tuple[int, ...]:
        """Shape of the piece."""
        shape = shapes[self.name]
        if self.start is not None:
            assert self.stop is not None
            shape = (self.stop - self.start, *shape[1:])
        return shape[::-1] if self.turned else shape


Pieces: TypeAlias = tuple[Piece, ...]
"""Joined along the first axis; nearly always one."""

Plan: TypeAlias = Mapping[str, Pieces]
"""Name in the network -> pieces in the file."""


def renamed(names: Mapping[str, str]) -> dict[str, Pieces]:
    """A plan from names in the file -> names in the network."""
    return {new: (Piece(old),) for old, new in names.items()}


def planned_shapes(plan: Plan, shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Shapes of a network's tensors, by its names."""
    found: dict[str, tuple[int, ...]] = {}
    for new, pieces in plan.items():
        parts = [piece.shape(shapes) for piece in pieces]
        rows = sum(part[0] for part in parts) if parts[0] else 0
        found[new] = (rows, *parts[0][1:]) if parts[0] else ()
    return found


def thirds(old: str, new: Iterable[str], shapes: Shapes) -> dict[str, Pieces]:
    """Equal parts of one tensor under names of their own: queries, keys, values."""
    targets = list(new)
    step = shapes[old][0] // len(targets)
    return {
        target: (Piece(old, index * step, (index + 1) * step),)
        for index, target in enumerate(targets)
    }


def swapped_halves(old: str, shapes: Shapes) -> Pieces:
    """Second half first: scale and shift stand the other way round in some layouts."""
    rows = shapes[old][0]
    return (Piece(old, rows // 2, rows), Piece(old, 0, rows // 2))


def prefixed(plan: Plan, prefix: str) -> dict[str, Pieces]:
    """The same plan for a file that puts a prefix in front of every name."""
    return {
        new: tuple(
            Piece(prefix + piece.name, piece.start, piece.stop, piece.turned) for piece in pieces
        )
        for new, pieces in plan.items()
    }
