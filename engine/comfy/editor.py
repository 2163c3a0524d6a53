"""Read a file of ComfyUI's editor: what runs becomes the document, what is drawn its layout.

What such a file says by position (links by number, widget values in a row) is said by name here.
Its editor leaves out muted nodes, goes past bypassed ones, reroutes and stored values, and writes
the values of primitive nodes where they lead; so does this. What does not run is kept in the
layout, where weft's editor finds it again.

Source: LiteGraph's serialisation as ComfyUI writes it, versions 0.4 and 1, with subgraphs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..declaration.registry import Registry
from ..graph.document import Document, parse
from .api import EDITOR_ONLY, input_of
from .file import (
    BYPASSED,
    INPUT_SIDE,
    MUTED,
    OUTPUT_SIDE,
    EditorFile,
    FileGraph,
    FileNode,
    read_editor_file,
)
from .hues import hue_of
from .widgets import SEED_MODES, widget_values

REROUTE = "@reroute"
"""weft's editor's own node for a bend in a link; it stands in layouts only."""
_REROUTE_OUTPUT = "out"
_NOTES = {"Note", "MarkdownNote"}
_PRIMITIVE, _GET, _SET, _BEND = "PrimitiveNode", "GetNode", "SetNode", "Reroute"
_VIRTUAL = {*_NOTES, _PRIMITIVE, _GET, _SET, _BEND}
_LEFT_OVER = {None, "", "image", *EDITOR_ONLY}  # beside upload buttons


@dataclass(frozen=True, slots=True)
class _Value:
    """A link that leads to a primitive node: its value."""

    value: Any


@dataclass(frozen=True, slots=True)
class _Port:
    """A link that leads to an input of the subgraph around it."""

    slot: int


@dataclass(frozen=True, slots=True)
class _Output:
    """A link that leads to a node that runs."""

    node: str
    name: str

    @property
    def link(self) -> dict[str, str]:
        return {"link": f"{self.node}.{self.name}"}


class _Off:
    """A link that leads to a muted node."""


_OFF = _Off()
_Source = _Value | _Port | _Output | _Off | None


@dataclass(slots=True)
class _Made:
    """A graph as documents say it."""

    nodes: dict[str, Any] = field(default_factory=dict)
    ports: dict[int, list[str]] = field(default_factory=dict)  # subgraph's input -> `node.param`s
    layout: dict[str, Any] = field(default_factory=dict)


def is_comfy_editor(data: object) -> bool:
    """Whether JSON data is a file of ComfyUI's editor."""
    return isinstance(data, dict) and isinstance(data.get("nodes"), list) and "links" in data


def from_comfy_editor(data: object, registry: Registry) -> tuple[Document, tuple[str, ...]]:
    """The same workflow as a document.

    Args:
        data: Parsed JSON.
        registry: The node types there are. Others stay, under their names, and are named by
            validation; their values keep the names that the file gives them, if it does.

    Returns:
        The document, and a sentence for everything of the file that it could not say.

    Raises:
        DocumentError: The file is damaged.
    """
    file = read_editor_file(data)
    return _Reader(file, registry).read()


class _Reader:
    def __init__(self, file: EditorFile, registry: Registry) -> None:
        self.file = file
        self.registry = registry
        self.remarks: list[str] = []
        self.definitions = {d.id: d for d in file.definitions.subgraphs}
        taken: set[str] = set(registry.names())
        self.names = {d.id: _unused(d.name or "Subgraph", taken) for d in self.definitions.values()}
        self._made: dict[str, _Made | None] = {}  # None: being made
        self._asked: set[tuple[str, int]] = set()

    def read(self) -> tuple[Document, tuple[str, ...]]:
        root = _GraphReader(self, self.file).read()
        subgraphs = {}
        layouts = {}
        for key, definition in self.definitions.items():
            made, name = self.made(key) or _Made(), self.names[key]
            inputs = {
                port: target
                for slot, targets in made.ports.items()
                for port, target in zip(self.ports(key, slot), targets, strict=True)
            }
            outputs = {
                self.output(key, slot): f"{found.node}.{found.name}"
                for slot in range(len(definition.outputs))
                if isinstance(found := self.behind(key, slot), _Output)
            }
            subgraphs[name] = {
                "nodes": made.nodes,
                "interface": {"inputs": inputs, "outputs": outputs},
            }
            if made.layout:
                layouts[name] = made.layout
        layout = {**root.layout, **({"subgraphs": layouts} if layouts else {})}
        document = parse(
            {
                "weft": 1,
                "nodes": root.nodes,
                "subgraphs": subgraphs,
                "requires": self.requires(),
                "layout": layout,
            }
        )
        return document, tuple(self.remarks)

    def requires(self) -> dict[str, Any]:
        """The models that the file says where to get, and the packs of types that are not here."""
        graphs = (self.file, *self.definitions.values())
        models = {
            (model.directory, model.name): {
                "kind": model.directory,
                "name": model.name,
                "url": model.url,
            }
            for graph in graphs
            for node in graph.nodes
            for model in node.models
        }
        packs = {
            node.type: node.pack
            for graph in graphs
            for node in graph.nodes
            if node.pack
            and node.type not in _VIRTUAL
            and node.type not in self.definitions
            and self.registry.find(node.type) is None
        }
        return {
            **({"models": list(models.values())} if models else {}),
            **({"packs": packs} if packs else {}),
        }

    def made(self, key: str) -> _Made | None:
        """A subgraph; None where it stands inside of itself, which validation refuses later."""
        if key not in self._made:
            self._made[key] = None
            self._made[key] = _GraphReader(self, self.definitions[key]).read()
        return self._made[key]

    def behind(self, key: str, slot: int) -> _Source:
        """What an output of a subgraph stands for inside of it."""
        if (key, slot) in self._asked:
            return None  # it stands inside of itself
        self._asked.add((key, slot))
        try:
            return _GraphReader(self, self.definitions[key]).output(slot)
        finally:
            self._asked.discard((key, slot))

    def ports(self, key: str, slot: int) -> list[str]:
        """The names of one input of a subgraph: one for each place inside that it leads to."""
        names = _distinct([s.name for s in self.definitions[key].inputs])
        name = names[slot] if slot < len(names) else f"input_{slot}"
        made = self.made(key)
        count = len(made.ports.get(slot, ())) if made is not None else 0
        return [name, *(f"{name} ({n})" for n in range(2, count + 1))][:count]

    def output(self, key: str, slot: int) -> str:
        """The name of an output of a subgraph."""
        names = _distinct([_word(s.name) for s in self.definitions[key].outputs])
        return names[slot] if slot < len(names) else f"slot_{slot}"


class _GraphReader:
    def __init__(self, reader: _Reader, graph: FileGraph) -> None:
        self.reader = reader
        self.registry = reader.registry
        self.graph = graph

    # -- where links lead -------------------------------------------------------------------

    def drawn(self, link_id: int | None) -> _Source:
        """What a link is drawn from."""
        link = self.graph.link.get(link_id) if link_id is not None else None
        if link is None:
            return None
        if link.origin_id == INPUT_SIDE:
            return _Port(link.origin_slot)
        node = self.graph.by_id.get(link.origin_id)
        return None if node is None else self.said(node, link.origin_slot)

    def said(self, node: FileNode, slot: int) -> _Source:
        """An output of a node by its name."""
        if node.type == _PRIMITIVE:
            return _Value(node.value)
        if node.type == _BEND:
            return _Output(node.id, _REROUTE_OUTPUT)
        if node.type in self.reader.definitions:
            return _Output(node.id, self.reader.output(node.type, slot))
        spec = self.registry.find(node.type)
        if spec is not None:
            known = slot < len(spec.outputs)
            return _Output(node.id, spec.outputs[slot].name if known else f"slot_{slot}")
        outputs = node.outputs or []
        name = _word(outputs[slot].name) if slot < len(outputs) else ""
        return _Output(node.id, name or f"slot_{slot}")

    def source(self, link_id: int | None) -> _Source:
        """What a link really reads, past everything that does not run."""
        seen: set[tuple[str, int]] = set()
        while link_id is not None:
            link = self.graph.link.get(link_id)
            if link is None or (link.origin_id, link.origin_slot) in seen:
                return None
            seen.add((link.origin_id, link.origin_slot))
            node = self.graph.by_id.get(link.origin_id)
            if node is None or node.type == _PRIMITIVE:
                return self.drawn(link_id)
            if node.mode == MUTED:
                return _OFF
            passed = self.passed(node, link.origin_slot)
            if passed is None:
                return self.drawn(link_id)
            (link_id,) = passed
        return None

    def passed(self, node: FileNode, slot: int) -> tuple[int | None] | None:
        """The link that stands behind an output of a node that does not run; None if it runs."""
        inputs = node.inputs or []
        if node.type in (_BEND, _SET):
            return (inputs[0].link if inputs else None,)
        if node.type == _GET:
            stored = self.graph.stored.get(str(node.value))
            return (stored.inputs[0].link if stored is not None and stored.inputs else None,)
        if node.mode == BYPASSED:
            outputs = node.outputs or []
            kind = outputs[slot].type if slot < len(outputs) else None
            # Its counterpart first, then whichever has the type.
            ordered = [*inputs[slot : slot + 1], *inputs]
            return (next((i.link for i in ordered if i.type == kind and i.link is not None), None),)
        if node.type in self.reader.definitions:
            # A subgraph may hand an input straight on.
            found = self.reader.behind(node.type, slot)
            if isinstance(found, _Port):
                return (inputs[found.slot].link if found.slot < len(inputs) else None,)
        return None

    def output(self, slot: int) -> _Source:
        """What an output of this subgraph stands for."""
        for link in self.graph.links:
            if link.target_id == OUTPUT_SIDE and link.target_slot == slot:
                return self.source(link.id)
        return None

    # -- nodes ------------------------------------------------------------------------------

    def read(self) -> _Made:
        made = _Made()
        real = [n for n in self.graph.nodes if n.type not in _VIRTUAL]
        off = self.switched_off(real)
        places: dict[str, Any] = {}
        aside: dict[str, dict[str, Any]] = {"nodes": {}, "inputs": {}}
        for node in real:
            entry, seeds = self.node(node)
            drawn = {**entry["inputs"], **self.links(node, drawn=True)}
            runs = {**entry["inputs"], **self.links(node, drawn=False)}
            places[node.id] = _place(node, seeds)
            if node.id in off or node.mode == BYPASSED:
                aside["nodes"][node.id] = {**entry, "inputs": drawn}
                continue
            made.nodes[node.id] = {**entry, "inputs": runs}
            for name, value in drawn.items():
                if value != runs.get(name):
                    now = {"now": runs[name]} if name in runs else {}
                    aside["inputs"][f"{node.id}.{name}"] = {"value": value, **now}
            for name, slot in self.port_inputs(node):
                made.ports.setdefault(slot, []).append(f"{node.id}.{name}")
        for node in self.graph.nodes:
            if node.type == _BEND:
                aside["nodes"][node.id] = {"type": REROUTE, "inputs": self.links(node, drawn=True)}
                places[node.id] = _place(node, {})
        made.layout = self.layout(places, {k: v for k, v in aside.items() if v})
        return made

    def node(self, node: FileNode) -> tuple[dict[str, Any], dict[str, str]]:
        """A node with its values, and what its seeds do after each run."""
        definition = self.reader.definitions.get(node.type)
        spec = None if definition is not None else self.registry.find(node.type)
        values, seeds, left = widget_values(node, spec)
        inputs: dict[str, Any] = {}
        if definition is not None:
            inputs = self.instance_values(node, values)
        elif spec is not None:
            for name, value in values.items():
                own, converted = input_of(spec, name, value)
                if own is not None:
                    inputs[own] = converted
            if any(not _is_left_over(value) for value in left):
                self.remark(node, f"{len(left)} values are more than it takes and were left out")
        else:
            inputs = {**values, **{f"widget_{len(values) + n}": v for n, v in enumerate(left)}}
        if "decrement" in seeds.values():
            self.remark(node, 'its seed counted down after each run, and is "fixed" now')
        kind = spec.type_id if spec is not None else node.type
        entry: dict[str, Any] = {"type": self.reader.names.get(node.type, kind[:128])}
        if node.title and node.title not in (node.type, kind):
            entry["title"] = node.title[:1000]
        return {**entry, "inputs": inputs}, {n: SEED_MODES[mode] for n, mode in seeds.items()}

    def instance_values(self, node: FileNode, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of an instance's own widgets, for every place inside that they lead to."""
        inputs: dict[str, Any] = {}
        for slot, each in enumerate(node.inputs or ()):
            name = each.widget.get("name") if each.widget is not None else None
            if isinstance(name, str) and name in values:
                inputs |= dict.fromkeys(self.reader.ports(node.type, slot), values[name])
        return inputs

    def links(self, node: FileNode, *, drawn: bool) -> dict[str, Any]:
        """Its linked inputs: as drawn, or as they run."""
        inputs: dict[str, Any] = {}
        for slot, each in enumerate(node.inputs or ()):
            if each.link is None:
                continue
            found = self.drawn(each.link) if drawn else self.source(each.link)
            if drawn and (found is None or self.is_stored(found)):
                found = self.source(each.link)
            for name in self.names_of(node, slot):
                if isinstance(found, _Output):
                    inputs[name] = found.link
                elif isinstance(found, _Value):
                    inputs[name] = found.value
        return inputs

    def is_stored(self, found: _Source) -> bool:
        """Whether a link is drawn from a node that has no counterpart here."""
        if not isinstance(found, _Output):
            return False
        return self.graph.by_id[found.node].type in (_GET, _SET)

    def names_of(self, node: FileNode, slot: int) -> list[str]:
        """What an input is called here; several names where a subgraph uses it more than once."""
        if node.type == _BEND:
            return ["in"]
        if node.type in self.reader.definitions:
            return self.reader.ports(node.type, slot)
        name = (node.inputs or [])[slot].name
        spec = self.registry.find(node.type)
        parameter = spec.parameter(name) if spec is not None else None
        return [parameter.name if parameter is not None else (name or f"input_{slot}")[:128]]

    def port_inputs(self, node: FileNode) -> list[tuple[str, int]]:
        """Inputs that lead to inputs of the subgraph around: their names and those's numbers."""
        return [
            (name, found.slot)
            for slot, each in enumerate(node.inputs or ())
            if isinstance(found := self.source(each.link), _Port)
            for name in self.names_of(node, slot)
        ]

    def switched_off(self, nodes: list[FileNode]) -> set[str]:
        """Muted nodes, and those that cannot do without them."""
        off = {node.id for node in nodes if node.mode == MUTED}
        grew = bool(off)
        while grew:
            grew = False
            for node in nodes:
                if node.id not in off and node.mode != BYPASSED and self.needs(node, off):
                    off.add(node.id)
                    grew = True
        return off

    def needs(self, node: FileNode, off: set[str]) -> bool:
        spec = self.registry.find(node.type)
        for each in node.inputs or ():
            found = self.source(each.link)
            if found is _OFF or (isinstance(found, _Output) and found.node in off):
                parameter = spec.parameter(each.name) if spec is not None else None
                if parameter is None or parameter.required:
                    return True
        return False

    # -- what is drawn ----------------------------------------------------------------------

    def layout(self, places: Mapping[str, Any], aside: Mapping[str, Any]) -> dict[str, Any]:
        groups = {
            f"group-{number}": {
                **_frame(*group.bounding),
                "title": group.title,
                **hue_of(group.color),
            }
            for number, group in enumerate(self.graph.groups, 1)
        }
        notes = {
            node.id: {**_frame(*node.pos, *(node.size or (240, 120))), "text": str(node.value)}
            for node in self.graph.nodes
            if node.type in _NOTES
        }
        parts = {"nodes": dict(places), "groups": groups, "notes": notes, "aside": dict(aside)}
        return {name: part for name, part in parts.items() if part}

    def remark(self, node: FileNode, what: str) -> None:
        self.reader.remarks.append(f"Node {node.id} ({node.type[:100]}): {what}.")


def _place(node: FileNode, seeds: Mapping[str, str]) -> dict[str, Any]:
    place: dict[str, Any] = {"x": round(node.pos[0]), "y": round(node.pos[1])}
    place |= hue_of(node.color)
    place |= {name: True for name in ("collapsed", "pinned") if node.flags.get(name) is True}
    if node.mode in (MUTED, BYPASSED):
        place["mode"] = "mute" if node.mode == MUTED else "bypass"
    if seeds:
        place["seeds"] = dict(seeds)
    return place


def _frame(x: float, y: float, width: float, height: float) -> dict[str, int]:
    return {"x": round(x), "y": round(y), "width": round(width), "height": round(height)}


def _is_left_over(value: object) -> bool:
    return value is None or (isinstance(value, str) and value in _LEFT_OVER)


def _word(name: str) -> str:
    """A name that can stand behind the dot of a link."""
    return name.replace(".", "_")[:128]


def _unused(name: str, taken: set[str]) -> str:
    name = name[:100]
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name} ({number})"
    taken.add(found)
    return found


def _distinct(names: list[str]) -> list[str]:
    taken: set[str] = set()
    return [_unused(name or "value", taken) for name in names]
