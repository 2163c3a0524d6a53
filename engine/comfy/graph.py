"""One graph of a ComfyUI file: where its links lead, and which of its nodes run.

A subgraph is one definition with several instances. What of it runs can differ between them: an
input that leads to a muted node outside switches off what needs it inside. So a graph here is a
definition together with the inputs that are off.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .file import (
    BEND,
    BYPASSED,
    GET,
    INPUT_SIDE,
    MUTED,
    OUTPUT_SIDE,
    PRIMITIVE,
    SET,
    VIRTUAL,
    Definition,
    FileGraph,
    FileLink,
    FileNode,
    FileSlot,
)
from .modes import NONE_OFF, switch_off
from .names import distinct, word
from .ports import InstanceValues, Ports, instance_values, ports_of
from .sources import OFF, Off, Port, Source, SourceOutput, Value, handed_on

if TYPE_CHECKING:
    from .graphs import Graphs

REROUTE_OUTPUT = "out"
"""The output of weft's editor's own node for a bend in a link."""


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
        self._sources: dict[tuple[str, int, str], Source] = {}
        self._is_settled = False  # what runs is known, and what links lead to stays as it is
        switch_off(self)
        self._is_settled = True

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

    def inputs_of(self, node: FileNode) -> list[FileSlot]:
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
            found.append(FileSlot(name=slot.name, type=slot.type, link=same.link if same else None))
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
        """The output that a link is drawn from."""
        link = self.graph.link.get(link_id) if link_id is not None else None
        if link is None:
            return None
        if link.origin_id == INPUT_SIDE:
            return self._port(link.origin_slot)
        node = self.graph.by_id.get(link.origin_id)
        return None if node is None else self._said(node, link.origin_slot)

    def source(self, link_id: int | None, wanted: Any = "*") -> Source:
        """The output that a link reads, past all nodes that do not run.

        Args:
            link_id: The link; None leads nowhere.
            wanted: The type of the input that reads it, for bypassed nodes.
        """
        path: dict[tuple[str, int, str], None] = {}
        found: Source = None
        while link_id is not None:
            link = self.graph.link.get(link_id)
            if link is None:
                break
            place = (link.origin_id, link.origin_slot, str(wanted))
            if place in self._sources:
                found = self._sources[place]
                break
            if place in path:
                break
            path[place] = None
            step = self._step(link, wanted)
            if not isinstance(step, FileSlot):
                found = step
                break
            link_id = step.link
        if self._is_settled:
            self._sources |= dict.fromkeys(path, found)
        return found

    def _step(self, link: FileLink, wanted: Any) -> Source | FileSlot:
        """What a link is drawn from: a source, or an input whose link is to be followed."""
        if link.origin_id == INPUT_SIDE:
            return self._port(link.origin_slot)
        node = self.graph.by_id.get(link.origin_id)
        if node is None:
            return None
        if node.type == PRIMITIVE:
            return Value(node.value, node.id)
        if node.mode == MUTED:
            return OFF
        found = self._passed(node, link.origin_slot, wanted)
        return OFF if node.id in self.off and isinstance(found, SourceOutput) else found

    def behind(self, slot: int, wanted: Any) -> Source:
        """The output inside this subgraph that one of its outputs refers to."""
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

    def _passed(self, node: FileNode, slot: int, wanted: Any) -> Source | FileSlot:
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
        if isinstance(found, SourceOutput):
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
        said = outputs[slot].linkIds if slot < len(outputs) else None
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
            return SourceOutput(node.id, REROUTE_OUTPUT)
        definition = self.definition_of(node)
        if definition is not None:
            number = self.output_slot(node, slot)
            names = distinct([word(each.name) for each in definition.outputs])
            return SourceOutput(node.id, names[number] if number < len(names) else f"slot_{number}")
        spec = self.graphs.registry.find(node.type)
        if spec is not None:
            known = slot < len(spec.outputs)
            return SourceOutput(node.id, spec.outputs[slot].name if known else f"slot_{slot}")
        return SourceOutput(node.id, self.graphs.output_names.name(node.type, slot))

    # -- what runs --------------------------------------------------------------------------

    @property
    def is_all_off(self) -> bool:
        """Whether there are nodes, and none of them runs."""
        running = [node for node in self.real if node.mode != BYPASSED]
        return bool(running) and all(node.id in self.off for node in running)

    # -- instances of subgraphs -------------------------------------------------------------

    @property
    def ports(self) -> Ports:
        """The inputs of this subgraph that an instance can set; nothing inside of itself."""
        if self._ports is None:
            self._ports = Ports()
            self._ports = ports_of(self)
        return self._ports

    def names_of(self, node: FileNode, slot: int) -> list[str]:
        """The names of an input in weft; several if a subgraph uses it more than once."""
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
