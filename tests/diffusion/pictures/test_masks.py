"""Masks."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import weft.diffusion as wd
from weft.diffusion.pictures import masks


def grid(*rows: str) -> torch.Tensor:
    """A mask of digits in tenths, "x" = 1, "." = 0."""
    values = {".": 0.0, "x": 1.0} | {str(d): d / 10 for d in range(10)}
    return torch.tensor([[values[c] for c in row] for row in rows])[None]


def test_grown_mask_is_a_diamond_or_a_square() -> None:
    dot = grid(".....", ".....", "..x..", ".....", ".....")
    assert torch.equal(masks.grow_mask(dot, 2), grid("..x..", ".xxx.", "xxxxx", ".xxx.", "..x.."))
    assert masks.grow_mask(dot, 2, tapered_corners=False).min() == 1
    assert torch.equal(masks.grow_mask(masks.grow_mask(dot, 1), -1), dot)


def test_mask_shrunk_at_the_edge_of_the_picture_stays_there() -> None:
    left = grid("xx..", "xx..")
    assert torch.equal(masks.grow_mask(left, -1), grid("x...", "x..."))


@settings(max_examples=25)
@given(st.integers(-4, 4), st.booleans(), st.integers(0, 99))
def test_grown_mask_is_repeated_grey_morphology(by: int, tapered: bool, seed: int) -> None:
    mask = torch.rand(1, 9, 7, generator=torch.Generator().manual_seed(seed))
    corner = 0 if tapered else 1
    footprint = np.array([[corner, 1, corner], [1, 1, 1], [corner, 1, corner]])
    expected = mask[0].numpy()
    for _ in range(abs(by)):
        step = scipy.ndimage.grey_erosion if by < 0 else scipy.ndimage.grey_dilation
        expected = step(expected, footprint=footprint)
    assert np.array_equal(masks.grow_mask(mask, by, tapered_corners=tapered)[0].numpy(), expected)


def test_mask_grown_by_more_than_the_picture_ends() -> None:
    assert masks.grow_mask(grid("x..", "..."), 16_384).min() == 1


def test_feathered_mask_falls_to_its_last_part() -> None:
    found = masks.feather_mask(torch.ones(1, 4, 6), left=2, top=0, right=4, bottom=1)
    assert found[0, 0].tolist() == pytest.approx([0.5, 1, 1, 0.75, 0.5, 0.25])
    assert torch.equal(found[0, 3], found[0, 0])  # over one pixel there is nothing to fall
    assert masks.feather_mask(torch.ones(1, 2, 2), 9, 9, 9, 9).shape == (1, 2, 2)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("multiply", "1...6"),
        ("add", "1.x.x"),
        ("subtract", "1...."),
        ("and", "1...x"),
        ("or", "1.x.x"),
        ("xor", "1.x.."),
    ],
)
def test_masks_are_combined_where_they_overlap(operation: masks.Operation, expected: str) -> None:
    destination, source = grid("1...6"), grid(".x.x..")
    source = grid("0x0x")[:, :, :]
    found = masks.combine_masks(destination, source, 1, 0, operation)
    assert torch.allclose(found, grid(expected))


def test_masks_that_do_not_overlap_stay() -> None:
    destination = grid("1..")
    assert torch.equal(masks.combine_masks(destination, grid("x"), 3, 0, "add"), destination)


def test_cropped_mask_ends_with_the_mask() -> None:
    assert torch.equal(masks.crop_mask(grid("123", "456"), 1, 1, 9, 9), grid("56"))
    with pytest.raises(wd.ShapeError) as caught:
        masks.crop_mask(grid("123"), 3, 0, 1, 1)
    assert caught.value.code == "crop.outside"


def test_threshold_selects_what_is_above() -> None:
    assert torch.equal(masks.threshold_mask(torch.tensor([[[0.5, 0.6]]]), 0.5), grid(".x"))


def test_channels_become_masks_and_masks_pictures() -> None:
    picture = torch.tensor([0.1, 0.2, 0.3, 0.4]).expand(1, 2, 2, 4)
    assert [masks.channel_mask(picture, c)[0, 0, 0].item() for c in masks.CHANNELS] == (
        pytest.approx([0.1, 0.2, 0.3, 0.4])
    )
    assert torch.equal(masks.mask_to_image(grid("1x"))[..., 2], grid("1x"))
    with pytest.raises(wd.ParameterError):
        masks.channel_mask(picture[..., :3], "alpha")


@pytest.mark.parametrize("shape", [(4, 4), (1, 4, 4, 1), (0, 4, 4)])
def test_mask_of_bad_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(wd.ShapeError):
        masks.check_mask(torch.zeros(shape))


def test_polygon_mask_of_a_rectangle_is_that_rectangle() -> None:
    corners = [[0.25, 0.5], [0.75, 0.5], [0.75, 1.0], [0.25, 1.0]]
    found = masks.polygon_mask(corners, 8, 4)
    inside = torch.zeros(1, 4, 8)
    inside[:, 2:, 2:6] = 1
    assert (found - inside).abs().max() <= 0.25  # at the edges, by a quarter of a pixel
    assert torch.equal(found[:, :, 3:5], inside[:, :, 3:5])


def test_polygon_mask_of_a_triangle_covers_half_of_its_rectangle() -> None:
    found = masks.polygon_mask([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 64, 32)
    assert found.shape == (1, 32, 64)
    assert found.mean().item() == pytest.approx(0.5, abs=0.02)


def test_polygon_mask_of_two_corners_is_refused() -> None:
    with pytest.raises(wd.DiffusionError, match="no polygon"):
        masks.polygon_mask([[0.0, 0.0], [1.0, 1.0]], 8, 8)
