"""Blur, sharpen, quantize, mix."""

from __future__ import annotations

from itertools import chain

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.pictures import filters

FLAT = torch.full((1, 9, 9, 3), 0.4)


def dot() -> torch.Tensor:
    image = torch.zeros(1, 9, 9, 3)
    image[:, 4, 4] = 1
    return image


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("normal", 0.75),
        ("multiply", 0.375),
        ("screen", 0.875),
        ("overlay", 0.75),
        ("soft_light", 0.5 + 0.5 * (0.5**0.5 - 0.5)),
        ("difference", 0.0),
    ],
)
def test_blend_of_half_grey_with_light_grey(mode: filters.BlendMode, expected: float) -> None:
    below, above = torch.full((1, 2, 2, 3), 0.5), torch.full((1, 2, 2, 3), 0.75)
    assert torch.allclose(filters.blend_images(below, above, 1.0, mode), torch.tensor(expected))
    half = filters.blend_images(below, above, 0.5, mode)
    wanted = max(0.0, 0.5 * 0.5 + 0.5 * (expected if mode != "difference" else -0.25))
    assert torch.allclose(half, torch.tensor(wanted))


def test_blend_scales_the_second_picture_and_repeats_it() -> None:
    found = filters.blend_images(torch.zeros(3, 6, 4, 3), torch.ones(1, 2, 2, 3), 1.0, "normal")
    assert found.shape == (3, 6, 4, 3)
    assert found.min() > 0.99


def test_gaussian_has_sum_1_and_its_edge_at_distance_1() -> None:
    kernel = filters.gaussian(2, 0.5)
    assert kernel.sum().item() == pytest.approx(1)
    assert (kernel[2, 4] / kernel[2, 2]).item() == pytest.approx(2.718281828 ** (-1 / 0.5))


def test_blur_of_a_dot_is_the_kernel_and_of_a_flat_picture_flat() -> None:
    found = filters.blur_image(dot(), 3, 0.7)
    assert torch.allclose(found[0, 1:8, 1:8, 0], filters.gaussian(3, 0.7), atol=1e-7)
    assert torch.allclose(filters.blur_image(FLAT, 4, 1.0), FLAT, atol=1e-6)


def test_sharpening_by_a_tenth_takes_the_whole_blur_away_once() -> None:
    image = torch.rand(1, 9, 9, 3) * 0.2 + 0.4
    blurred = filters.blur_image(image, 2, 1.0)
    found = filters.sharpen_image(image, 2, 1.0, 0.1)
    assert torch.allclose(found, image + (image - blurred), atol=1e-5)
    assert torch.allclose(filters.sharpen_image(image, 2, 1.0, 0.0), image, atol=1e-6)


def test_radius_beyond_the_picture_is_refused() -> None:
    with pytest.raises(wd.ShapeError, match="radius"):
        filters.blur_image(FLAT, 9, 1.0)


@pytest.mark.parametrize("dither", ["none", "floyd-steinberg", "bayer-2", "bayer-8"])
def test_quantized_picture_has_so_many_colours_and_the_same_mean(dither: filters.Dither) -> None:
    ramp = torch.linspace(0, 1, 64).expand(64, 64)[None, ..., None].repeat(1, 1, 1, 3)
    found = filters.quantize_image(ramp, 4, dither)
    assert len(found.reshape(-1, 3).unique(dim=0)) <= 4
    assert found.mean().item() == pytest.approx(0.5, abs=0.03)
    if dither != "none":
        rows = found[0, :, :, 0]
        assert (rows != rows[:1]).any()  # tones between are patterns


def test_picture_with_few_colours_stays_as_it_is() -> None:
    image = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])[None].repeat(1, 4, 4, 1)
    assert torch.equal(filters.quantize_image(image, 256, "none"), image)


def test_bayer_matrix_is_the_known_one() -> None:
    assert filters.bayer(2) == [[-0.375, 0.125], [0.375, -0.125]]
    ranks = sorted((v, at) for at, v in enumerate(chain.from_iterable(filters.bayer(4))))
    order = [0] * 16
    for rank, (_, at) in enumerate(ranks):
        order[at] = rank
    assert order == [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5]


def test_straight_curve_changes_nothing_and_a_falling_one_inverts() -> None:
    image = torch.rand(2, 5, 4, 3, generator=torch.Generator().manual_seed(5))
    assert torch.allclose(filters.curve_image(image, [[0, 0], [1, 1]]), image, atol=1e-6)
    assert torch.allclose(filters.curve_image(image, [[0, 1], [1, 0]]), 1 - image, atol=1e-6)


def test_curve_passes_its_points_is_level_beyond_them_and_never_overshoots() -> None:
    points = [[0.2, 0.1], [0.4, 0.1], [0.5, 0.9], [0.8, 0.9]]
    ramp = torch.linspace(0, 1, 101)[None, None, :, None].expand(1, 1, 101, 3)
    found = filters.curve_image(ramp, points)[0, 0, :, 0]
    assert [found[round(x * 100)].item() for x, _ in points] == pytest.approx([0.1, 0.1, 0.9, 0.9])
    assert (found[0].item(), found[100].item()) == pytest.approx((0.1, 0.9))
    assert found.min() >= 0.1 - 1e-6
    assert found.max() <= 0.9 + 1e-6


def test_curve_of_one_channel_leaves_the_others_and_transparency() -> None:
    image = torch.full((1, 2, 2, 4), 0.25)
    found = filters.curve_image(image, [[0, 1], [1, 0]], "green")
    assert found[0, 0, 0].tolist() == pytest.approx([0.25, 0.75, 0.25, 0.25])
