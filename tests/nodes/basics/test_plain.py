"""Numbers, texts and arithmetic."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.errors import NodeError
from weft.nodes.basics import plain

NUMBERS = st.floats(-1e6, 1e6)


@given(NUMBERS, NUMBERS)
def test_arithmetic_agrees_with_python(a: float, b: float) -> None:
    assert plain.arithmetic(a, b) == a + b
    assert plain.arithmetic(a, b, operation="subtract") == a - b
    assert plain.arithmetic(a, b, operation="multiply") == a * b
    assert plain.arithmetic(a, b, operation="minimum") == min(a, b)
    assert plain.arithmetic(a, b, operation="maximum") == max(a, b)


@pytest.mark.parametrize(
    ("a", "b", "operation"),
    [(1, 0, "divide"), (0, -1, "power"), (-1, 0.5, "power"), (1e308, 10, "multiply")],
)
def test_arithmetic_without_finite_result_is_refused(a: float, b: float, operation: Any) -> None:
    with pytest.raises(NodeError) as caught:
        plain.arithmetic(a, b, operation=operation)
    assert caught.value.code == "node.no_result"


@given(NUMBERS)
def test_round_goes_where_it_says(a: float) -> None:
    assert plain.round_(a, mode="down") == math.floor(a)
    assert plain.round_(a, mode="up") == math.ceil(a)
    assert abs(plain.round_(a) - a) <= 0.5


def test_round_of_infinity_is_refused() -> None:
    with pytest.raises(NodeError):
        plain.round_(math.inf)


def test_values_pass_through() -> None:
    assert plain.integer(value=2**70) == 2**70
    assert plain.float_(value=1.5) == 1.5
    assert plain.boolean(value=True) is True
    assert plain.text(value="a\nb") == "a\nb"
    assert plain.join_text(a="a", b="b", delimiter=", ") == "a, b"
