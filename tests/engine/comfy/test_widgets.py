"""Widget values and their names."""

from __future__ import annotations

from typing import Any

import pytest

from weft.engine.comfy.file import FileNode
from weft.engine.comfy.widgets import mode_of, widget_values
from weft.nodes.standard.registry import standard_registry

REGISTRY = standard_registry(packs=False)


def values(kind: str, given: Any, widgets: tuple[str, ...] = (), **more: Any) -> Any:
    slots = [{"name": name, "widget": {"name": name}} for name in widgets]
    data = {"id": 1, "type": kind, "widgets_values": given, "inputs": slots, **more}
    return widget_values(FileNode.model_validate(data), REGISTRY.find(kind))


@pytest.mark.parametrize(
    ("behind", "mode"),
    [
        ("fixed", "fixed"),
        ("randomize", "randomize"),
        ("increment", "increment"),
        ("decrement", "decrement"),
        ("increment-wrap", "increment-wrap"),
        (True, "randomize"),
        (False, "fixed"),
        (None, None),
    ],
)
def test_what_stands_behind_a_seed_moves_no_value(behind: Any, mode: str | None) -> None:
    found = values("KSampler", [5, behind, 20, 7.5, "euler", "normal", 1])
    assert list(found.named.values()) == [5, 20, 7.5, "euler", "normal", 1]
    assert found.modes == ({} if mode is None else {"seed": mode})
    assert found.left == []


def test_values_without_a_word_behind_the_seed_are_read_too() -> None:
    found = values("KSampler", [5, 20, 7.5, "euler", "normal", 1])
    assert list(found.named.values()) == [5, 20, 7.5, "euler", "normal", 1]


def test_names_that_the_file_gives_are_those_of_an_unknown_class() -> None:
    named = {"prefix": "a", "seed": 0, "control_after_generate": "fixed", "mode.size": 3}
    found = values("Nobody", ["a", 9, "randomize", 4], widgets_values_named=named)
    assert found.named == {"prefix": "a", "seed": 9, "mode.size": 4}
    assert found.modes == {"seed": "randomize"}


def test_values_of_an_unknown_class_have_no_names_where_the_file_names_only_some() -> None:
    found = values("Nobody", ["a", 3, "b"], ("second",))
    assert (found.named, found.left) == ({}, ["a", 3, "b"])


def test_word_is_a_value_where_there_is_none_too_many() -> None:
    found = values("Nobody", [3, "fixed"], ("steps", "kind"))
    assert found.named == {"steps": 3, "kind": "fixed"}


def test_other_values_say_nothing_of_a_seed() -> None:
    assert [mode_of(value) for value in (1, 0, "random", [], None)] == [None] * 5
