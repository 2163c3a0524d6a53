"""Where a class that weft lacks is said to be from."""

from __future__ import annotations

import pytest

from weft.engine.comfy.foreign import _CLASSES, foreign_hint
from weft.nodes.standard.registry import standard_registry


@pytest.mark.parametrize(
    ("kind", "pack", "said"),
    [
        ("IPAdapterAdvanced", None, "ComfyUI_IPAdapter_plus"),
        ("QuadrupleCLIPLoader", None, "ComfyUI has this node"),
        ("NewerThanAll", "comfy-core", "ComfyUI has this node"),
        ("NewerThanAll", "some-pack", "some-pack"),
    ],
)
def test_class_is_named_with_its_pack(kind: str, pack: str | None, said: str) -> None:
    assert said in (foreign_hint(kind, pack) or "")


def test_class_that_nobody_knows_is_left_to_others() -> None:
    assert foreign_hint("KSamplr") is None
    assert foreign_hint("KSamplr", {"no": "text"}) is None


def test_stand_ins_are_here_and_the_classes_are_not() -> None:
    registry = standard_registry(packs=False)
    for kinds in _CLASSES.values():
        for kind, ours in kinds.items():
            assert registry.find(kind) is None
            assert ours is None or registry[ours].type_id == ours
