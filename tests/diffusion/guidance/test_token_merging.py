"""Token merging: which places are merged, what they get, and where it acts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import weft.diffusion as wd
from weft.diffusion.guidance.apply import with_rule
from weft.diffusion.guidance.token_merging import TokenMerging, merge_tokens, places_kept

from ..sampling.test_sample import run
from .test_inside import call, x

Prompts = tuple[wd.Conditioning, wd.Conditioning]


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9))
def test_one_place_of_every_square_stays(seed: int, tall: int, wide: int) -> None:
    kept = places_kept((tall, wide), random.Random(seed))
    assert kept == sorted(kept) or wide > 2  # in order of squares, not of rows within them
    squares = {(place // wide // 2, place % wide // 2) for place in kept}
    assert squares == {(i, j) for i in range(tall // 2) for j in range(wide // 2)}
    assert len(kept) == len(squares)


def merged_by_hand(
    tokens: torch.Tensor, kept: list[int], count: int
) -> tuple[torch.Tensor, dict[int, int]]:
    """The rule of the paper, token by token, for one batch item: rows, and who went into whom."""
    kept = sorted(kept)
    others = [n for n in range(len(tokens)) if n not in kept]
    likeness = {
        n: [float(torch.cosine_similarity(tokens[n], tokens[k], dim=0)) for k in kept]
        for n in others
    }
    best = sorted(others, key=lambda n: -max(likeness[n]))
    gone = best[:count]
    into = {n: kept[max(range(len(kept)), key=lambda k: likeness[n][k])] for n in gone}
    rows = [tokens[n] for n in best[count:]]
    for k in kept:
        group = [tokens[k], *(tokens[n] for n in gone if into[n] == k)]
        rows.append(torch.stack(group).mean(0))
    return torch.stack(rows), into


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(2, 5), st.floats(0.05, 1.0))
def test_merged_tokens_are_those_of_the_paper_and_come_apart_again(
    seed: int, tall: int, wide: int, ratio: float
) -> None:
    draw = torch.Generator().manual_seed(seed)
    tokens = torch.randn(2, tall * wide, 8, generator=draw)
    kept = places_kept((tall, wide), random.Random(seed))
    count = min(int(tall * wide * ratio), tall * wide - len(kept))
    merged, apart = merge_tokens(tokens, kept, int(tall * wide * ratio))
    if count == 0:
        assert merged is tokens
        assert apart is None
        return
    assert apart is not None
    assert merged.shape == (2, tall * wide - count, 8)
    whole = apart(merged)
    for item in range(2):
        rows, into = merged_by_hand(tokens[item], kept, count)
        assert torch.allclose(merged[item], rows, atol=1e-5)
        assert len(into) == count
        for place in range(tall * wide):
            if place in into:
                assert torch.equal(whole[item, place], whole[item, into[place]])
            elif place not in kept:
                assert torch.equal(whole[item, place], tokens[item, place])


@contextmanager
def queries_seen(unet: Any) -> Iterator[list[int]]:
    """How many places self-attention asks for, layer by layer."""
    from torch.nn import functional

    seen: list[int] = []
    plain = functional.scaled_dot_product_attention

    def look(query: Any, key: Any, *more: Any, **named: Any) -> Any:
        if key.shape[-2] != 77:
            seen.append(query.shape[-2])
        return plain(query, key, *more, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(functional, "scaled_dot_product_attention", look)
        yield seen


def test_only_the_outermost_level_asks_for_fewer_places(model: wd.Model) -> None:
    unet: Any = model.weights.module
    latent = x(2, 4, 8, 12)
    with queries_seen(unet) as plain:
        before = call(unet, latent, None)
    with queries_seen(unet) as merged:
        after = call(unet, latent, TokenMerging(0.5))
    assert 96 in plain
    assert 24 in plain
    assert merged == [96 - 48 if count == 96 else count for count in plain]
    assert after.shape == before.shape
    assert float((after - before).abs().max()) > 1e-4
    assert torch.equal(call(unet, latent, TokenMerging(0.5)), after)
    assert torch.equal(call(unet, latent, None), before)
    odd = call(unet, x(1, 4, 7, 9), TokenMerging(1.0))
    assert odd.shape == (1, 4, 7, 9)


def test_more_merging_leads_further_from_the_plain_picture(
    model: wd.Model, prompts: Prompts
) -> None:
    plain = run(model, prompts).samples
    gaps = [
        float((run(with_rule(model, TokenMerging(ratio)), prompts).samples - plain).norm())
        for ratio in (0.05, 0.4, 0.75)
    ]
    assert 0 < gaps[0] < gaps[1] < gaps[2]
    assert gaps[2] < float(plain.norm())


def test_equal_places_are_merged_without_a_trace() -> None:
    tokens = torch.ones(1, 16, 4) * torch.arange(1, 5).float()
    merged, apart = merge_tokens(tokens, places_kept((4, 4), random.Random(0)), 12)
    assert apart is not None
    assert merged.shape == (1, 4, 4)
    assert torch.equal(apart(merged), tokens)
