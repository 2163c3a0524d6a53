"""Nodes that say where and when prompts act keep the contract of a node, and do what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from weft import testing
from weft.diffusion.types import Area, TimestepRange
from weft.engine.declaration.context import Run
from weft.nodes.text import area, conditioning, pairs
from weft.nodes.text import sets as conditioning_sets

CONDITIONING = testing.value("CONDITIONING")
OTHER = testing.value("CONDITIONING")
MASK = testing.mask()
RANGE = TimestepRange(0.25, 0.75)


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (
            conditioning.conditioning_combine,
            {"conditioning_1": CONDITIONING, "conditioning_2": OTHER},
        ),
        (
            conditioning.conditioning_concat,
            {"conditioning_to": CONDITIONING, "conditioning_from": OTHER},
        ),
        (
            conditioning.conditioning_average,
            {
                "conditioning_to": CONDITIONING,
                "conditioning_from": OTHER,
                "conditioning_to_strength": 0.3,
            },
        ),
        (
            area.conditioning_set_area,
            {"conditioning": CONDITIONING, "width": 128, "height": 64, "x": 8, "y": 16},
        ),
        (
            area.conditioning_set_area_percentage,
            {"conditioning": CONDITIONING, "width": 0.5, "height": 0.5},
        ),
        (
            area.conditioning_set_area_strength,
            {"conditioning": CONDITIONING, "strength": 2.0},
        ),
        (area.conditioning_set_mask, {"conditioning": CONDITIONING, "mask": MASK}),
        (
            conditioning.conditioning_set_timestep_range,
            {"conditioning": CONDITIONING, "start": 0.2, "end": 0.7},
        ),
        (conditioning.conditioning_zero_out, {"conditioning": CONDITIONING}),
        (conditioning_sets.conditioning_timesteps_range, {"start_percent": 0.2}),
        (
            conditioning_sets.conditioning_set_properties,
            {"cond_NEW": CONDITIONING, "mask": MASK, "timesteps": RANGE},
        ),
        (
            conditioning_sets.conditioning_set_properties_and_combine,
            {"cond": OTHER, "cond_NEW": CONDITIONING, "mask": MASK},
        ),
        (
            pairs.pair_conditioning_set_properties,
            {"positive_NEW": OTHER, "negative_NEW": CONDITIONING, "timesteps": RANGE},
        ),
        (
            pairs.pair_conditioning_set_properties_and_combine,
            {
                "positive": OTHER,
                "negative": OTHER,
                "positive_NEW": CONDITIONING,
                "negative_NEW": CONDITIONING,
            },
        ),
        (
            pairs.pair_conditioning_combine,
            {
                "positive_A": OTHER,
                "negative_A": OTHER,
                "positive_B": CONDITIONING,
                "negative_B": CONDITIONING,
            },
        ),
        (
            conditioning_sets.conditioning_set_default_combine,
            {"cond": OTHER, "cond_DEFAULT": CONDITIONING},
        ),
        (
            pairs.pair_conditioning_set_default_combine,
            {
                "positive": OTHER,
                "negative": OTHER,
                "positive_DEFAULT": CONDITIONING,
                "negative_DEFAULT": CONDITIONING,
            },
        ),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_conditioning_node_keeps_its_contract(function: Any, inputs: dict[str, Any]) -> None:
    testing.check_node(function, **inputs)


def test_encoders_keep_their_contract(tiny_models: Path) -> None:
    clip = testing.value("CLIP", models=tiny_models)
    plain = testing.check_node(conditioning.clip_text_encode, clip=clip, text="a [red] circle")
    changing = testing.check_node(
        conditioning.clip_text_encode_schedule, clip=clip, text="a [red:blue:0.5] circle"
    )
    assert len(plain.entries) == 1
    assert [(e.start, e.end) for e in changing.entries] == [(0.0, 0.5), (0.5, 1.0)]


def test_encoder_reads_square_brackets_as_comfyui_does(tiny_models: Path) -> None:
    clip = testing.value("CLIP", models=tiny_models)
    plain, weak = (
        conditioning.clip_text_encode(Run(), clip, text=text).entries[0].tokens
        for text in ("a [red] circle", "a (red:0.9) circle")
    )
    assert plain.shape == weak.shape
    assert not plain.equal(weak)
    scheduled = conditioning.clip_text_encode_schedule(Run(), clip, text="a [red] circle")
    stated = conditioning.clip_text_encode(Run(), clip, text="a (red:0.909091) circle")
    assert scheduled.entries[0].tokens.equal(stated.entries[0].tokens)


def test_areas_keep_their_unit() -> None:
    pixels = area.conditioning_set_area(CONDITIONING, width=128, height=64, x=8, y=16)
    parts = area.conditioning_set_area_percentage(CONDITIONING, width=0.5, x=0.5)
    assert pixels.entries[0].area == Area(8, 16, 128, 64)
    assert parts.entries[0].area == Area(0.5, 0.0, 0.5, 1.0, "fraction")


def test_properties_without_a_mask_leave_strength_alone() -> None:
    found = conditioning_sets.conditioning_set_properties(
        CONDITIONING, timesteps=RANGE, strength=5.0
    )
    entry = found.entries[0]
    assert (entry.strength, entry.mask_strength, entry.start, entry.end) == (1.0, 1.0, 0.25, 0.75)


def test_ranges_before_and_after_meet_the_range() -> None:
    found = conditioning_sets.conditioning_timesteps_range(start_percent=0.2, end_percent=0.6)
    assert found == (TimestepRange(0.2, 0.6), TimestepRange(0.0, 0.2), TimestepRange(0.6, 1.0))
