"""Contact sheets: where pictures and labels lie, and what is refused before anything is drawn."""

from __future__ import annotations

import io
import itertools

import pytest
from PIL import Image, ImageChops

from weft.diffusion.errors import ParameterError, ShapeError
from weft.diffusion.pictures.contact_sheet import (
    MAX_CELL,
    MIN_CELL,
    Grid,
    choose_cell,
    draw_sheet,
    png_bytes,
    shrink,
)
from weft.diffusion.pictures.file import MAX_PIXELS, MAX_SIDE
from weft.diffusion.pictures.lettering import Lettering
from weft.diffusion.pictures.sheet_layout import SheetLayout

SIZES = (64, 128, 512, 1024)
LONG = "prompt a large red circle on a blue background, " * 20
LABELS = ("cfg 3", "seed 18446744073709551615", LONG, "x" * 300)
COLOURS = [(40 * i % 256, 30, 200) for i in range(1, 7)]


def pictures(count: int, size: tuple[int, int] = (64, 64)) -> list[Image.Image | str]:
    return [Image.new("RGB", size, COLOURS[i % 6]) for i in range(count)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("label", LABELS)
def test_label_is_never_wider_or_higher_than_its_place(size: int, label: str) -> None:
    letters = Lettering.for_side(size)
    assert letters.size >= 11
    lines = letters.wrap(label, size, 3)
    assert 1 <= len(lines) <= 3
    assert all(letters.width(line) <= size for line in lines)
    whole = "".join(label.split())
    shown = "".join("".join(lines).split())
    assert shown == whole or (shown.endswith("...") and whole.startswith(shown[:-3]))


def test_label_that_fits_is_not_changed() -> None:
    letters = Lettering.for_side(64)
    assert letters.wrap("cfg 3", 64, 1) == ["cfg 3"]
    assert letters.wrap("", 64, 1) == [""]
    assert letters.wrap("sampler_name dpmpp_2m", 90, 3) == ["sampler_name", "dpmpp_2m"]


@pytest.mark.parametrize("size", SIZES)
def test_sheet_shows_every_picture_whole_at_its_place(size: int) -> None:
    grid = Grid(("cfg 3", "cfg 5", LONG), (("seed 1", "seed 2"),))
    sheet = draw_sheet(grid, pictures(6, (size, size)))
    layout = SheetLayout.of(grid, size, size)
    assert sheet.size == layout.size
    for number in range(6):
        x, y = layout.place(*divmod(number, 3))
        cell = sheet.crop((x, y, x + size, y + size))
        assert cell.getcolors() == [(size * size, COLOURS[number])]


@pytest.mark.parametrize("size", SIZES)
def test_sheet_labels_stay_inside_their_places(size: int) -> None:
    """Whatever is not a picture is paper, but for the labels' own rooms."""
    grid = Grid(LABELS, (LABELS[:2], LABELS[2:]))
    sheet = draw_sheet(grid, [Image.new("RGB", (size, size), "white")] * 16)
    layout = SheetLayout.of(grid, size, size)
    ink = ImageChops.invert(sheet.convert("L")).getbbox()
    assert ink is not None
    assert ink[0] >= layout.gap - 1
    assert ink[1] >= layout.gap - 1
    assert ink[2] <= sheet.width - layout.gap + 1
    assert ink[3] <= sheet.height - layout.gap + 1
    below = (layout.left, layout.place(0, 0)[1], sheet.width, sheet.height)
    assert ImageChops.invert(sheet.crop(below).convert("L")).getbbox() is None


def test_sheet_without_labels_is_its_picture_with_a_border() -> None:
    (picture,) = pictures(1, (80, 70))
    sheet = draw_sheet(Grid(), [picture])
    gap = (sheet.width - 80) // 2
    assert sheet.size == (80 + 2 * gap, 70 + 2 * gap)


def test_sheet_of_three_axes_keeps_groups_apart() -> None:
    grid = Grid(("a", "b"), (("1", "2"), ("x", "y", "z")))
    assert (grid.columns, grid.rows) == (2, 6)
    layout = SheetLayout.of(grid, 64, 64)
    tops = [layout.place(row, 0)[1] for row in range(6)]
    steps = [b - a for a, b in itertools.pairwise(tops)]
    assert len({steps[i] for i in (0, 1, 3, 4)}) == 1
    assert steps[2] > steps[0]


def test_sheet_crosses_out_what_failed_and_keeps_the_rest() -> None:
    cells = pictures(3, (100, 100))
    cells[1] = "run.out_of_memory"
    grid = Grid(("a", "b", "c"))
    sheet = draw_sheet(grid, cells)
    layout = SheetLayout.of(grid, 100, 100)
    x, y = layout.place(0, 1)
    colours = sheet.crop((x, y, x + 100, y + 100)).getcolors(100_000)
    assert colours is not None
    assert len(colours) > 2  # paper, cross, letters
    x, y = layout.place(0, 2)
    assert sheet.crop((x, y, x + 100, y + 100)).getcolors() == [(10_000, COLOURS[2])]


def test_sheet_where_all_failed_is_drawn() -> None:
    sheet = draw_sheet(Grid(("a", "b")), ["files.not_found"] * 2, blank=100)
    assert 200 < sheet.width < 300


def test_sheet_of_pictures_of_several_sizes_centres_the_small_ones() -> None:
    small, large = Image.new("RGB", (64, 80), "red"), Image.new("RGB", (100, 90), "blue")
    grid = Grid(("a", "b"))
    sheet = draw_sheet(grid, [small, large])
    x, y = SheetLayout.of(grid, 100, 90).place(0, 0)
    assert sheet.getpixel((x + 50, y + 45)) == (255, 0, 0)
    assert sheet.getpixel((x + 2, y + 2)) == (255, 255, 255)


def test_sheet_with_wrong_number_of_cells_is_refused() -> None:
    with pytest.raises(ParameterError) as caught:
        draw_sheet(Grid(("a", "b")), pictures(3))
    assert caught.value.code == "sheet.cells"


def test_cell_is_the_largest_that_keeps_the_sheet_in_bounds() -> None:
    assert choose_cell(Grid(("a", "b"))) == MAX_CELL
    grid = Grid(("c",) * 40, (("r",) * 100,))
    cell = choose_cell(grid)
    assert MIN_CELL < cell < MAX_CELL
    width, height = SheetLayout.largest(grid, cell)
    assert width * height <= MAX_PIXELS
    width, height = SheetLayout.largest(grid, cell + 1)
    assert max(width, height) > MAX_SIDE or width * height > MAX_PIXELS


@pytest.mark.parametrize("size", SIZES)
def test_sheet_is_never_larger_than_was_reckoned(size: int) -> None:
    for grid in (Grid(LABELS, (LABELS, LABELS)), Grid(("a",)), Grid((), (("r",) * 3,))):
        most = SheetLayout.largest(grid, size)
        for width, height in ((size, size), (64, size), (size, 64)):
            found = SheetLayout.of(grid, width, height).size
            assert found[0] <= most[0]
            assert found[1] <= most[1]


@pytest.mark.parametrize(
    ("grid", "wanted", "code"),
    [
        (Grid(("c",) * 1000), None, "sheet.too_large"),
        (Grid(("c",) * 100, (("r",) * 100,)), 128, "sheet.too_large"),
        (Grid(), 63, "sheet.cell"),
        (Grid(), -1, "sheet.cell"),
        (Grid(), 10**9, "sheet.too_large"),
    ],
)
def test_cell_that_cannot_be_is_refused_with_a_hint(
    grid: Grid, wanted: int | None, code: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        choose_cell(grid, wanted)
    assert caught.value.code == code
    assert caught.value.hint


def test_png_carries_its_texts() -> None:
    texts = {"weft": '{"weft": 1}', "weft_axes": '["Größe", "円"]'}
    data = png_bytes(draw_sheet(Grid(), pictures(1)), texts)
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        assert opened.text == texts  # type: ignore[attr-defined]


def test_batch_becomes_one_cell_scaled_down_but_never_up() -> None:
    import torch

    batch = torch.zeros(3, 40, 60, 3)
    batch[1] = 1
    assert shrink(batch, 1024).size == (120, 80)
    assert shrink(batch, 64).size == (64, 43)
    assert shrink(batch[:1], 1024).size == (60, 40)
    assert shrink(batch, 1024).getpixel((90, 20)) == (255, 255, 255)
    assert shrink(torch.full((1, 8, 8, 3), 7.0), 64).getpixel((0, 0)) == (255, 255, 255)


def test_what_is_no_picture_is_refused_and_not_a_number_is_black() -> None:
    import numpy as np
    import torch

    for value in (np.zeros((1, 8, 8, 3)), torch.zeros(8, 8, 3), None):
        with pytest.raises(ShapeError) as caught:
            shrink(value, 64)  # type: ignore[arg-type]
        assert caught.value.code == "image.shape"
    assert shrink(torch.full((1, 8, 8, 3), torch.nan), 64).getpixel((0, 0)) == (0, 0, 0)
