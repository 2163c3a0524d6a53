"""Values shown as text."""

from __future__ import annotations

import pytest
import torch

from weft.engine.declaration.context import Run
from weft.engine.events import Event, NodeProgress
from weft.nodes.basics.show import MOST, described, show_value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a red circle", "a red circle"),
        (7, "7"),
        (0.5, "0.5"),
        (True, "true"),
        (None, "null"),
        ([1, "Ä"], '[1, "Ä"]'),
        (torch.zeros(1, 4, 6, 3), "Tensor (1, 4, 6, 3) float32"),
        ([torch.zeros(2)], "[Tensor (2,) float32]"),
    ],
)
def test_value_is_shown_as_what_it_is(value: object, text: str) -> None:
    assert described(value) == text
    assert show_value(Run(), value) == text


def test_long_texts_are_told_in_part_and_given_whole() -> None:
    told: list[Event] = []
    text = "x" * (MOST + 1)
    assert show_value(Run(emit=told.append), text) == text
    (event,) = told
    assert isinstance(event, NodeProgress)
    assert event.message is not None
    assert len(event.message) == MOST
    assert event.message.endswith("...")
