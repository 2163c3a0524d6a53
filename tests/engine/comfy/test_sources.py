"""What a bypassed node hands on."""

from __future__ import annotations

from typing import Any

import pytest

from weft.engine.comfy.file import FileSlot
from weft.engine.comfy.sources import handed_on


def slots(*types: Any) -> list[FileSlot]:
    return [FileSlot(name=str(number), type=kind) for number, kind in enumerate(types)]


@pytest.mark.parametrize(
    ("inputs", "outputs", "slot", "wanted", "found"),
    [
        (["MODEL", "CLIP"], ["MODEL", "CLIP"], 1, "CLIP", "1"),
        (["VAE", "IMAGE"], ["IMAGE"], 0, "IMAGE", "1"),
        (["MASK", "IMAGE"], ["*"], 0, "IMAGE", "1"),
        (["MASK", "IMAGE"], ["*"], 0, "*", "0"),
        (["*", "IMAGE"], ["*"], 0, "IMAGE", "0"),
        (["MASK", "IMAGE,LATENT"], ["IMAGE"], 0, "IMAGE", "1"),
        (["MASK"], ["IMAGE"], 0, "IMAGE", None),
        ([], ["*"], 0, "IMAGE", None),
        (["IMAGE"], [], 3, "IMAGE", "0"),
        ([["a", "b"]], [["a", "b"]], 0, "COMBO", "0"),
    ],
)
def test_bypassed_node_hands_on_the_input_that_fits(
    inputs: list[Any], outputs: list[Any], slot: int, wanted: str, found: str | None
) -> None:
    chosen = handed_on(slots(*inputs), slots(*outputs), slot, wanted)
    assert (None if chosen is None else chosen.name) == found
