"""Read a file of ComfyUI's editor: nodes that run become the document, the rest its layout.

What such a file says by position (links by number, widget values in a row) is said by name here.
Its editor leaves out muted nodes, goes past bypassed ones, reroutes and stored values, and writes
the values of primitive nodes where they lead; so does this. What does not run is kept in the
layout, where weft's editor finds it again.

Source: LiteGraph's serialisation as ComfyUI writes it, versions 0.4 and 1, with subgraphs.
"""

from __future__ import annotations

import json
from typing import Any

from ..declaration.registry import Registry
from ..graph.document import Document, parse
from .api import EDITOR_ONLY, input_of
from .drawing import layout_of, place_of
from .file import (
    BEND,
    BYPASSED,
    DRAWN_ONLY,
    GET,
    SET,
    VIRTUAL,
    EditorFile,
    EditorModel,
    FileNode,
    read_editor_file,
)
from .graph import Graph
from .graphs import Graphs
from .names import distinct, unused, word
from .sources import Source, SourceOutput, Value
from .widgets import SEED_MODES, WidgetValues, widget_values

REROUTE = "@reroute"
"""weft's editor's own node for a bend in a link; it stands in layouts only."""
_LEFT_OVER = {None, "", "image", *EDITOR_ONLY}  # beside upload buttons
_KINDS = {"text_encoders": "clip", "unet": "diffusion_models"}
"""ComfyUI's other names of model folders, and ours."""
_LONGEST = 200


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
        self.graphs = Graphs(file, registry)
        self.remarks: dict[str, None] = {}
        taken: set[str] = set(registry.names())
        taken |= {node.type for graph in self.all_graphs for node in graph.nodes}
        self._taken = taken
        self._names: dict[int, str] = {}
        self._wanted: list[Graph] = []
        for key, definition in self.graphs.definitions.items():
            inner = self.graphs.inner(key)
            assert inner is not None
            self.name_of(inner, definition.name)

    @property
    def all_graphs(self) -> list[Any]:
        """The root and the definitions, as drawn."""
        return [self.file, *self.graphs.definitions.values()]

    def name_of(self, graph: Graph, name: str) -> str:
        """The name of a subgraph in weft, which is added to the document."""
        if id(graph) not in self._names:
            self._names[id(graph)] = unused(name or "Subgraph", self._taken)
            self._wanted.append(graph)
        return self._names[id(graph)]

    def read(self) -> tuple[Document, tuple[str, ...]]:
        nodes, layout = self.made(self.graphs.root)
        subgraphs: dict[str, Any] = {}
        layouts: dict[str, Any] = {}
        for graph in self._wanted:  # grows as instances are read
            name = self._names[id(graph)]
            inside, drawn = self.made(graph)
            interface = {"inputs": _inputs(graph), "outputs": _outputs(graph)}
            subgraphs[name] = {"nodes": inside, "interface": interface}
            if drawn:
                layouts[name] = drawn
        document = parse(
            {
                "weft": 1,
                "nodes": nodes,
                "subgraphs": subgraphs,
                "requires": self.requires(),
                "layout": {**layout, **({"subgraphs": layouts} if layouts else {})},
            }
        )
        return document, tuple(self.remarks)

    def requires(self) -> dict[str, Any]:
        """Models with addresses; packs and outputs of the types that are not here."""
        graphs = self.all_graphs
        models = {
            (model.directory, model.name): _model(model)
            for graph in graphs
            for node in graph.nodes
            for model in node.models
        }
        packs = {
            node.type: node.pack
            for graph in graphs
            for node in graph.nodes
            if node.pack
            and node.type not in VIRTUAL
            and node.type not in self.graphs.definitions
            and self.registry.find(node.type) is None
        }
        outputs = self.graphs.output_names.several
        parts = {"models": list(models.values()), "packs": packs, "outputs": outputs}
        return {name: part for name, part in parts.items() if part}

    def made(self, graph: Graph) -> tuple[dict[str, Any], dict[str, Any]]:
        """A graph's nodes that run, and its layout."""
        nodes: dict[str, Any] = {}
        places: dict[str, Any] = {}
        aside: dict[str, dict[str, Any]] = {"nodes": {}, "inputs": {}}
        for node in graph.real:
            entry, seeds = self.node(graph, node)
            drawn = {**entry["inputs"], **_links(graph, node, drawn=True)}
            runs = {**entry["inputs"], **_links(graph, node, drawn=False)}
            places[node.id] = place_of(node, seeds)
            if node.id in graph.off or node.mode == BYPASSED:
                aside["nodes"][node.id] = {**entry, "inputs": drawn}
                continue
            nodes[node.id] = {**entry, "inputs": runs}
            for name, value in drawn.items():
                if value != runs.get(name):
                    now = {"now": runs[name]} if name in runs else {}
                    aside["inputs"][f"{node.id}.{name}"] = {"value": value, **now}
        for node in graph.graph.nodes:
            if node.type in BEND:
                inputs = _links(graph, node, drawn=True)
                aside["nodes"][node.id] = {"type": REROUTE, "inputs": inputs}
                places[node.id] = place_of(node, {})
            elif node.type in DRAWN_ONLY:
                self.remark(node, "it works only in ComfyUI's editor and was left out")
        return nodes, layout_of(graph.graph, places, {k: v for k, v in aside.items() if v})

    def node(self, graph: Graph, node: FileNode) -> tuple[dict[str, Any], dict[str, str]]:
        """A node with its values, and what its seeds do after each run."""
        if graph.definition_of(node) is not None:
            kind, inputs, modes = self.instance(graph, node)
            said = kind
        else:
            spec = self.registry.find(node.type)
            found = widget_values(node, spec)
            kind = spec.type_id if spec is not None else node.type
            said, modes = kind[:128], found.modes
            inputs = self.named(node, found) if spec is not None else _unnamed(found)
        if "decrement" in modes.values():
            self.remark(
                node,
                'its seed decreased after each run, which weft does not support; it is now "fixed"',
            )
        entry: dict[str, Any] = {"type": said}
        if node.title and node.title not in (node.type, kind):
            entry["title"] = node.title[:1000]
        return {**entry, "inputs": inputs}, {n: SEED_MODES[mode] for n, mode in modes.items()}

    def named(self, node: FileNode, found: WidgetValues) -> dict[str, Any]:
        """The values of a node of a known type by our names."""
        spec = self.registry.find(node.type)
        inputs: dict[str, Any] = {}
        for name, value in found.named.items():
            own, converted = input_of(spec, name, value)
            if own is not None:
                inputs[own] = converted
        left = [value for value in found.left if not _is_left_over(value)]
        if left:
            self.remark(
                node,
                f"it has {len(left)} more values than inputs; these were left out: "
                f"{json.dumps(left, ensure_ascii=False)[:_LONGEST]}",
            )
        return inputs

    def instance(self, graph: Graph, node: FileNode) -> tuple[str, dict[str, Any], dict[str, str]]:
        """An instance of a subgraph: its type, values, and what its seeds do after each run."""
        definition = graph.definition_of(node)
        assert definition is not None
        inner = graph.inner(node) or self.graphs.inner(definition.id)
        assert inner is not None
        values = graph.values(node)
        if values.given not in (0, values.expected):
            self.remark(
                node,
                f'it has {values.given} values, but its subgraph "{definition.name[:100]}" has '
                f"{values.expected} inputs; check each value",
            )
        for name in graph.strangers(node):
            self.remark(
                node,
                f'its input "{name[:100]}" is not an input of the subgraph '
                f'"{definition.name[:100]}"; its link was left out',
            )
        return self.name_of(inner, definition.name), dict(values.by_port), values.modes

    def remark(self, node: FileNode, what: str) -> None:
        self.remarks[f"Node {node.id} ({node.type[:100]}): {what}."] = None


def _links(graph: Graph, node: FileNode, *, drawn: bool) -> dict[str, Any]:
    """A node's linked inputs: as drawn, or as they run."""
    inputs: dict[str, Any] = {}
    for slot, each in enumerate(graph.inputs_of(node)):
        if each.link is None:
            continue
        found = graph.drawn(each.link) if drawn else graph.source(each.link, each.type)
        if drawn and (found is None or _is_stored(graph, found)):
            found = graph.source(each.link, each.type)
        for name in graph.names_of(node, slot):
            if isinstance(found, SourceOutput):
                inputs[name] = found.link
            elif isinstance(found, Value):
                inputs[name] = found.value
    return inputs


def _is_stored(graph: Graph, found: Source) -> bool:
    """Whether a link is drawn from a node that has no counterpart here."""
    if not isinstance(found, SourceOutput):
        return False
    kind = graph.graph.by_id[found.node].type
    return kind in GET or kind in SET or kind in DRAWN_ONLY


def _inputs(graph: Graph) -> dict[str, str]:
    return {name: f"{node}.{port}" for name, (node, port) in graph.ports.targets.items()}


def _outputs(graph: Graph) -> dict[str, str]:
    assert graph.definition is not None
    names = distinct([word(slot.name) for slot in graph.definition.outputs])
    found = {name: graph.behind(slot, "*") for slot, name in enumerate(names)}
    return {
        n: f"{each.node}.{each.name}" for n, each in found.items() if isinstance(each, SourceOutput)
    }


def _model(model: EditorModel) -> dict[str, str]:
    said = {
        "kind": _KINDS.get(model.directory, model.directory),
        "name": model.name,
        "url": model.url,
    }
    return said if model.sha256 is None else {**said, "sha256": model.sha256}


def _unnamed(found: WidgetValues) -> dict[str, Any]:
    """The values of a node of an unknown type, as far as they have names."""
    first = len(found.named)
    numbered = {f"widget_{n}": value for n, value in enumerate(found.left, first)}
    return {**found.named, **numbered}


def _is_left_over(value: object) -> bool:
    return value is None or (isinstance(value, str) and value in _LEFT_OVER)
