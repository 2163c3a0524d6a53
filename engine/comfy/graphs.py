"""The graphs of a ComfyUI file: where their links lead, and which of their nodes run.

A subgraph is one definition with several instances. What of it runs can differ between them: an
input that leads to a muted node outside switches off what needs it inside. So a graph here is a
definition together with the inputs that are off.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ..declaration.registry import Registry
from ..errors import DocumentError
from .file import (
    BEND,
    BYPASSED,
    GET,
    INPUT_SIDE,
    MUTED,
    OUTPUT_SIDE,
    OWN_INPUT,
    PRIMITIVE,
    SET,
    VIRTUAL,
    Definition,
    EditorFile,
    FileGraph,
    FileNode,
    Promoted,
    Slot,
)
from .names import OutputNames, distinct, word
from .ports import InstanceValues, Ports, instance_values, ports_of, widget_inputs
from .sources import OFF, Off, Output, Port, Source, Value, handed_on

REROUTE_OUTPUT = "out"
MAX_NESTING = 60
NONE_OFF: frozenset[int] = frozenset()


class Graphs:
    """The definitions of a file, each as often as other inputs of it are off."""

    def __init__(self, file: EditorFile, registry: Registry) -> None:
        self.file = file
        self.registry = registry
        self.definitions = {d.id: d for d in file.definitions.subgraphs}
        self.output_names = OutputNames(
            node
            for graph in (file, *self.definitions.values())
            for node in graph.nodes
            if node.type not in self.definitions
            and node.type not in VIRTUAL
            and registry.find(node.type) is None
        )
        self.promoted: dict[str, list[Promoted]] = {}
        for graph in (file, *self.definitions.values()):
            for node in graph.nodes:
                if node.type in self.definitions:
                    shown = self.promoted.setdefault(node.type, [])
                    new = (p for p in node.promoted or () if p.node != OWN_INPUT)
                    shown += [p for p in dict.fromkeys(new) if p not in shown]
        self.widget_inputs: dict[str, list[int]] = {}
        self._graphs: dict[tuple[str, frozenset[int]], Graph] = {}
        self._being_made: set[str] = set()
        names: dict[str, set[str]] = {}
        for key in self._innermost_first():
            definition = self.definitions[key]
            self.widget_inputs[key] = slots = widget_inputs(definition, names)
            names[key] = {definition.inputs[slot].name for slot in slots}
        for key in self.widget_inputs:
            made = self.inner(key)
            assert made is not None
            _ = made.ports
        self.root = Graph(self, file, None, NONE_OFF)

    def inner(self, key: str, off: frozenset[int] = NONE_OFF) -> Graph | None:
        """A subgraph with some inputs off; None inside of itself, which validation refuses.

        Raises:
            DocumentError: Subgraphs nest too deeply for what is muted in them to be followed.
        """
        found = self._graphs.get((key, off))
        if found is not None:
            return found
        if key in self._being_made:
            return None
        if len(self._being_made) >= MAX_NESTING:
            raise DocumentError(
                f"Muted nodes lead into subgraphs that nest more than {MAX_NESTING} deep.",
                code="document.comfy_editor",
                hint="Delete the muted nodes in ComfyUI's editor, and save it again.",
            )
        self._being_made.add(key)
        try:
            made = Graph(self, self.definitions[key], self.definitions[key], off)
        finally:
            self._being_made.discard(key)
        self._graphs[key, off] = made
        return made

    def _innermost_first(self) -> Iterator[str]:
        """Definitions after those that they contain, so that nesting costs no recursion."""
        done: set[str] = set()
        for key in self.definitions:
            stack = [(key, False)]
            while stack:
                current, ready = stack.pop()
                if ready:
                    yield current
                elif current not in done:
                    done.add(current)
                    stack.append((current, True))
                    inside = {node.type for node in self.definitions[current].nodes}
                    stack += [(each, False) for each in inside & self.definitions.keys()]


class Graph:
    """The root, or a subgraph where some of its inputs are off.

    Attributes:
        off: Nodes that do not run: muted ones and those that need them.
        off_inputs: For instances of subgraphs, which of their inputs are off.
    """

    def __init__(
        self,
        graphs: Graphs,
        graph: FileGraph,
        definition: Definition | None,
        off_ports: frozenset[int],
    ) -> None:
        self.graphs = graphs
        self.graph = graph
        self.definition = definition
        self.off_ports = off_ports
        self.real = [n for n in graph.nodes if n.type not in VIRTUAL]
        self.off = {node.id for node in self.real if node.mode == MUTED}
        self.off_inputs: dict[str, frozenset[int]] = {}
        self._asked: set[int] = set()
        self._values: dict[str, InstanceValues] = {}
        self._ports: Ports | None = None
        self._switch_off()

    # -- slots ------------------------------------------------------------------------------

    def definition_of(self, node: FileNode) -> Definition | None:
        """The subgraph that a node is an instance of; None for other nodes."""
        return self.graphs.definitions.get(node.type)

    def inner(self, node: FileNode) -> Graph | None:
        """The graph inside of an instance of a subgraph; None if it stands inside of itself."""
        return self.graphs.inner(node.type, self.off_inputs.get(node.id, NONE_OFF))

    def runs_like(self, other: Graph) -> bool:
        """Whether the same nodes run."""
        return self.off == other.off and self.off_inputs == other.off_inputs

    def inputs_of(self, node: FileNode) -> list[Slot]:
        """A node's inputs; for an instance one for each of its subgraph, found by name.

        A file lists only some of an instance's inputs, so that places in the list say nothing.
        """
        listed = node.inputs or []
        definition = self.definition_of(node)
        if definition is None:
            return listed
        left = list(listed)
        found = []
        for slot in definition.inputs:
            same = next((each for each in left if each.name == slot.name), None)
            if same is not None:
                left.remove(same)
            found.append(Slot(name=slot.name, type=slot.type, link=same.link if same else None))
        return found

    def strangers(self, node: FileNode) -> list[str]:
        """Linked inputs of an instance that its subgraph does not have."""
        definition = self.definition_of(node)
        own = {slot.name for slot in definition.inputs} if definition is not None else set()
        listed = node.inputs or []
        return [s.name for s in listed if definition and s.link is not None and s.name not in own]

    def output_slot(self, node: FileNode, slot: int) -> int:
        """The number that an output of an instance has in its subgraph."""
        definition, listed = self.definition_of(node), node.outputs or []
        if definition is None or slot >= len(listed):
            return slot
        name = listed[slot].name
        earlier = sum(each.name == name for each in listed[:slot])
        same = [number for number, each in enumerate(definition.outputs) if each.name == name]
        return same[earlier] if earlier < len(same) else slot

    # -- where links lead -------------------------------------------------------------------

    def drawn(self, link_id: int | None) -> Source:
        """What a link is drawn from."""
        link = self.graph.link.get(link_id) if link_id is not None else None
        if link is None:
            return None
        if link.origin_id == INPUT_SIDE:
            return self._port(link.origin_slot)
        node = self.graph.by_id.get(link.origin_id)
        return None if node is None else self._said(node, link.origin_slot)

    def source(self, link_id: int | None, wanted: Any = "*") -> Source:
        """What a link really reads, past everything that does not run.

        Args:
            link_id: The link; None leads nowhere.
            wanted: The type of the input that reads it, for bypassed nodes.
        """
        seen: set[tuple[str, int]] = set()
        while link_id is not None:
            link = self.graph.link.get(link_id)
            if link is None or (link.origin_id, link.origin_slot) in seen:
                return None
            seen.add((link.origin_id, link.origin_slot))
            node, slot = self.graph.by_id.get(link.origin_id), link.origin_slot
            if link.origin_id == INPUT_SIDE:
                return self._port(slot)
            if node is None:
                return None
            if node.type == PRIMITIVE:
                return Value(node.value, node.id)
            if node.mode == MUTED:
                return OFF
            found = self._passed(node, slot, wanted)
            if not isinstance(found, Slot):
                return OFF if node.id in self.off and isinstance(found, Output) else found
            link_id = found.link
        return None

    def behind(self, slot: int, wanted: Any) -> Source:
        """What an output of this subgraph stands for inside of it."""
        assert self.definition is not None
        outputs = self.definition.outputs
        kind = outputs[slot].type if slot < len(outputs) else "*"
        if slot in self._asked:
            return None  # it leads to itself
        self._asked.add(slot)
        try:
            return self.source(self._output_link(slot), wanted if kind == "*" else kind)
        finally:
            self._asked.discard(slot)

    def _passed(self, node: FileNode, slot: int, wanted: Any) -> Source | Slot:
        """What an output of a node is: a source, or an input whose link is to be followed."""
        inputs = self.inputs_of(node)
        if node.type in BEND or node.type in SET:
            return inputs[0] if inputs else None
        if node.type in GET:
            stored = self.graph.stored.get(str(node.value))
            return stored.inputs[0] if stored is not None and stored.inputs else None
        if node.mode == BYPASSED:
            return handed_on(inputs, node.outputs or [], slot, wanted)
        if self.definition_of(node) is None:
            return self._said(node, slot)
        graph = self.inner(node)
        if graph is None:
            return self._said(node, slot)
        found = graph.behind(self.output_slot(node, slot), wanted)
        if isinstance(found, Output):
            return self._said(node, slot)
        if isinstance(found, Port):  # the subgraph hands an input straight on
            if found.slot >= len(inputs):
                return None
            if inputs[found.slot].link is not None:
                return inputs[found.slot]
            values = self.values(node).by_input
            return Value(values[found.slot], node.id) if found.slot in values else None
        return found

    def _port(self, slot: int) -> Port | Off:
        return OFF if slot in self.off_ports else Port(slot)

    def _output_link(self, slot: int) -> int | None:
        assert self.definition is not None
        outputs = self.definition.outputs
        said = outputs[slot].link_ids if slot < len(outputs) else None
        for link_id in said if isinstance(said, list) else ():
            link = self.graph.link.get(link_id) if type(link_id) is int else None
            if link is not None and link.target_id == OUTPUT_SIDE:
                return link.id
        return self._output_links.get(slot)

    @cached_property
    def _output_links(self) -> dict[int, int]:
        links: dict[int, int] = {}
        for link in self.graph.links:
            if link.target_id == OUTPUT_SIDE:
                links.setdefault(link.target_slot, link.id)
        return links

    def _said(self, node: FileNode, slot: int) -> Source:
        """An output of a node by its name."""
        if node.type == PRIMITIVE:
            return Value(node.value, node.id)
        if node.type in BEND:
            return Output(node.id, REROUTE_OUTPUT)
        definition = self.definition_of(node)
        if definition is not None:
            number = self.output_slot(node, slot)
            names = distinct([word(each.name) for each in definition.outputs])
            return Output(node.id, names[number] if number < len(names) else f"slot_{number}")
        spec = self.graphs.registry.find(node.type)
        if spec is not None:
            known = slot < len(spec.outputs)
            return Output(node.id, spec.outputs[slot].name if known else f"slot_{slot}")
        return Output(node.id, self.graphs.output_names.name(node.type, slot))

    # -- what runs --------------------------------------------------------------------------

    def _switch_off(self) -> None:
        readers: dict[str, set[str]] = defaultdict(set)
        waiting = deque(node.id for node in self.real)
        queued = set(waiting)
        while waiting:
            node = self.graph.by_id[waiting.popleft()]
            queued.discard(node.id)
            if node.id in self.off or node.mode == BYPASSED:
                continue
            before = self.off_inputs.get(node.id, NONE_OFF)
            is_off = self._look_at(node, readers)
            if is_off:
                self.off.add(node.id)
            if is_off or self.off_inputs.get(node.id, NONE_OFF) != before:
                again = readers[node.id] - queued
                queued |= again
                waiting.extend(sorted(again))

    def _look_at(self, node: FileNode, readers: dict[str, set[str]]) -> bool:
        """Whether a node is off now; `readers` are told of it for what it reads."""
        off: list[int] = []
        for slot, each in enumerate(self.inputs_of(node)):
            found = self.source(each.link, each.type)
            if found is OFF:
                off.append(slot)
            elif isinstance(found, Output):
                readers[found.node].add(node.id)
        if self.definition_of(node) is None:
            spec = self.graphs.registry.find(node.type)
            names = [(node.inputs or [])[slot].name for slot in off]
            found_all = [spec.parameter(name) if spec is not None else None for name in names]
            return any(parameter is None or parameter.required for parameter in found_all)
        graph, plain = self.graphs.inner(node.type, frozenset(off)), self.graphs.inner(node.type)
        # An input that is off without taking a node with it makes no other graph.
        if graph is not None and plain is not None and not graph.runs_like(plain):
            self.off_inputs[node.id] = frozenset(off)
        return graph is not None and graph.is_all_off

    @property
    def is_all_off(self) -> bool:
        """Whether there are nodes, and none of them runs."""
        running = [node for node in self.real if node.mode != BYPASSED]
        return bool(running) and all(node.id in self.off for node in running)

    # -- instances of subgraphs -------------------------------------------------------------

    @property
    def ports(self) -> Ports:
        """What of this subgraph an instance can set; nothing inside of itself."""
        if self._ports is None:
            self._ports = Ports()
            self._ports = ports_of(self)
        return self._ports

    def names_of(self, node: FileNode, slot: int) -> list[str]:
        """What an input is called here; several names where a subgraph uses it more than once."""
        if node.type in BEND:
            return ["in"]
        if self.definition_of(node) is not None:
            graph = self.inner(node)
            return graph.ports.of_input(slot) if graph is not None else []
        name = (node.inputs or [])[slot].name
        spec = self.graphs.registry.find(node.type)
        parameter = spec.parameter(name) if spec is not None else None
        return [parameter.name if parameter is not None else (name or f"input_{slot}")[:128]]

    def values(self, node: FileNode) -> InstanceValues:
        """The values that an instance of a subgraph has itself."""
        if node.id not in self._values:
            self._values[node.id] = instance_values(self, node)
        return self._values[node.id]
