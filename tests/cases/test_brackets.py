"""Prompts with a bracket that has no partner weigh as ComfyUI weighs them."""

from __future__ import annotations

import ast
import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases.places import case
from weft.diffusion.errors import ParameterError
from weft.diffusion.text.prompt import parse_prompt

OPEN, CLOSE = "\ue000", "\ue001"
"""What stands for `\\(` and `\\)` while the reference works."""


def expected() -> dict[str, list[tuple[str, float]]]:
    """The table of the case's script."""
    tree = ast.parse(case("behaviour/17_brackets_without_partner.py").read_text("utf-8"))
    (table,) = [n for n in tree.body if isinstance(n, ast.Assign)]
    found: dict[str, list[tuple[str, float]]] = ast.literal_eval(table.value)
    return found


@pytest.mark.parametrize("prompt", sorted(expected()))
def test_prompt_of_the_case_has_comfyuis_weights(prompt: str) -> None:
    got = [(p.text, p.weight) for p in parse_prompt(prompt)]
    assert got == [(text, pytest.approx(weight)) for text, weight in expected()[prompt]]


def reference(text: str, weight: float = 1.0) -> list[tuple[str, float]]:
    """The rule as it is described, with a count of open brackets at every place.

    The text is cut before every opening bracket at which the count is 0, and behind every closing
    one that brings it to 0. A part from bracket to bracket is weighed, and read again without them.
    """
    steps = [(char == "(") - (char == ")") for char in text]
    before = [0, *itertools.accumulate(steps)]
    cuts = {0, len(text)}
    for place, char in enumerate(text):
        if char == "(" and before[place] == 0:
            cuts.add(place)
        if char == ")" and before[place + 1] == 0:
            cuts.add(place + 1)
    found = []
    for start, end in itertools.pairwise(sorted(cuts)):
        part = text[start:end]
        if not (len(part) > 1 and part.startswith("(") and part.endswith(")")):
            found.append((part, weight))
            continue
        words, colon, number = part[1:-1].rpartition(":")
        try:
            stated = float(number) if colon and words else math.nan
        except ValueError:
            stated = math.nan
        if math.isfinite(stated):
            found += reference(words, stated)
        else:
            found += reference(part[1:-1], weight * 1.1)
    return found


@settings(max_examples=1000)
@given(
    st.one_of(
        st.text(alphabet="ab ():.12\\", max_size=40),
        st.lists(st.sampled_from(["(", ")", "\\", "a", ":1.5)", ":", "((", " b"]), max_size=25).map(
            "".join
        ),
    )
)
def test_any_prompt_weighs_as_the_described_rule_says(prompt: str) -> None:
    marked = prompt.replace("\\)", CLOSE).replace("\\(", OPEN)
    wanted = [
        (text.replace(CLOSE, ")").replace(OPEN, "("), weight) for text, weight in reference(marked)
    ]
    try:
        got = [(piece.text, piece.weight) for piece in parse_prompt(prompt)]
    except ParameterError as error:
        assert error.code == "prompt.too_deep"
        return
    assert [text for text, _ in got] == [text for text, _ in wanted] or (wanted == [] and got)
    assert [w for _, w in got] == pytest.approx([w for _, w in wanted] or [1.0])
