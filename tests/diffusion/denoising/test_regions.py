"""Areas and masks of prompts: the weights they give, and what is averaged with them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import weft.diffusion as wd
from weft.diffusion.denoising.regions import (
    CellBox,
    PredictionBlend,
    Region,
    box_of,
    match_areas,
    regions_of,
    seen_in,
)
from weft.diffusion.types import Area, Concat, SizeHint

TOKENS = torch.zeros(1, 77, 4)
LIKE = torch.zeros(1, 4, 16, 32)


def entry(**fields: object) -> wd.ConditioningEntry:
    return wd.ConditioningEntry(TOKENS, **fields)  # type: ignore[arg-type]


def weight(*entries: wd.ConditioningEntry, like: torch.Tensor = LIKE) -> list[Region]:
    return regions_of(entries, like, 8)


def test_region_of_a_plain_entry_is_everything_with_its_strength() -> None:
    (region,) = weight(entry(strength=0.5))
    assert region.box is None
    assert region.weight == 0.5


def test_area_in_pixels_counts_whole_cells() -> None:
    assert box_of(entry(area=Area(20, 8, 70, 64)), (16, 32), 8) == CellBox(1, 2, 8, 8)


def test_area_in_fractions_is_rounded_and_never_empty() -> None:
    area = Area(0.5, 0.25, 0.01, 0.5, "fraction")
    assert box_of(entry(area=area), (16, 32), 8) == CellBox(4, 16, 8, 1)


def test_area_is_cut_at_the_edge_of_the_picture() -> None:
    (region,) = weight(entry(area=Area(128, 64, 512, 512)))
    assert region.box == CellBox(8, 16, 8, 16)


def test_area_outside_of_the_picture_is_refused() -> None:
    with pytest.raises(wd.ShapeError) as caught:
        weight(entry(area=Area(256, 0, 64, 64)))
    assert caught.value.code == "conditioning.area_outside"


def test_area_has_soft_edges_only_inside_the_picture() -> None:
    (region,) = weight(entry(area=Area(0, 0, 128, 128), strength=2.0))  # the left half
    assert isinstance(region.weight, torch.Tensor)
    ramp = torch.tensor([1.0, 0.75, 0.5, 0.25])
    assert torch.allclose(region.weight[0, 0, 5, -4:], 2 * ramp)
    assert torch.equal(region.weight[0, 0, :, 0], torch.full((16,), 2.0))


def test_soft_edge_is_at_most_8_cells() -> None:
    like = torch.zeros(1, 4, 8, 128)
    (region,) = weight(entry(area=Area(512, 0, 512, 64)), like=like)
    assert isinstance(region.weight, torch.Tensor)
    assert torch.allclose(region.weight[0, 0, 0, :9], torch.arange(1, 10).clamp_max(8) / 8)


def test_mask_is_resized_and_multiplied_by_both_strengths() -> None:
    mask = torch.zeros(1, 128, 256)
    mask[:, :, :128] = 1
    (region,) = weight(entry(mask=mask, mask_strength=0.5, strength=3.0))
    assert region.box is None
    assert isinstance(region.weight, torch.Tensor)
    assert region.weight.shape == (1, 1, 16, 32)
    assert torch.equal(region.weight[0, 0, :, :15], torch.full((16, 15), 1.5))
    assert not region.weight[0, 0, :, 17:].any()


def test_mask_bounds_are_the_area_without_soft_edges() -> None:
    mask = torch.zeros(1, 16, 32)
    mask[0, 4:14, 20:30] = 1
    (region,) = weight(entry(mask=mask, mask_bounds=True))
    assert region.box == CellBox(4, 20, 10, 10)
    assert isinstance(region.weight, torch.Tensor)
    assert torch.equal(region.weight, torch.ones(1, 1, 10, 10))


def test_mask_bounds_of_a_small_or_empty_mask_are_8_cells() -> None:
    mask = torch.zeros(1, 16, 32)
    assert box_of(entry(mask=mask, mask_bounds=True), (16, 32), 8) == CellBox(0, 0, 8, 8)
    mask[0, 3, 5] = 1
    assert box_of(entry(mask=mask, mask_bounds=True), (16, 32), 8) == CellBox(3, 5, 8, 8)


def test_masks_of_a_batch_go_to_its_items() -> None:
    masks = torch.stack([torch.zeros(16, 32), torch.ones(16, 32)])
    (region,) = weight(entry(mask=masks), like=LIKE.expand(4, -1, -1, -1))
    assert isinstance(region.weight, torch.Tensor)
    assert region.weight[:, 0, 0, 0].tolist() == [0, 1, 0, 1]


def test_fallback_gets_what_the_others_leave_over() -> None:
    mask = torch.zeros(1, 16, 32)
    mask[..., :16] = 0.75
    masked, rest = weight(entry(mask=mask), entry(fallback=True))
    assert isinstance(rest.weight, torch.Tensor)
    assert torch.allclose(rest.weight[0, 0, 0, ::16], torch.tensor([0.25, 1.0]))
    assert masked.counts
    assert rest.counts
    assert not weight(entry(), entry(fallback=True))[1].counts


def test_blend_averages_by_weight_where_boxes_overlap() -> None:
    blend = PredictionBlend(torch.zeros(1, 1, 1, 4))
    blend.add(torch.full((1, 1, 1, 3), 2.0), Region(CellBox(0, 0, 1, 3), torch.ones(1, 1, 1, 3)))
    blend.add(
        torch.full((1, 1, 1, 2), 8.0), Region(CellBox(0, 2, 1, 2), torch.full((1, 1, 1, 2), 2.0))
    )
    assert blend.average().flatten().tolist() == [2.0, 2.0, 6.0, 8.0]


def test_blend_is_zero_where_nothing_acts() -> None:
    blend = PredictionBlend(torch.ones(1, 2, 1, 2))
    blend.add(torch.full((1, 2, 1, 2), 5.0), Region(None, torch.tensor([[[[1.0, 0.0]]]])))
    assert blend.average()[0, 0, 0].tolist() == [5.0, 0.0]


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 24), st.integers(0, 8), st.integers(1, 32), st.integers(1, 16),
            st.floats(0.1, 10),
        ),
        min_size=1,
        max_size=5,
    )
)  # fmt: skip
def test_blend_of_equal_predictions_is_that_prediction(
    areas: list[tuple[int, int, int, int, float]],
) -> None:
    entries = [entry(strength=0.1)]
    entries += [entry(area=Area(8 * x, 8 * y, 8 * w, 8 * h), strength=s) for x, y, w, h, s in areas]
    everywhere = torch.randn(LIKE.shape, generator=torch.Generator().manual_seed(0))
    blend = PredictionBlend(LIKE)
    for region in weight(*entries):
        blend.add(region.cut(everywhere), region)
    assert torch.allclose(blend.average(), everywhere, atol=1e-5)


def test_area_gets_a_counterpart_cut_from_the_plain_negative() -> None:
    area = Area(0, 0, 128, 128)
    plain, left = entry(), entry(area=area, strength=2.0, start=0.2)
    positive, negative = wd.Conditioning((plain, left)), wd.Conditioning((entry(),))
    matched = match_areas([positive, negative], (16, 32), 8)
    assert matched[0] is positive
    first, second = matched[1].entries
    assert first is negative.entries[0]
    assert second.tokens is first.tokens
    assert (second.area, second.strength, second.start) == (area, 2.0, 0.2)


def test_area_with_a_counterpart_gets_no_other() -> None:
    left = wd.Conditioning((entry(area=Area(0, 0, 128, 128)),))
    same = wd.Conditioning((entry(area=Area(0, 0, 0.5, 1.0, "fraction")),))
    assert match_areas([left, same], (16, 32), 8) == [left, same]


def test_counterpart_comes_from_the_smallest_area_around() -> None:
    small, large = (
        entry(area=Area(0, 0, side, 128), pooled=torch.ones(1, side)) for side in (128, 192)
    )
    positive = wd.Conditioning((entry(area=Area(8, 8, 64, 64)),))
    negative = wd.Conditioning((entry(), large, small))
    added = match_areas([positive, negative], (16, 32), 8)[1].entries[-1]
    assert added.pooled is small.pooled


def test_area_that_no_entry_of_the_other_side_covers_gets_none() -> None:
    positive = wd.Conditioning((entry(area=Area(0, 0, 64, 64)),))
    negative = wd.Conditioning((entry(area=Area(128, 0, 64, 64)),))
    assert match_areas([positive, negative], (16, 32), 8) == [positive, negative]


def test_picture_beside_the_noise_is_cut_with_the_area_and_sizes_stay() -> None:
    whole = torch.arange(16 * 32.0).reshape(1, 1, 16, 32)
    given = entry(area=Area(64, 0, 64, 64), attached=(Concat(whole, whole[:, 0]),))
    (region,) = weight(given)
    seen = seen_in(region, given, LIKE, 8)
    concat = seen.attachment(Concat)
    assert concat is not None
    assert torch.equal(concat.samples, whole[..., :8, 8:16])
    assert concat.mask is not None
    assert torch.equal(concat.mask, whole[:, 0, :8, 8:16])
    assert seen.size == SizeHint(256, 128)
    assert seen_in(Region(None, 1.0), given, LIKE, 8) is given
