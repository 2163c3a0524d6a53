"""Prompts that change while sampling."""

from __future__ import annotations

import itertools
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.diffusion import ParameterError
from weft.diffusion.text.prompt import parse_prompt
from weft.diffusion.text.prompt_schedule import Scene, read_schedule, split_composition


def texts(prompt: str, steps: int = 20) -> list[tuple[float, float, str]]:
    return [(s.start, s.end, "|".join(s.parts)) for s in read_schedule(prompt, steps)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", ""),
        ("a cat", "a cat"),
        ("(cat)", "(cat:1.1)"),
        ("[cat]", "(cat:0.909091)"),
        ("(a (b:1.5):1.2)", "(a :1.2)(b:1.8)"),
        ("((cat))", "(cat:1.21)"),
        (r"\(cat\) \[x\]", r"\(cat\) [x]"),
        ("a (cat", r"a \(cat"),
        ("a ] cat", "a ] cat"),
        ("(a] cat)", r"\(a] cat\)"),
        ("(ratio 3:2 photo)", "(ratio 3:2 photo:1.1)"),
        ("(embedding:x:1.3)", "(embedding:x:1.3)"),
        ("a BREAK b", "a|b"),
        ("(a BREAK b:1.5)", "(a:1.5)|(b:1.5)"),
        ("breakfast a BREAKER", "breakfast a BREAKER"),
        ("[a:b:c]", "(a:b:c:0.909091)"),
    ],
)
def test_prompt_without_times_is_one_scene(prompt: str, expected: str) -> None:
    assert texts(prompt) == [(0.0, 1.0, expected)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a [cat:dog:0.4] b", [(0.0, 0.4, "a cat b"), (0.4, 1.0, "a dog b")]),
        ("[cat:0.4]", [(0.0, 0.4, ""), (0.4, 1.0, "cat")]),
        ("[cat::0.4]", [(0.0, 0.4, "cat"), (0.4, 1.0, "")]),
        ("[cat:dog:5]", [(0.0, 0.25, "cat"), (0.25, 1.0, "dog")]),
        ("[cat:dog:0]", [(0.0, 1.0, "dog")]),
        ("[cat:dog:1.0]", [(0.0, 1.0, "cat")]),
        ("[cat:dog:99]", [(0.0, 1.0, "cat")]),
        ("([cat:dog:.5]:1.5)", [(0.0, 0.5, "(cat:1.5)"), (0.5, 1.0, "(dog:1.5)")]),
        (
            "[[a:b:0.2]:c:0.6]",
            [(0.0, 0.2, "a"), (0.2, 0.6, "b"), (0.6, 1.0, "c")],
        ),
        ("[a BREAK b:c:0.5]", [(0.0, 0.5, "a|b"), (0.5, 1.0, "c")]),
    ],
)
def test_scheduled_prompt_changes_at_its_time(
    prompt: str, expected: list[tuple[float, float, str]]
) -> None:
    assert texts(prompt) == expected


def test_alternating_prompt_takes_turns_at_every_step() -> None:
    scenes = texts("[a|b|c] x", steps=4)
    assert scenes == [(0.0, 0.25, "a x"), (0.25, 0.5, "b x"), (0.5, 0.75, "c x"), (0.75, 1, "a x")]


def test_alternating_of_equal_texts_is_one_scene() -> None:
    assert read_schedule("[a|a]", 7) == [Scene(0.0, 1.0, ("a",))]


@pytest.mark.parametrize("steps", [0, 10_001])
def test_steps_out_of_range_are_refused(steps: int) -> None:
    with pytest.raises(ParameterError):
        read_schedule("a", steps)


def test_brackets_too_deep_are_refused() -> None:
    with pytest.raises(ParameterError) as caught:
        read_schedule("(" * 60 + "x" + ")" * 60)
    assert caught.value.code == "prompt.too_deep"


@given(st.text(alphabet="ab ()[]:.|12\\", max_size=30), st.integers(1, 9))
def test_scenes_of_any_text_cover_the_schedule_and_can_be_read(text: str, steps: int) -> None:
    scenes = read_schedule(text, steps)
    assert [scenes[0].start, scenes[-1].end] == [0.0, 1.0]
    assert all(left.end == right.start for left, right in itertools.pairwise(scenes))
    for scene in scenes:
        for part in scene.parts:
            parse_prompt(part)


def test_backslash_before_a_weighted_bracket_leaves_its_weight() -> None:
    (scene,) = read_schedule("a\\\\(red:1.5) b")
    (part,) = scene.parts
    got = [(piece.text, piece.weight) for piece in parse_prompt(part)]
    assert got == [("a\\\\", 1.0), ("red", 1.5), (" b", 1.0)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat", [("a cat", 1.0)]),
        ("ratio 16:9", [("ratio 16:9", 1.0)]),
        ("a cat AND a dog", [("a cat", 1.0), ("a dog", 1.0)]),
        ("a cat :1.2 AND a dog: -.5 ", [("a cat", 1.2), ("a dog", -0.5)]),
        ("(red:1.3) cat AND [a:b:0.4] :2", [("(red:1.3) cat", 1.0), ("[a:b:0.4]", 2.0)]),
        ("BRAND and SAND", [("BRAND and SAND", 1.0)]),
        ("a\nb:3\nAND c", [("a\nb", 3.0), ("c", 1.0)]),
        (" AND ", [("", 1.0), ("", 1.0)]),
    ],
)
def test_and_divides_a_prompt_into_weighted_parts(
    prompt: str, expected: list[tuple[str, float]]
) -> None:
    assert split_composition(prompt) == expected


@given(st.text(alphabet="AND aNd:.-1[](|", max_size=30))
def test_every_and_begins_a_part(prompt: str) -> None:
    parts = split_composition(prompt)
    assert len(parts) == 1 + len(re.findall(r"\bAND\b", prompt))
    assert len(parts) > 1 or parts == [(prompt, 1.0)]
    assert all(math.isfinite(weight) for _, weight in parts)


@pytest.mark.parametrize(
    "text",
    [
        "(a:" + " " * 200_000,
        "a" + " " * 200_000 + "BREA",
        "x AND a" + " " * 200_000 + ":" + " " * 200_000 + "x",
        "(a:" + "1" * 200_000 + "x)",
        "[" * 200_000,
        "[a:" * 100_000,
    ],
    ids=["spaces", "break", "weight", "digits", "brackets", "switches"],
)
def test_long_text_is_read_once(text: str) -> None:
    """Each would take hours if it were tried in every way in which it might be read."""
    assert read_schedule(text)[0].start == 0.0
    assert split_composition(text)
    assert parse_prompt(text)
