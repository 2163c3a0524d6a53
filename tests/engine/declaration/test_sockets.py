"""Which types flow where."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from weft.engine.declaration.sockets import accepts, socket_type, value_problem

from ..toy import Opaque, Picture


@pytest.mark.parametrize(
    ("target", "source", "flows"),
    [
        (Picture, Picture, True),
        (Picture, Opaque, False),
        (float, int, True),
        (int, float, False),
        (float, bool, False),
        (str, int, False),
        (Picture | None, Picture, True),
        (Picture, Picture | None, False),
        (Picture | Opaque, Opaque, True),
        (Picture, Picture | Opaque, False),
        (list[Picture], list[Picture], True),
        (list[Picture], Picture, False),
        (list[float], list[int], True),
        (Any, Picture, True),
        (Picture, Any, True),
        (Literal["a", "b"], str, True),
        (str, Literal["a", "b"], True),
        (int, Literal["a"], False),
        (Literal["a", "b"], Literal["a"], True),
        (Literal["a"], Literal["a", "b"], False),
    ],
)
def test_accepts(target: Any, source: Any, flows: bool) -> None:
    assert accepts(socket_type(target), socket_type(source)) is flows


@pytest.mark.parametrize(
    ("target", "value", "fits"),
    [
        (int, 1, True),
        (int, True, False),
        (int, 1.0, False),
        (int, "1", False),
        (float, 1, True),
        (float, 1.5, True),
        (float, False, False),
        (bool, True, True),
        (bool, 1, False),
        (bool, "false", False),
        (str, "x", True),
        (str, 1, False),
        (Literal[1, "a"], 1, True),
        (Literal[1, "a"], True, False),
        (Literal[1, "a"], 1.0, False),
        (list[int], [1, 2], True),
        (list[int], [1, "2"], False),
        (list[int], 1, False),
        (int | None, None, True),
        (int | str, 1.5, False),
        (Picture, "x", False),
        (Picture | None, None, True),
    ],
)
def test_value_problem(target: Any, value: object, fits: bool) -> None:
    assert (value_problem(socket_type(target), value) is None) is fits


@pytest.mark.parametrize("annotation", [dict[str, int], tuple[int, ...], "x", 3])
def test_socket_type_of_something_else_is_refused(annotation: Any) -> None:
    with pytest.raises(TypeError):
        socket_type(annotation)
