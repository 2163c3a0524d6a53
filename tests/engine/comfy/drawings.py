"""Workflows whose meaning is known, and files of ComfyUI's editor that mean the same.

A `Graph` says what is linked to what; `flat` follows it by the rules, one node at a time, without
a look at any file. `file_of` draws it with everything that a drawing may have in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...lite import Lite

OFF = "off"
FLOAT = "FLOAT"


@dataclass(frozen=True)
class Ref:
    """What an input is linked to.

    Attributes:
        node: Number of a node of the same graph; None for an input of the subgraph around.
        slot: Number of its output, or of the subgraph's input.
        bends: What the link goes through: "reroute" or "bypass".
    """

    node: int | None
    slot: int
    bends: tuple[str, ...] = ()


@dataclass
class Leaf:
    """A node that runs.

    Attributes:
        values: Its widgets' values by name.
        sockets: What its sockets are linked to, by name.
        ports: Widgets that an input of the subgraph leads to: its number.
    """

    kind: str
    values: dict[str, float]
    sockets: dict[str, Ref | None] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    muted: bool = False


@dataclass
class Instance:
    """A node that stands for a subgraph.

    Attributes:
        of: Number of the subgraph.
        links: What its inputs are linked to, by number.
        ports: Inputs that an input of the subgraph around leads to: its number.
        values: Its own values of inputs that lead to a widget; None keeps the one inside.
        inside: Its own values of other widgets inside, by node and name; None as above.
        listed: Unlinked inputs that the file lists.
        order: In which order the file says that the values are; None for the definition's.
    """

    of: int
    links: dict[int, Ref] = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)
    values: dict[int, float | None] = field(default_factory=dict)
    inside: dict[tuple[int, str], float | None] = field(default_factory=dict)
    listed: set[int] = field(default_factory=set)
    order: list[int | tuple[int, str]] | None = None
    muted: bool = False


@dataclass
class Graph:
    """The root or a subgraph, which has inputs and outputs."""

    nodes: list[Leaf | Instance] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[Ref] = field(default_factory=list)


SOCKETS = {"Number": [], "Add": ["a", "b"], "Mystery": ["m.0", "m.1"]}
WIDGETS = {"Number": ["value"], "Add": ["bias"], "Mystery": ["p", "q"]}
OUTPUTS = {"Number": ["value"], "Add": ["value"], "Mystery": ["x_y", "z"]}
_DRAWN_AS = {"Number": "PrimitiveNumber", "Add": "Add", "Mystery": "Mystery"}
_DRAWN_OUTPUTS = {**OUTPUTS, "Mystery": ["x.y", "z"]}


def leads_to_widget(graphs: list[Graph], graph: Graph, slot: int) -> bool:
    """Whether an input of a subgraph leads to a widget inside of it, at any depth."""
    return any(
        slot in node.ports.values()
        if isinstance(node, Leaf)
        else any(
            outer == slot and leads_to_widget(graphs, graphs[node.of], inner)
            for inner, outer in node.ports.items()
        )
        for node in graph.nodes
    )


class _Scope:
    def __init__(self, graphs: list[Graph], graph: Graph, path: str, around: Any = None) -> None:
        self.graphs, self.graph, self.path = graphs, graph, path
        self.parent, self.instance = around or (None, None)
        self.inner = {
            n: _Scope(graphs, graphs[node.of], f"{path}{n + 1}/", (self, node))
            for n, node in enumerate(graph.nodes)
            if isinstance(node, Instance)
        }

    def read(self, ref: Ref | None) -> Any:
        """A link as (node, output's number), a number, OFF, or None for nothing."""
        if ref is None:
            return None
        if ref.node is None:
            return self.port(ref.slot)
        node = self.graph.nodes[ref.node]
        if node.muted:
            return OFF
        if isinstance(node, Instance):
            inner = self.inner[ref.node]
            return inner.read(inner.graph.outputs[ref.slot])
        return OFF if self.is_off(ref.node) else (f"{self.path}{ref.node + 1}", ref.slot, node.kind)

    def port(self, slot: int) -> Any:
        """What an input of this subgraph has."""
        if slot in self.instance.links:
            return self.parent.read(self.instance.links[slot])
        found = None
        if slot in self.instance.ports:
            found = self.parent.port(self.instance.ports[slot])
        return self.instance.values.get(slot) if found is None else found

    def is_off(self, number: int) -> bool:
        node = self.graph.nodes[number]
        return node.muted or any(self.read(ref) is OFF for ref in node.sockets.values())

    def leaves(self) -> Any:
        for number, node in enumerate(self.graph.nodes):
            if isinstance(node, Instance):
                if not node.muted:
                    yield from self.inner[number].leaves()
            elif not self.is_off(number):
                yield f"{self.path}{number + 1}", (node.kind, self.inputs(number, node))

    def inputs(self, number: int, node: Leaf) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in node.values.items():
            given = None
            if name in node.ports:
                given = self.port(node.ports[name])
            elif self.instance is not None:
                given = self.instance.inside.get((number, name))
            found[name] = value if given is None else given
        for name, ref in node.sockets.items():
            given = self.read(ref)
            if given is not None:
                found[name] = given
        return found


def flat(graphs: list[Graph], root: Graph) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every node that runs: its type and inputs. A link is (node, output's number, its type)."""
    return dict(_Scope(graphs, root, "").leaves())


def _place(graphs: list[Graph], place: int | tuple[int, str]) -> list[str]:
    return ["-1", f"in.{place}"] if isinstance(place, int) else [str(place[0] + 1), place[1]]


class _Drawing:
    def __init__(self, graphs: list[Graph], graph: Graph) -> None:
        self.graphs, self.graph, self.lite = graphs, graph, Lite()
        self.bends = 0

    def origin(self, ref: Ref) -> tuple[int, int]:
        """Where a link begins, once what it goes through is drawn."""
        at = (-10, ref.slot) if ref.node is None else (ref.node + 1, ref.slot)
        for bend in ref.bends:
            self.bends += 1
            number = 100 + self.bends
            if bend == "reroute":
                self.lite.add(number, "Reroute", inputs=[("", "*", at)], outputs=[("", "*")])
            else:
                inputs = [("other", "PICTURE", None), ("a", FLOAT, at)]
                self.lite.add(number, "Bypassed", inputs=inputs, outputs=[("*", "*")], mode=4)
            at = (number, 0)
        return at

    def leaf(self, number: int, node: Leaf) -> None:
        sockets = [
            (name, FLOAT, self.origin(ref) if ref is not None else None)
            for name, ref in node.sockets.items()
        ]
        widgets = [
            (name, FLOAT, (-10, node.ports[name]) if name in node.ports else None)
            for name in node.values
        ]
        self.lite.add(
            number + 1,
            _DRAWN_AS[node.kind],
            list(node.values.values()),
            inputs=[*sockets, *widgets],
            widgets=list(node.values),
            outputs=[(name, FLOAT) for name in _DRAWN_OUTPUTS[node.kind]],
            mode=2 if node.muted else 0,
        )

    def instance(self, number: int, node: Instance) -> None:
        definition = self.graphs[node.of]
        inputs: list[Any] = []
        for slot, kind in enumerate(definition.inputs):
            at = self.origin(node.links[slot]) if slot in node.links else None
            at = (-10, node.ports[slot]) if slot in node.ports else at
            if at is not None or slot in node.listed:
                inputs.append((f"in.{slot}", kind, at))
        order: list[Any] = [slot for slot in range(len(definition.inputs)) if slot in node.values]
        order = order if node.order is None else node.order
        values = [
            node.values[place] if isinstance(place, int) else node.inside[place] for place in order
        ]
        shown = (
            {} if node.order is None else {"proxyWidgets": [_place(self.graphs, p) for p in order]}
        )
        self.lite.add(
            number + 1,
            f"uuid-{node.of}",
            values,
            inputs=inputs,
            outputs=[(f"out.{n}", FLOAT) for n in range(len(definition.outputs))],
            properties=shown,
            mode=2 if node.muted else 0,
        )

    def drawn(self) -> Lite:
        for number, node in enumerate(self.graph.nodes):
            if isinstance(node, Leaf):
                self.leaf(number, node)
            else:
                self.instance(number, node)
        for slot, ref in enumerate(self.graph.outputs):
            self.lite.link(self.origin(ref), (-20, slot), FLOAT)
        return self.lite


def file_of(graphs: list[Graph], root: Graph) -> dict[str, Any]:
    """The workflow as ComfyUI's editor saves it."""
    definitions = [
        _Drawing(graphs, graph)
        .drawn()
        .definition(
            f"uuid-{number}",
            f"Part {number}",
            [(f"in.{n}", kind) for n, kind in enumerate(graph.inputs)],
            [(f"out.{n}", FLOAT) for n in range(len(graph.outputs))],
        )
        for number, graph in enumerate(graphs)
    ]
    return _Drawing(graphs, root).drawn().data(definitions={"subgraphs": definitions})
