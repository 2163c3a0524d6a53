"""All classes of ComfyUI that are known here, and the page's list of those that are not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from weft.engine.comfy.known import comfy_inputs
from weft.nodes.standard.registry import standard_registry

REGISTRY = standard_registry(packs=False)
PAGE = Path(__file__).parent.parent.parent / "docs" / "supported.md"
KNOWN = sorted(name for name in comfy_inputs() if REGISTRY.find(name) is not None)


@pytest.mark.parametrize("name", KNOWN)
def test_class_takes_all_that_comfyui_gives_it_in_its_order(name: str) -> None:
    """Files of the editor give widgets by their order alone; what is our own stands behind."""
    spec = REGISTRY.find(name)
    assert spec is not None
    required, optional = comfy_inputs()[name]
    theirs = [spec.parameter(each) for each in (*required, *optional)]
    assert None not in theirs, "an input has no counterpart"
    widgets = [p for p in theirs if p is not None and not p.is_socket]
    ours = [p for p in spec.parameters.values() if not p.is_socket]
    assert [p.name for p in ours[: len(widgets)]] == [p.name for p in widgets]
    assert all(not p.required for p in ours[len(widgets) :])


def test_page_lists_every_class_that_is_not_known() -> None:
    section = PAGE.read_text("utf-8").partition("## ComfyUI's classes")[2].partition("\n## ")[0]
    listed = re.findall(r"`(\w+)`", section)
    assert sorted(listed) == sorted(set(comfy_inputs()) - set(KNOWN))
    counts = re.search(r"(\d+) of the (\d+) classes", section)
    assert counts is not None
    assert [int(n) for n in counts.groups()] == [len(KNOWN), len(comfy_inputs())]
