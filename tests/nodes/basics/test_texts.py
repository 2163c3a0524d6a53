"""Texts: parts, questions and patterns."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.errors import NodeError
from weft.nodes.basics import patterns, regex, texts

SHORT = st.text("abAB \n", max_size=12)


@given(SHORT, st.integers(-15, 15), st.integers(-15, 15))
def test_part_is_the_slice(text: str, start: int, end: int) -> None:
    assert texts.text_part(text=text, start=start, end=end) == text[start:end]
    assert texts.text_length(text=text) == len(text)


@given(SHORT, SHORT, st.booleans())
def test_questions_agree_with_python(a: str, b: str, cased: bool) -> None:
    one, other = (a, b) if cased else (a.lower(), b.lower())
    assert texts.text_contains(text=a, substring=b, cased=cased) == (other in one)
    ask: Any = texts.compare_texts
    assert ask(a=a, b=b, mode="Equal", cased=cased) == (one == other)
    assert ask(a=a, b=b, mode="Starts With", cased=cased) == one.startswith(other)
    assert ask(a=a, b=b, mode="Ends With", cased=cased) == one.endswith(other)
    assert texts.replace_text(text=a, find=b, replace="xy") == a.replace(b, "xy")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("UPPERCASE", "A RED CIRCLE"),
        ("lowercase", "a red circle"),
        ("Capitalize", "A red circle"),
        ("Title Case", "A Red Circle"),
    ],
)
def test_case_is_that_of_its_name(mode: Any, expected: str) -> None:
    assert texts.change_case(text="a Red cirCLE", mode=mode) == expected


def test_ends_are_trimmed() -> None:
    assert texts.trim_text(text=" \na b\t") == "a b"
    assert texts.trim_text(text=" a ", mode="Left") == "a "
    assert texts.trim_text(text=" a ", mode="Right") == " a"


@given(
    SHORT,
    st.sampled_from(["a+", "b$", "^a", "a.b", "(a)(b)?", "x*"]),
    st.tuples(*[st.booleans()] * 3),
)
def test_patterns_agree_with_pythons_own(
    text: str, pattern: str, switches: tuple[bool, ...]
) -> None:
    named: Any = dict(zip(("case_insensitive", "multiline", "dotall"), switches, strict=True))
    flags = 0
    for on, flag in zip(switches, (re.IGNORECASE, re.MULTILINE, re.DOTALL), strict=True):
        flags |= flag if on else 0
    found = re.search(pattern, text, flags)
    assert regex.match_pattern(text=text, pattern=pattern, **named) == (found is not None)
    first = regex.extract_pattern(text=text, pattern=pattern, **named)
    assert first == (found[0] if found else "")
    every = [m[0] if isinstance(m, tuple) else m for m in re.findall(pattern, text, flags)]
    got = regex.extract_pattern(text=text, pattern=pattern, mode="All Matches", **named)
    assert got == "\n".join(every)
    for count in (0, 1):
        changed = regex.replace_pattern(
            text=text, pattern=pattern, replace=r"<\g<0>>", count=count, **named
        )
        assert changed == re.sub(pattern, r"<\g<0>>", text, count=count, flags=flags)


def test_groups_are_taken_by_number() -> None:
    text, pattern = "red 1, blue 2, green", r"(\w+) (\d)"
    take: Any = regex.extract_pattern
    assert take(text=text, pattern=pattern, mode="First Group", group_index=2) == "1"
    assert take(text=text, pattern=pattern, mode="All Groups", group_index=1) == "red\nblue"
    assert take(text=text, pattern=pattern, mode="All Groups", group_index=0) == "red 1\nblue 2"
    assert take(text=text, pattern=pattern, mode="All Groups", group_index=3) == ""
    assert take(text="green", pattern=pattern, mode="First Group") == ""


def refused(call: Any, **inputs: Any) -> str:
    with pytest.raises(NodeError) as caught:
        call(**inputs)
    return str(caught.value.code)


def test_what_is_no_pattern_and_what_takes_too_long_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert refused(regex.match_pattern, text="a", pattern="(") == "text.bad_pattern"
    bad = {"text": "a", "pattern": "a", "replace": r"\2"}
    assert refused(regex.replace_pattern, **bad) == "text.bad_pattern"
    monkeypatch.setattr(patterns, "SECONDS", 0.01)
    slow = {"text": "a" * 40 + "cb", "pattern": "^(a|a)*b"}
    assert refused(regex.match_pattern, **slow) == "text.slow_pattern"
    assert refused(regex.extract_pattern, **slow, mode="All Matches") == "text.slow_pattern"
    assert refused(regex.replace_pattern, **slow, replace="") == "text.slow_pattern"


def test_texts_that_would_grow_too_long_are_refused() -> None:
    many = {"text": "a" * 4000, "replace": "b" * 4000}
    assert refused(texts.replace_text, find="", **many) == "text.too_long"
    assert refused(regex.replace_pattern, pattern="a", **many) == "text.too_long"
