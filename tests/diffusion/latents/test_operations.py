"""Latents scaled, cut, turned, laid upon each other, batched, mixed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import weft.diffusion as wd
from weft.diffusion.latents import arithmetic as maths
from weft.diffusion.latents import batches, shapes
from weft.diffusion.latents.bislerp import bislerp, slerp
from weft.diffusion.latents.noise import initial_noise
from weft.diffusion.latents.operations import Sharpen, Tonemap

SIX = torch.arange(6.0).reshape(1, 1, 2, 3).repeat(1, 4, 1, 1)  # rows 0 1 2, 3 4 5


def latent(samples: torch.Tensor = SIX, **fields: object) -> wd.Latent:
    return wd.Latent(samples, **fields)  # type: ignore[arg-type]


def rows(found: wd.Latent) -> list[list[float]]:
    return found.samples[0, 0].tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic", "bislerp"])
def test_scaled_latent_counts_cells_of_8_pixels(method: shapes.Method) -> None:
    found = shapes.upscale_latent(latent(), 64, 40, method=method)
    assert found.samples.shape == (1, 4, 5, 8)
    flat = shapes.upscale_latent(latent(torch.full((1, 4, 4, 4), 2.0)), 88, 56, method=method)
    assert torch.allclose(flat.samples, torch.tensor(2.0), atol=1e-5)


def test_scaled_latent_with_side_zero_keeps_its_shape() -> None:
    canvas = wd.empty_latent(128, 64)
    assert shapes.upscale_latent(canvas, 64, 0, method="bilinear").samples.shape == (1, 4, 4, 8)
    assert shapes.upscale_latent(canvas, 0, 128, method="bilinear").samples.shape == (1, 4, 16, 32)


def test_scaled_latent_with_both_sides_zero_is_itself() -> None:
    canvas = wd.empty_latent(128, 64)
    assert shapes.upscale_latent(canvas, 0, 0, method="area") is canvas


def test_scaled_latent_cropped_keeps_the_middle_of_it_and_of_its_mask() -> None:
    wide = torch.zeros(1, 4, 2, 6)
    wide[..., 2:4] = 1
    given_ = latent(wide, noise_mask=wide[:, 0])
    found = shapes.upscale_latent(given_, 16, 16, method="nearest-exact", center_crop=True)
    assert found.samples.min() == 1
    assert found.noise_mask is not None
    assert found.noise_mask.min() == 1


def test_latent_scaled_by_a_factor_rounds_to_cells() -> None:
    assert shapes.upscale_latent_by(latent(), 1.5, method="area").samples.shape == (1, 4, 3, 4)
    with pytest.raises(wd.ShapeError):
        shapes.upscale_latent_by(latent(), 0.1, method="area")
    with pytest.raises(wd.ShapeError):
        shapes.upscale_latent(latent(), 4, 64, method="area")


def test_bislerp_keeps_the_length_that_bilinear_loses() -> None:
    two = torch.tensor([[1.0, 0.0], [0.0, 1.0]])[None, :, None]  # directions at a right angle
    middle = bislerp(two, 6, 1)[0, :, 0, 2:4]
    assert torch.allclose(middle.norm(dim=0), torch.ones(2), atol=1e-6)
    plain = torch.nn.functional.interpolate(two, (1, 6), mode="bilinear")[0, :, 0, 2:4]
    assert plain.norm(dim=0).max() < 0.9


@settings(max_examples=30)
@given(st.integers(0, 1000), st.floats(0, 1))
def test_slerp_turns_in_the_plane_by_a_part_of_the_angle(seed: int, part: float) -> None:
    a, b = torch.randn(2, 4, generator=torch.Generator().manual_seed(seed)).double()
    found = slerp(a, b, torch.tensor([part], dtype=torch.float64))
    whole = torch.arccos(torch.cosine_similarity(a, b, dim=0))
    turned = torch.arccos(torch.cosine_similarity(a, found, dim=0).clamp(-1, 1))
    assert turned.item() == pytest.approx(part * whole.item(), abs=1e-4)
    assert found.norm().item() == pytest.approx(
        (a.norm() * (1 - part) + b.norm() * part).item(), rel=1e-5
    )


def test_slerp_of_no_direction_and_of_opposites_is_finite() -> None:
    half = torch.tensor([0.5])
    zero, one = torch.zeros(3), torch.tensor([1.0, 0.0, 0.0])
    assert torch.isfinite(slerp(zero, one, half)).all()
    assert torch.equal(slerp(one, -one, half), zero)
    assert torch.equal(slerp(one, one * 3, half), one)


def test_latent_is_cropped_flipped_and_turned_with_its_mask() -> None:
    masked = latent(noise_mask=SIX[:, 0])
    for found, expected in (
        (shapes.crop_latent(masked, 8, 8, 64, 64), [[4, 5]]),
        (shapes.flip_latent(masked, "x"), [[3, 4, 5], [0, 1, 2]]),
        (shapes.flip_latent(masked, "y"), [[2, 1, 0], [5, 4, 3]]),
        (shapes.rotate_latent(masked, 1), [[3, 0], [4, 1], [5, 2]]),
        (shapes.cut_latent(masked, "x", -2, 1), [[1], [4]]),
        (shapes.cut_latent(masked, "y", 1, 5), [[3, 4, 5]]),
    ):
        assert rows(found) == expected
        assert found.noise_mask is not None
        assert torch.allclose(found.noise_mask[0], torch.tensor(expected, dtype=torch.float32))


def test_rectangle_outside_of_the_latent_is_refused() -> None:
    with pytest.raises(wd.ShapeError):
        shapes.crop_latent(latent(), 24, 0, 8, 8)
    with pytest.raises(wd.ParameterError):
        shapes.cut_latent(latent(), "x", 3, 1)
    with pytest.raises(wd.ParameterError):
        shapes.cut_latent(latent(), "t", 0, 1)


def test_composite_covers_what_it_overlaps() -> None:
    found = shapes.composite_latent(latent(), latent(torch.full((1, 4, 5, 5), 9.0)), 8, 8)
    assert rows(found) == [[0, 1, 2], [3, 9, 9]]


def test_composite_fades_over_cells_towards_inner_edges() -> None:
    base, upper = latent(torch.zeros(1, 4, 1, 8)), latent(torch.ones(1, 4, 1, 6))
    assert rows(shapes.composite_latent(base, upper, 0, 0, feather=16)) == [
        [1, 1, 1, 1, 1, 0.5, 0, 0]
    ]
    assert rows(shapes.composite_latent(base, upper, 16, 0, feather=24)) == [
        pytest.approx([0, 0, 1 / 3, 2 / 3, 1, 1, 1, 1])
    ]


def test_composite_through_a_mask_shows_the_source_where_it_is_1() -> None:
    mask = torch.tensor([[[1.0, 0.0], [0.5, 0.0]]])
    found = shapes.composite_latent_masked(
        latent(torch.zeros(2, 4, 3, 3)), latent(torch.ones(1, 4, 2, 2)), 8, 0, mask
    )
    assert found.samples[1, 0].tolist() == [[0, 1, 0], [0, 0.5, 0], [0, 0, 0]]
    whole = shapes.composite_latent_masked(
        latent(), latent(torch.ones(1, 4, 1, 1)), 0, 0, resize_source=True
    )
    assert whole.samples.eq(1).all()


@pytest.mark.parametrize(
    ("side", "expected"),
    [("x", [[0, 1, 9], [3, 4, 9]]), ("-x", [[9, 0, 1], [9, 3, 4]])],
)
def test_latents_stand_side_by_side(side: shapes.Side, expected: list[list[float]]) -> None:
    two = latent(SIX[..., :2])
    assert rows(shapes.concat_latents(two, latent(torch.full((1, 4, 2, 1), 9.0)), side)) == expected
    with pytest.raises(wd.ShapeError):
        shapes.concat_latents(two, latent(torch.zeros(1, 4, 3, 1)), side)


@pytest.mark.parametrize(
    "join",
    [
        maths.add_latents,
        batches.batch_latents,
        lambda a, b: shapes.composite_latent(a, b, 0, 0),
        lambda a, b: shapes.concat_latents(a, b, "x"),
    ],
)
def test_latents_of_different_families_are_refused(join: object) -> None:
    for other in (latent(family="sdxl"), latent(torch.zeros(1, 16, 2, 3), family="sd3")):
        with pytest.raises(wd.ShapeError) as caught:
            join(latent(), other)  # type: ignore[operator]
        assert caught.value.code == "latent.families_differ"


def test_batched_latents_keep_the_numbers_of_their_noise_and_their_masks() -> None:
    one = latent(torch.zeros(2, 4, 2, 2), batch_index=(5, 3))
    two = latent(torch.ones(1, 4, 4, 4), noise_mask=torch.zeros(1, 8, 8))
    found = batches.batch_latents(one, two)
    assert found.samples[:, 0, 0, 0].tolist() == [0, 0, 1]
    assert found.batch_index == (5, 3, 0)
    assert found.noise_mask is not None
    assert found.noise_mask[:, 0, 0].tolist() == [1, 1, 0]
    assert batches.batch_latents(one, one).noise_mask is None


def test_item_taken_from_a_batch_is_sampled_with_its_own_noise() -> None:
    batch = latent(torch.arange(4.0)[:, None, None, None].expand(4, 4, 2, 2))
    found = batches.take_latents(batch, 2, 9)
    assert found.samples[:, 0, 0, 0].tolist() == [2, 3]
    assert found.batch_index == (2, 3)
    assert torch.equal(
        initial_noise((2, 4, 2, 2), 1, found.batch_index), initial_noise((4, 4, 2, 2), 1)[2:]
    )
    with pytest.raises(wd.ParameterError):
        batches.take_latents(batch, 4, 1)


def test_repeated_latents_get_noise_of_their_own() -> None:
    assert batches.repeat_latents(latent(), 3).batch_index is None
    numbered = latent(torch.zeros(2, 4, 2, 2), batch_index=(4, 6), noise_mask=torch.rand(2, 8, 8))
    found = batches.repeat_latents(numbered, 2)
    assert found.batch_index == (4, 6, 7, 9)
    assert found.noise_mask is not None
    assert torch.equal(found.noise_mask[2:], found.noise_mask[:2])


def test_rebatched_latents_keep_order_and_noise() -> None:
    three = latent(torch.arange(3.0)[:, None, None, None].expand(3, 4, 2, 2))
    found = batches.rebatch_latents([three, latent()], 2)
    assert [f.samples[:, 0, 0, 0].tolist() for f in found] == [[0, 1], [2], [0]]
    assert [f.batch_index for f in found] == [(0, 1), (2,), (0,)]


def test_fixed_seed_gives_all_items_the_noise_of_the_first() -> None:
    numbered = latent(torch.zeros(3, 4, 2, 2), batch_index=(4, 6, 1))
    assert batches.seed_batch(numbered, "fixed").batch_index == (4, 4, 4)
    assert batches.seed_batch(numbered, "random").batch_index is None


def test_sums_and_mixtures_are_those_numbers() -> None:
    one, two = latent(torch.full((2, 4, 2, 2), 2.0)), latent(torch.full((1, 4, 4, 4), 3.0))
    assert maths.add_latents(one, two).samples.unique().tolist() == [5]
    assert maths.subtract_latents(one, two).samples.unique().tolist() == [-1]
    assert maths.multiply_latent(one, -0.5).samples.unique().tolist() == [-1]
    blended = maths.blend_latents(one, two, 0.25).samples
    assert torch.allclose(blended, torch.tensor(2.75), atol=1e-5)


def test_interpolated_latents_mix_length_and_direction_apart() -> None:
    a, b = torch.zeros(1, 4, 1, 1), torch.zeros(1, 4, 1, 1)
    a[0, 0], b[0, 1] = 2.0, 4.0
    found = maths.interpolate_latents(latent(a), latent(b), 0.5).samples.flatten()
    assert found[:2].tolist() == pytest.approx([3 / 2**0.5] * 2)
    assert torch.allclose(
        maths.interpolate_latents(latent(a), latent(b), 1.0).samples, a, atol=1e-6
    )
    zero = maths.interpolate_latents(latent(a * 0), latent(b), 0.5).samples
    assert torch.isfinite(zero).all()


def test_injected_noise_is_that_of_sampling_times_strength_and_mask() -> None:
    mask = torch.tensor([[[1.0, 0.5], [0.0, 1.0]]])
    given_ = latent(torch.zeros(2, 4, 2, 2), batch_index=(3, 0))
    noise = initial_noise((2, 4, 2, 2), 7, (3, 0))
    assert torch.allclose(maths.inject_noise(given_, 7, 0.5, mask).samples, noise * mask * 0.5)


def test_tonemap_shortens_long_vectors_most_and_keeps_directions() -> None:
    samples = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    samples[0, :, 0, 0] *= 20
    found = Tonemap(0.3)(samples)
    shrink = found.norm(dim=1) / samples.norm(dim=1)
    assert shrink.argmin() == 0
    assert torch.allclose(
        torch.cosine_similarity(found, samples, dim=1), torch.ones(1, 8, 8), atol=1e-5
    )
    assert not Tonemap(0.0)(samples).any()


def test_sharpening_of_a_flat_latent_changes_nothing() -> None:
    flat = torch.ones(1, 4, 8, 8) * torch.tensor([1.0, -2, 3, 0])[:, None, None]
    assert torch.allclose(Sharpen(3, 1.0, 0.5)(flat), flat, atol=1e-4)
    assert torch.allclose(Sharpen(3, 1.0, 0.0)(SIX.repeat(1, 1, 4, 4)), SIX.repeat(1, 1, 4, 4), atol=1e-4)  # fmt: skip  # noqa: E501


def test_operations_leave_what_they_are_given() -> None:
    masked = latent(noise_mask=torch.ones(1, 4, 4), batch_index=(2,))
    before = SIX.clone()
    for found in (
        shapes.upscale_latent_by(masked, 1.0, method="nearest-exact"),
        shapes.rotate_latent(masked, 0),
        maths.multiply_latent(masked, 2.0),
    ):
        found.samples.zero_()
        assert found.batch_index == (2,)
    assert torch.equal(SIX, before)
    assert replace(masked).samples is masked.samples
