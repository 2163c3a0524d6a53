"""Positions of images and labels on a contact sheet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .lettering import Lettering

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

_HEADER_LINES = 3
_INK, _EMPTY, _CROSS = (20, 20, 20), (232, 232, 232), (200, 40, 40)


@dataclass(frozen=True, slots=True)
class Grid:
    """The labels of a sheet.

    Attributes:
        across: A label for each column; empty for one column without a label.
        down: Labels of the rows, one tuple for each level, outermost first: every label of a
            level has all the labels of the next one below it. Empty for one row without a label.
    """

    across: tuple[str, ...] = ()
    down: tuple[tuple[str, ...], ...] = ()

    @property
    def columns(self) -> int:
        """Number of images in a row."""
        return len(self.across) or 1

    @property
    def rows(self) -> int:
        """Number of rows."""
        return math.prod(len(level) for level in self.down)

    def rows_below(self, level: int) -> int:
        """Number of rows that one label of a level spans."""
        return math.prod(len(inner) for inner in self.down[level + 1 :])


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """Where everything lies, in pixels.

    Attributes:
        grid: The labels.
        width, height: Size of a cell.
        letters: How labels are written.
        gap: Between cells; groups of rows are apart by as much again for each level.
        header: Height of the column labels; 0 for none.
        margins: Width of each level of row labels.
    """

    grid: Grid
    width: int
    height: int
    letters: Lettering
    gap: int
    header: int
    margins: tuple[int, ...]

    @classmethod
    def of(cls, grid: Grid, width: int, height: int) -> SheetLayout:
        """The layout for cells of a size, with no more room for labels than they need."""
        letters = Lettering.for_side(min(width, height))
        lines = [len(letters.wrap(label, width, _HEADER_LINES)) for label in grid.across]
        widest = _margin(width)
        margins = tuple(
            min(widest, max(letters.width(label) for label in level)) for level in grid.down
        )
        gap = max(4, letters.size // 3)
        return cls(grid, width, height, letters, gap, max(lines, default=0) * letters.line, margins)

    @classmethod
    def largest(cls, grid: Grid, cell: int) -> tuple[int, int]:
        """Width and height that no sheet with cells up to a size exceeds."""
        letters = Lettering.for_side(cell)
        header = _HEADER_LINES * letters.line if grid.across else 0
        margins = tuple(_margin(cell) for _ in grid.down)
        return cls(grid, cell, cell, letters, max(4, letters.size // 3), header, margins).size

    @property
    def left(self) -> int:
        """Where the first column begins."""
        return self.gap + sum(margin + self.gap for margin in self.margins)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the sheet."""
        x, y = self.place(self.grid.rows - 1, self.grid.columns - 1)
        return x + self.width + self.gap, y + self.height + self.gap

    def place(self, row: int, column: int) -> tuple[int, int]:
        """Upper left corner of a cell."""
        x = self.left + column * (self.width + self.gap)
        y = self.gap + (self.header + self.gap if self.header else 0)
        groups = sum(row // self.grid.rows_below(level) for level in range(len(self.margins) - 1))
        return x, y + row * (self.height + self.gap) + groups * 2 * self.gap

    def draw_labels(self, draw: ImageDraw) -> None:
        """Write the labels of columns and rows."""
        for column, label in enumerate(self.grid.across):
            x, _ = self.place(0, column)
            lines = self.letters.wrap(label, self.width, _HEADER_LINES)
            top = self.gap + self.header - len(lines) * self.letters.line
            self.letters.write(draw, (x, top), lines, self.width, _INK)
        x = self.gap
        for level, labels in enumerate(self.grid.down):
            span = self.grid.rows_below(level)
            for row in range(0, self.grid.rows, span):
                _, top = self.place(row, 0)
                bottom = self.place(row + span - 1, 0)[1] + self.height
                most = max(1, (bottom - top) // self.letters.line)
                label = labels[row // span % len(labels)]
                lines = self.letters.wrap(label, self.margins[level], most)
                # An inner label belongs to one row; an outer one stands where its group begins.
                spare = (self.height if span == 1 else 0) - len(lines) * self.letters.line
                self.letters.write(draw, (x, top + max(0, spare // 2)), lines, 0, _INK)
            x += self.margins[level] + self.gap

    def draw_cross(self, draw: ImageDraw, x: int, y: int, code: str) -> None:
        """Cross a cell out and write why on it."""
        right, bottom = x + self.width - 1, y + self.height - 1
        thick = max(1, self.letters.size // 8)
        draw.rectangle((x, y, right, bottom), fill=_EMPTY)
        draw.line((x, y, right, bottom), fill=_CROSS, width=thick)
        draw.line((x, bottom, right, y), fill=_CROSS, width=thick)
        room = self.width - 2 * thick
        lines = self.letters.wrap(code, room, max(1, self.height // self.letters.line))
        high = len(lines) * self.letters.line
        top = y + max(0, (self.height - high) // 2)
        wide = max(self.letters.width(line) for line in lines)
        left = x + (self.width - wide) // 2
        draw.rectangle((left, top, left + wide, min(bottom, top + high)), fill=_EMPTY)
        self.letters.write(draw, (x + thick, top), lines, room, _CROSS)


def _margin(cell: int) -> int:
    """Most pixels that a level of row labels may take beside cells of a width."""
    return max(96, cell * 3 // 4)
