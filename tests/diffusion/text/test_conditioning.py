"""Operations on encoded prompts."""

from __future__ import annotations

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.families.text import encode_schedule
from weft.diffusion.text import conditioning as cond
from weft.diffusion.types import Area


def prompt(value: float, chunks: int = 1, pooled: float | None = None) -> wd.Conditioning:
    tokens = torch.full((1, 77 * chunks, 4), value)
    return wd.Conditioning(
        (
            wd.ConditioningEntry(
                tokens, None if pooled is None else torch.full((1, 4), pooled), end=0.5
            ),
        )
    )


def test_combined_prompts_keep_their_entries() -> None:
    one, two = prompt(1), prompt(2)
    assert cond.combine(one, two).entries == (*one.entries, *two.entries)


def test_concatenated_prompt_keeps_all_but_tokens_of_the_first() -> None:
    entry = cond.concat(prompt(1, pooled=5), prompt(2, chunks=2, pooled=6)).entries[0]
    assert entry.tokens[0, :, 0].tolist() == [1.0] * 77 + [2.0] * 154
    assert entry.pooled is not None
    assert entry.pooled[0, 0] == 5
    assert entry.end == 0.5


def test_average_mixes_tokens_and_pooled_by_strength() -> None:
    entry = cond.average(prompt(1, pooled=4), prompt(3, pooled=8), 0.25).entries[0]
    assert torch.equal(entry.tokens, torch.full((1, 77, 4), 0.25 + 0.75 * 3))
    assert entry.pooled is not None
    assert entry.pooled[0, 0] == 0.25 * 4 + 0.75 * 8


def test_average_fills_a_shorter_prompt_with_zeros_and_cuts_a_longer_one() -> None:
    long = cond.average(prompt(1, chunks=2), prompt(1), 0.25).entries[0].tokens
    assert long[0, ::77, 0].tolist() == [1.0, 0.25]
    assert cond.average(prompt(1), prompt(1, chunks=3), 0.25).entries[0].tokens.shape == (1, 77, 4)


@pytest.mark.parametrize(("to", "from_", "mixed"), [(None, 6, 6.0), (6, None, 6.0)])
def test_average_takes_the_only_pooled_there_is(
    to: float | None, from_: float | None, mixed: float
) -> None:
    entry = cond.average(prompt(1, pooled=to), prompt(1, pooled=from_), 0.5).entries[0]
    assert entry.pooled is not None
    assert entry.pooled[0, 0] == mixed


@pytest.mark.parametrize("mix", [cond.concat, lambda a, b: cond.average(a, b, 0.5)])
def test_prompts_of_other_width_are_refused(mix: object) -> None:
    other = wd.Conditioning((wd.ConditioningEntry(torch.zeros(1, 77, 8)),))
    with pytest.raises(wd.ShapeError) as caught:
        mix(prompt(1), other)  # type: ignore[operator]
    assert caught.value.code == "conditioning.widths_differ"


def test_zeroed_prompt_keeps_its_shape_and_times() -> None:
    entry = cond.zero_out(prompt(3, chunks=2, pooled=1)).entries[0]
    assert entry.tokens.shape == (1, 154, 4)
    assert not entry.tokens.any()
    assert entry.pooled is not None
    assert not entry.pooled.any()
    assert entry.end == 0.5


@pytest.mark.parametrize("area", [Area(0, 0, 0, 64), Area(-8, 0, 64, 64)])
def test_area_that_is_none_is_refused(area: Area) -> None:
    with pytest.raises(wd.ParameterError):
        cond.set_area(prompt(1), area, 1.0)


def test_mask_of_bad_shape_is_refused() -> None:
    with pytest.raises(wd.ShapeError):
        cond.set_mask(prompt(1), torch.zeros(8, 8))


def test_settings_change_every_entry_and_nothing_else() -> None:
    both = cond.combine(prompt(1), prompt(2))
    area = Area(8, 0, 64, 64)
    changed = cond.set_strength(cond.set_area(both, area, 2.0), 3.0)
    assert [(e.area, e.strength, e.end) for e in changed.entries] == [(area, 3.0, 0.5)] * 2
    assert [e.area for e in both.entries] == [None, None]
    fallback = cond.add_fallback(both, prompt(3))
    assert [e.fallback for e in fallback.entries] == [False, False, True]


def test_scheduled_prompt_encodes_each_text_once(clip: wd.Clip) -> None:
    found = encode_schedule(clip, "[a red|a blue] circle BREAK photo", steps=4)
    assert [(e.start, e.end) for e in found.entries] == [
        (0, 0.25),
        (0.25, 0.5),
        (0.5, 0.75),
        (0.75, 1),
    ]
    first, second, third, _ = (e.tokens for e in found.entries)
    assert first is third
    expected = [wd.encode_text(clip, text).entries[0].tokens for text in ("a blue circle", "photo")]
    assert torch.allclose(second, torch.cat(expected, dim=1), atol=1e-5)


def test_prompt_with_and_is_encoded_part_by_part(clip: wd.Clip) -> None:
    found = encode_schedule(clip, "a red circle :0.6 AND [a:a blue:0.5] square")
    assert [entry.composed for entry in found.entries] == [(0, 0.6), (1, 1.0), (1, 1.0)]
    assert [(entry.start, entry.end) for entry in found.entries] == [(0, 1), (0, 0.5), (0.5, 1)]
    alone = wd.encode_text(clip, "a red circle").entries[0].tokens
    assert torch.equal(found.entries[0].tokens, alone)
