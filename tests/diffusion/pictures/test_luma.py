"""Brightness and colour apart, and together again."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from weft.diffusion.errors import ShapeError
from weft.diffusion.pictures.luma import from_yuv, to_yuv


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 9))
def test_picture_taken_apart_comes_together_within_an_8_bit_level(
    seed: int, batch: int, side: int
) -> None:
    image = torch.rand(batch, side, side + 1, 3, generator=torch.Generator().manual_seed(seed))
    planes = to_yuv(image)
    assert all(p.shape == image.shape and float(p.min()) >= 0.0 for p in planes)
    assert float((from_yuv(*planes) - image).abs().max()) < 1 / 255


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0.0, 0.0, 0.0), (0.0, 0.5, 0.5)),
        ((1.0, 1.0, 1.0), (1.0, 0.5, 0.5)),
        ((1.0, 0.0, 0.0), (0.299, 0.5 - 0.299 * 0.564, 0.5 + 0.701 * 0.713)),
        ((0.0, 0.0, 1.0), (0.114, 0.5 + 0.886 * 0.564, 0.5 - 0.114 * 0.713)),
    ],
)
def test_colours_have_the_values_of_the_standard(
    colour: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    planes = to_yuv(torch.tensor(colour).expand(1, 2, 2, 3))
    for plane, value in zip(planes, expected, strict=True):
        assert torch.allclose(plane, torch.full((1, 2, 2, 3), value), atol=1e-6)


def test_plane_edited_by_itself_changes_what_it_stands_for() -> None:
    image = torch.rand(1, 4, 4, 3, generator=torch.Generator().manual_seed(0)) * 0.4 + 0.3
    luma, blueness, _ = to_yuv(image)
    flat = torch.full_like(luma, 0.5)
    grey = from_yuv(luma, flat, flat)
    assert torch.allclose(grey, luma)
    assert float((from_yuv(luma, blueness, flat)[..., 2] - image[..., 2]).abs().max()) < 1 / 255


def test_colours_beyond_the_screen_are_cut_off_and_sizes_must_agree() -> None:
    one, half = torch.ones(1, 2, 2, 3), torch.full((1, 2, 2, 3), 0.5)
    found = from_yuv(one, one, half)
    assert (float(found.max()), float(found.min())) == (1.0, pytest.approx(1 - 0.344 / 2))
    with pytest.raises(ShapeError, match="differ in size"):
        from_yuv(one, torch.ones(1, 2, 3, 3), half)
