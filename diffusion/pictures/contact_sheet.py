"""Contact sheets: images in labelled rows and columns, as one image."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import ParameterError, ShapeError
from .file import MAX_PIXELS, MAX_SIDE
from .image import check_image
from .sheet_layout import Grid, SheetLayout

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage
    from torch import Tensor

__all__ = ["MAX_CELL", "MIN_CELL", "Grid", "choose_cell", "draw_sheet", "png_bytes", "shrink"]

MIN_CELL, MAX_CELL = 64, 1024  # pixels
_PAPER = (255, 255, 255)


def choose_cell(grid: Grid, wanted: int | None = None) -> int:
    """The longest side of images on a sheet, so that the sheet stays within its limits.

    Args:
        grid: The labels.
        wanted: The side in pixels; None for the largest that fits, at most `MAX_CELL`.

    Returns:
        Pixels. Larger pictures are scaled down to it, smaller ones stay as they are.

    Raises:
        ParameterError: `sheet.too_large` (the sheet would exceed 100 million pixels or 32,768 on
            a side), or `sheet.cell` (`wanted` is below `MIN_CELL`).
    """
    if wanted is not None and wanted < MIN_CELL:
        raise ParameterError(
            "sheet.cell",
            "Labels cannot be read beside images of this size.",
            expected=f"at least {MIN_CELL} pixels for an image",
            got=str(wanted),
            hint="Use a larger cell size.",
        )
    smallest = wanted if wanted is not None else MIN_CELL
    if not _fits(grid, smallest):
        width, height = SheetLayout.largest(grid, smallest)
        raise ParameterError(
            "sheet.too_large",
            f"A sheet of {grid.columns} x {grid.rows} images of {smallest} pixels would have "
            f"{width} x {height} pixels; the maximum is {MAX_SIDE} on a side and {MAX_PIXELS} in "
            "all.",
            expected=f"up to {MAX_PIXELS} pixels, and {MAX_SIDE} on a side",
            got=f"{width} x {height} pixels",
            hint="Use fewer values, or put the axis with the fewest values last (it runs across)."
            if wanted is None
            else "Use a smaller cell size, or fewer values.",
        )
    if wanted is not None:
        return wanted
    low, high = MIN_CELL, MAX_CELL
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _fits(grid, middle) else (low, middle - 1)
    return low


def shrink(image: Tensor, cell: int) -> PILImage:
    """A batch of images as one cell of a sheet.

    Args:
        image: (B, H, W, 3) float32 in [0, 1]; several pictures are laid out in a square.
        cell: Longest side of the result in pixels.

    Raises:
        ShapeError: `image` is no picture.
    """
    import numpy as np
    import torch
    from PIL import Image

    if not isinstance(image, torch.Tensor):  # a node of a pack may return anything
        raise ShapeError(
            "image.shape",
            "The value is no image.",
            expected="a tensor (B, H, W, 3)",
            got=type(image).__name__,
            hint="Return images as tensors.",
        )
    # Not-a-number has no colour; it is drawn black.
    shown = check_image(image).float().nan_to_num(0).clamp(0, 1)
    pixels = (shown.cpu().numpy() * 255).round().astype(np.uint8)
    count, height, width, _ = pixels.shape
    columns = math.ceil(math.sqrt(count))
    tiled = Image.new("RGB", (columns * width, math.ceil(count / columns) * height), _PAPER)
    for number, each in enumerate(pixels):
        row, column = divmod(number, columns)
        tiled.paste(Image.fromarray(each), (column * width, row * height))
    tiled.thumbnail((cell, cell), Image.Resampling.LANCZOS)  # never enlarges
    return tiled


def draw_sheet(grid: Grid, cells: Sequence[PILImage | str], *, blank: int = 256) -> PILImage:
    """Draw a sheet.

    Args:
        grid: The labels.
        cells: Row after row; a text stands for a picture that failed and is drawn on a cross.
        blank: Side in pixels of the cells of a sheet that has no picture at all.

    Raises:
        ParameterError: `sheet.cells`: there are more or fewer cells than places.
    """
    from PIL import Image, ImageDraw

    if len(cells) != grid.columns * grid.rows:
        raise ParameterError(
            "sheet.cells",
            "The images do not fill the sheet.",
            expected=f"{grid.columns} x {grid.rows} cells",
            got=str(len(cells)),
            hint="Use a text in place of a missing image.",
        )
    sizes = [each.size for each in cells if not isinstance(each, str)] or [(blank, blank)]
    width = max(MIN_CELL, *(w for w, _ in sizes))
    height = max(MIN_CELL, *(h for _, h in sizes))
    layout = SheetLayout.of(grid, width, height)
    sheet = Image.new("RGB", layout.size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    layout.draw_labels(draw)
    for number, each in enumerate(cells):
        row, column = divmod(number, grid.columns)
        x, y = layout.place(row, column)
        if isinstance(each, str):
            layout.draw_cross(draw, x, y, each)
        else:
            sheet.paste(each, (x + (width - each.width) // 2, y + (height - each.height) // 2))
    return sheet


def png_bytes(sheet: PILImage, texts: Mapping[str, str]) -> bytes:
    """A sheet as a PNG file with text chunks."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    file = io.BytesIO()
    sheet.save(file, "PNG", pnginfo=info, compress_level=4)
    return file.getvalue()


def _fits(grid: Grid, cell: int) -> bool:
    width, height = SheetLayout.largest(grid, cell)
    return max(width, height) <= MAX_SIDE and width * height <= MAX_PIXELS
