"""Generation parameters of the web UI, read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.infotext.read import LoraTag, read_infotext, read_pairs

WHOLE = """a (large:1.2) red circle, <lora:outline:0.8>
second line, with: colon
Negative prompt: bad, Steps: not really
more negative
Steps: 20, Sampler: DPM++ 2M, CFG scale: 7, Seed: 5, Size: 64x64, """ + (
    'Lora hashes: "outline: aabb", Note: "has \\"quotes\\", comma", Created: 2024-05-01T12:30:11'
)


def test_three_parts_are_told_apart() -> None:
    info = read_infotext(WHOLE)
    assert info is not None
    assert info.prompt == "a (large:1.2) red circle, \nsecond line, with: colon"
    assert info.negative == "bad, Steps: not really\nmore negative"
    assert info.loras == (LoraTag("outline", 0.8, 0.8),)
    assert dict(info.settings) == {
        "Steps": "20",
        "Sampler": "DPM++ 2M",
        "CFG scale": "7",
        "Seed": "5",
        "Size": "64x64",
        "Lora hashes": "outline: aabb",
        "Note": 'has "quotes", comma',
        "Created": "2024-05-01T12:30:11",
    }


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("<lora:a:0.5>", LoraTag("a", 0.5, 0.5)),
        ("<lora:a>", LoraTag("a", 1.0, 1.0)),
        ("<lora:a:0.5:0.7>", LoraTag("a", 0.7, 0.5)),
        ("<lora:a:te=0.2:unet=0.9>", LoraTag("a", 0.9, 0.2)),
        ("<lora:a b-c_v1.5:-1>", LoraTag("a b-c_v1.5", -1.0, -1.0)),
        ("<lyco:a:1:1:8>", LoraTag("a", 1.0, 1.0)),
    ],
)
def test_lora_tag_has_its_strengths(tag: str, expected: LoraTag) -> None:
    info = read_infotext(f"x {tag}, y\nSteps: 1, Sampler: Euler, Seed: 1")
    assert info is not None
    assert info.loras == (expected,)
    assert info.prompt == "x , y"
    assert info.left == ()


def test_tag_that_is_no_lora_is_kept_apart() -> None:
    info = read_infotext("x <hypernet:h:1> <lora:a:much>\nSteps: 1, Sampler: Euler, Seed: 1")
    assert info is not None
    assert (info.prompt, info.loras) == ("x", ())
    assert info.left == ("<hypernet:h:1>", "<lora:a:much>")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read(ends: str) -> None:
    assert read_infotext(WHOLE.replace("\n", ends)) == read_infotext(WHOLE)


@pytest.mark.parametrize(
    "text",
    ["", "a cat", "Steps: 20", "{}", "a, b: c, d: e", "Negative prompt: Steps: 3, a: b, c: d"],
)
def test_other_text_is_no_infotext(text: str) -> None:
    assert read_infotext(text) is None


def test_values_may_be_json() -> None:
    pairs = read_pairs(
        'Steps: 1, Hashes: {"model": "ab", "lora:x": "cd"}, Civitai resources: [1, 2]'
    )
    assert pairs["Hashes"] == '{"model": "ab", "lora:x": "cd"}'
    assert pairs["Civitai resources"] == "[1, 2]"


def test_settings_without_prompts_are_read() -> None:
    info = read_infotext("Steps: 1, Sampler: Euler, Seed: 1, Size: 8x8")
    assert info is not None
    assert (info.prompt, info.negative) == ("", "")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_without_an_error(text: str) -> None:
    for more in (text, f"{text}\nSteps: 1, Sampler: {text}, Seed: 1, Size: 8x8"):
        info = read_infotext(more)
        assert info is None or "Steps" in info.settings


@given(st.text(st.characters(exclude_characters="\n\r\x85\u2028\u2029"), min_size=1, max_size=30))
def test_quoted_value_comes_back(value: str) -> None:
    import json

    pairs = read_pairs(f"Steps: 1, Note: {json.dumps(value)}, Seed: 2")
    assert pairs == {"Steps": "1", "Note": value, "Seed": "2"}
