"""The parts of a ComfyUI file that are drawn and do not run: positions, frames, notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .file import BYPASSED, MUTED, NOTES, FileGraph, FileNode
from .hues import hue_of

_NOTE_SIZE = (240.0, 120.0)
_NOTE_TITLES = {"Note", "Markdown Note"}
"""Titles that say only that it is a note."""


def layout_of(
    graph: FileGraph, places: Mapping[str, Any], aside: Mapping[str, Any]
) -> dict[str, Any]:
    """The layout of one graph, without its empty parts.

    Args:
        graph: As drawn.
        places: Where its nodes are.
        aside: What of it does not run.
    """
    groups = {
        f"group-{number}": {
            **_frame(*group.bounding),
            "title": group.title,
            **hue_of(group.color),
        }
        for number, group in enumerate(graph.groups, 1)
    }
    notes = {node.id: _note(node) for node in graph.nodes if node.type in NOTES}
    parts = {"nodes": dict(places), "groups": groups, "notes": notes, "aside": dict(aside)}
    return {name: part for name, part in parts.items() if part}


def place_of(node: FileNode, seeds: Mapping[str, str]) -> dict[str, Any]:
    """Where a node is, how it looks, and what its seeds do after each run."""
    place: dict[str, Any] = {"x": round(node.pos[0]), "y": round(node.pos[1])}
    place |= hue_of(node.color)
    place |= {name: True for name in ("collapsed", "pinned") if node.flags.get(name) is True}
    if node.mode in (MUTED, BYPASSED):
        place["mode"] = "mute" if node.mode == MUTED else "bypass"
    if seeds:
        place["seeds"] = dict(seeds)
    return place


def _note(node: FileNode) -> dict[str, Any]:
    """A note with its title and hue; one without a text of its own says its title as the text."""
    title = "" if node.title in (None, node.type, *_NOTE_TITLES) else str(node.title)[:1000]
    text = title if node.value is None else str(node.value)
    return {
        **_frame(*node.pos, *(node.size or _NOTE_SIZE)),
        **hue_of(node.color),
        **({"title": title} if title and node.value is not None else {}),
        "text": text,
    }


def _frame(x: float, y: float, width: float, height: float) -> dict[str, int]:
    return {"x": round(x), "y": round(y), "width": round(width), "height": round(height)}
