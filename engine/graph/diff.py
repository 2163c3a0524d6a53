"""The differences of two workflows, as data for editors and text for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .document import Document, Node, as_link, as_links, dump

Kind = Literal[
    "node added",
    "node removed",
    "node type",
    "node title",
    "value",
    "link",
    "repeated",
    "interface",
    "subgraph",
    "about",
    "layout",
]
_ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        kind: What sort. `value`: an input's literal; `link`: an input is linked, unlinked or linked
            to something else; `repeated`: map or loop; `about`: title, description, requires.
        node: Id of the node, with its subgraph before it as in `Redraw/edges`; None for others.
        port: Name of the input, interface entry or field; None for the node as a whole.
        before: What was there; None where nothing was.
        after: What is there; None where nothing is.
    """

    kind: Kind
    node: str | None
    port: str | None
    before: Any
    after: Any

    def to_json(self) -> dict[str, Any]:
        """The difference as JSON data without its empty fields."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        place = ".".join(part for part in (self.node, self.port) if part)
        if self.kind == "node added":
            return f"+ {place} ({_shown(self.after)})"
        if self.kind == "node removed":
            return f"- {place} ({_shown(self.before)})"
        what = "" if self.kind in ("value", "link") else f" {self.kind.removeprefix('node ')}"
        return f"~ {place}{what}: {_shown(self.before)} -> {_shown(self.after)}"


def difference(before: Document, after: Document, *, layout: bool = False) -> list[Change]:
    """All differences, in the order of the later workflow; an empty list for equal ones.

    A renamed node is one that was removed and one that was added. The order of nodes and of inputs
    means nothing and is not compared.

    Args:
        before: The earlier workflow.
        after: The later one.
        layout: Whether places and sizes count.
    """
    changes = _nodes("", before.nodes, after.nodes)
    changes += _interface(None, before.interface, after.interface)
    for name in _names(before.subgraphs, after.subgraphs):
        one, other = before.subgraphs.get(name), after.subgraphs.get(name)
        if one is None or other is None:
            changes.append(Change("subgraph", name, None, one and name, other and name))
            continue
        changes += _nodes(f"{name}/", one.nodes, other.nodes)
        changes += _interface(name, one.interface, other.interface)
        changes += _fields(name, one, other, ("title", "description"), "about")
    changes += _fields(None, before, after, ("title", "description", "requires"), "about")
    if layout:
        changes += _fields(None, before, after, ("layout",), "layout")
    return changes


def _nodes(prefix: str, before: Mapping[str, Node], after: Mapping[str, Node]) -> list[Change]:
    changes: list[Change] = []
    for node_id in _names(before, after):
        place = prefix + node_id
        one, other = before.get(node_id), after.get(node_id)
        if one is None or other is None:
            kind: Kind = "node added" if one is None else "node removed"
            changes.append(Change(kind, place, None, one and one.type, other and other.type))
            continue
        if one.type != other.type:
            changes.append(Change("node type", place, None, one.type, other.type))
        if one.title != other.title:
            changes.append(Change("node title", place, None, one.title, other.title))
        for name in _names(one.inputs, other.inputs):
            old, new = one.inputs.get(name, _ABSENT), other.inputs.get(name, _ABSENT)
            if not _same(old, new):
                kind = "link" if _linked(old) or _linked(new) else "value"
                old, new = (None if v is _ABSENT else v for v in (old, new))
                changes.append(Change(kind, place, name, old, new))
        if (one.map, one.loop) != (other.map, other.loop):
            changes.append(Change("repeated", place, None, _repeated(one), _repeated(other)))
    return changes


def _interface(place: str | None, before: Any, after: Any) -> list[Change]:
    return [
        Change("interface", place, f"{side}.{name}", old.get(name), new.get(name))
        for side in ("inputs", "outputs")
        for old, new in [(getattr(before, side), getattr(after, side))]
        for name in _names(old, new)
        if old.get(name) != new.get(name)
    ]


def _fields(
    place: str | None, before: Any, after: Any, names: tuple[str, ...], kind: Kind
) -> list[Change]:
    return [
        Change(kind, place, name, getattr(before, name) or None, getattr(after, name) or None)
        for name in names
        if not _same(getattr(before, name), getattr(after, name))
    ]


def _names(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys([*after, *before]))


def _same(one: Any, other: Any) -> bool:
    """Equal, and of equal types: 1, 1.0 and True are three values."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(v, other[k]) for k, v in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _linked(value: Any) -> bool:
    return as_link(value) is not None or as_links(value) is not None


def _repeated(node: Node) -> dict[str, Any] | None:
    parts = {"map": node.map, "loop": node.loop}
    return {name: part.model_dump() for name, part in parts.items() if part is not None} or None


def _shown(value: Any) -> str:
    link = as_link(value)
    text = str(link) if link is not None else "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def equal(one: Document, other: Document) -> bool:
    """Whether two documents are the same file."""
    return _same(dump(one), dump(other))
