"""Subgraphs: a workflow inside a workflow, used like a node and expanded before a run.

    "subgraphs": {"Draw": {"nodes": {...}, "interface": {"inputs": {...}, "outputs": {...}}}},
    "nodes": {"first": {"type": "Draw", "inputs": {"prompt": "a star"}}}

A node whose type is the name of a subgraph is an instance of it. Its inputs and outputs are the
subgraph's interface. Expansion puts a copy of the inner nodes in its place, with ids such as
`first/sample`, and nothing is left of the instance: keys, caching, progress and errors are those of
the nodes themselves, so a subgraph gives exactly what its nodes would give without it.

An instance with `map` or `loop` becomes several instances first, `each/0`, `each/1`, ..., and is
then the same matter.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Problem
from .document import Document, Interface, Map, Node, Subgraph, as_link, as_links, split_target
from .repeat import SEPARATOR, RepeatRefused, collectors, item_lists, looped, mapped

Item = tuple[str, int]  # flat id of a map, and which of its items
MAX_NODES = 1_000_000
MAX_PROBLEMS = 1000


@dataclass(slots=True)
class Expanded:
    """A document without subgraphs.

    Attributes:
        document: The same workflow, flat.
        problems: What is wrong with the use of subgraphs.
        outputs: For each instance, by its flat id, its outputs' names and what they stand for.
        inputs: The same for inputs.
        maps: For each map, by its flat id, how it is made.
        items: For each node inside of maps, which items it belongs to, the outermost first.
    """

    document: Document
    problems: list[Problem] = field(default_factory=list)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    inputs: dict[str, Mapping[str, str]] = field(default_factory=dict)
    maps: dict[str, Map] = field(default_factory=dict)
    items: dict[str, tuple[Item, ...]] = field(default_factory=dict)

    def output(self, target: str) -> str:
        """The flat `node.output` of one that may belong to an instance."""
        return _follow(target, self.outputs)

    def input(self, target: str) -> str:
        """The flat `node.parameter` of one that may belong to an instance."""
        return _follow(target, self.inputs)


def expand(document: Document, *, limit: int = MAX_NODES) -> Expanded:
    """Replace every instance of a subgraph, at any depth.

    Args:
        document: Any document; one without instances comes back as it is.
        limit: Most nodes and instances; beyond there is a problem `graph.too_large`.
    """
    subgraphs = document.subgraphs
    if not any(n.type in subgraphs or n.map or n.loop for n in document.nodes.values()):
        return Expanded(document)
    if _at_least(document) > limit:  # counted, so that a few lines cannot cost minutes
        empty = document.model_copy(update={"nodes": {}})
        return Expanded(empty, [_too_large(limit)])
    return _Expansion(document, limit).run()


def _at_least(document: Document) -> int:
    """How many nodes there are once expanded; maps, loops and what contains itself count as one."""
    sizes: dict[str, int] = {}
    for name in document.subgraphs:
        stack = [(name, False)]
        while stack:  # no recursion: how deep subgraphs nest is up to the file
            current, done = stack.pop()
            if done:
                inner = document.subgraphs[current].nodes.values()
                sizes[current] = 1 + sum(sizes[n.type] if _is_once(n, sizes) else 1 for n in inner)
            elif current not in sizes:
                sizes[current] = 1
                stack.append((current, True))
                nodes = document.subgraphs[current].nodes.values()
                stack += [(n.type, False) for n in nodes if n.type in document.subgraphs]
    return sum(sizes[n.type] if _is_once(n, sizes) else 1 for n in document.nodes.values())


def _is_once(node: Node, sizes: Mapping[str, int]) -> bool:
    return node.type in sizes and node.map is None and node.loop is None


def _too_large(limit: int) -> Problem:
    return Problem(
        "graph.too_large",
        f"The workflow has more than {limit} nodes when its subgraphs are expanded.",
        expected=f"at most {limit} nodes",
        hint="Use fewer instances, or smaller maps and loops.",
    )


def _follow(target: str, instances: Mapping[str, Mapping[str, str]]) -> str:
    """Go from an instance's port to the port inside, until a real node is reached."""
    while True:
        node, port = split_target(target)
        inner = instances.get(node)
        if inner is None or port not in inner:
            return target
        target = inner[port]


def _reversed(document: Document) -> Iterable[tuple[str, Node]]:
    return reversed(document.nodes.items())  # what is put on a stack first comes off last


class _Expansion:
    def __init__(self, document: Document, limit: int) -> None:
        self.document = document
        self._limit = limit
        self.nodes: dict[str, Node] = {}
        self.result = Expanded(document)

    def run(self) -> Expanded:
        # A stack of our own: how deep subgraphs nest is up to the file.
        stack: list[tuple[str, str, Node, tuple[str, ...], tuple[Item, ...]]] = []
        stack.extend(("", node_id, node, (), ()) for node_id, node in _reversed(self.document))
        made = 0
        while stack:
            prefix, node_id, node, inside, items = stack.pop()
            flat = prefix + node_id
            made += 1  # instances too: an empty loop inside of loops has no nodes to count
            if made > self._limit:
                self.result.problems.append(_too_large(self._limit))
                break
            subgraph = self.document.subgraphs.get(node.type)
            if subgraph is None:
                self._keep(flat, node, items)
                continue
            if node.type in inside:
                path = " -> ".join([*inside, node.type])
                self._problem(
                    "graph.recursive_subgraph",
                    f'Node {flat}: the subgraph "{node.type}" contains itself: {path}.',
                    node=flat,
                    hint="Remove the instance inside the subgraph.",
                )
                continue
            if node.map is not None or node.loop is not None:
                stack.extend(
                    (flat + SEPARATOR, name, each, inside, (*items, *item))
                    for name, each, item in reversed(self._repeated(flat, node, subgraph, items))
                )
                continue
            stack.extend(
                (flat + SEPARATOR, inner_id, inner, (*inside, node.type), items)
                for inner_id, inner in reversed(self._instance(flat, node, subgraph).items())
            )
        self._resolve()
        return self.result

    def _keep(self, flat: str, node: Node, items: tuple[Item, ...]) -> None:
        """A node that is no instance."""
        self.nodes[flat] = node
        if items:
            self.result.items[flat] = items
        if node.map is not None or node.loop is not None:
            self._problem(
                "graph.not_repeatable",
                f"Node {flat}: a map or loop needs an instance of a subgraph, and "
                f'"{node.type[:100]}" is no subgraph of this workflow.',
                node=flat,
                hint="Put the node into a subgraph.",
            )

    def _repeated(
        self, flat: str, node: Node, subgraph: Subgraph, items: tuple[Item, ...]
    ) -> list[tuple[str, Node, tuple[Item, ...]]]:
        """The instances of a map or loop: name, instance, and the item that it is."""
        result = self.result
        first, outputs = f"{flat}{SEPARATOR}0", subgraph.interface.outputs
        result.inputs[flat] = {name: f"{first}.{name}" for name in subgraph.interface.inputs}
        result.outputs[flat] = {name: f"{first}.{name}" for name in outputs}
        if node.map is not None and node.loop is not None:
            self._problem(
                "graph.not_repeatable",
                f"Node {flat} is both a map and a loop.",
                node=flat,
                hint="Put the loop into a subgraph, and map that subgraph.",
            )
            return [("0", node.with_inputs(node.inputs, repeated=False), ())]
        lists: dict[str, list[Any]] = {}
        count = 0
        try:
            if node.loop is not None:
                rounds = list(looped(node, node.loop, flat, subgraph))
                last = f"{flat}{SEPARATOR}{rounds[-1][0]}"
                result.outputs[flat] = {name: f"{last}.{name}" for name in outputs}
                return [(name, each, ()) for name, each in rounds]
            assert node.map is not None
            lists, count = item_lists(node, flat, subgraph)
        except RepeatRefused as refused:
            # Its outputs stay, so that what reads them is not found wrong as well.
            result.problems.append(refused.problem)
            if node.map is None:
                return [("0", node.with_inputs(node.inputs, repeated=False), ())]
        result.maps[flat] = node.map
        for name, each in collectors(flat, node.map, subgraph, count).items():
            # A star is in no node's own id.
            collector = f"{flat}{SEPARATOR}*{SEPARATOR}{name}"
            self._keep(collector, each, items)
            result.outputs[flat] |= {name: f"{collector}.value"}
        return [
            (name, each, ((flat, k),)) for k, (name, each) in enumerate(mapped(node, lists, count))
        ]

    def _instance(self, flat: str, node: Node, subgraph: Subgraph) -> dict[str, Node]:
        """The inner nodes of an instance, with its inputs put where they belong."""
        prefix = flat + SEPARATOR
        ports = {
            side: {name: prefix + target for name, target in named.items()}
            for side, named in (
                ("inputs", subgraph.interface.inputs),
                ("outputs", subgraph.interface.outputs),
            )
        }
        self.result.inputs[flat], self.result.outputs[flat] = ports["inputs"], ports["outputs"]
        for side, named in ports.items():
            for name, target in named.items():
                inner_id, port = split_target(target.removeprefix(prefix))
                if inner_id not in subgraph.nodes or not port:
                    self._problem(
                        "graph.bad_interface",
                        f'The subgraph "{node.type}": its {side[:-1]} "{name}" refers to '
                        f'"{target.removeprefix(prefix)[:200]}", which is not in it.',
                        node=flat,
                        port=name,
                        hint="Correct the reference, or remove it.",
                    )
        inner = {
            inner_id: {name: _moved(value, prefix) for name, value in each.inputs.items()}
            for inner_id, each in subgraph.nodes.items()
        }
        for name, value in node.inputs.items():
            inner_id, port = split_target(subgraph.interface.inputs.get(name, ""))
            if inner_id in inner:
                inner[inner_id][port] = value
            elif name not in subgraph.interface.inputs:
                known = list(subgraph.interface.inputs)
                close = difflib.get_close_matches(name, known, n=1)
                self._problem(
                    "graph.unknown_input",
                    f'Node {flat} ({node.type}) has no input "{name[:100]}".',
                    node=flat,
                    port=name,
                    expected=f"one of: {', '.join(known) or 'none'}",
                    hint=f'Did you mean "{close[0]}"?' if close else "Remove it.",
                )
        return {
            inner_id: each.with_inputs(inner[inner_id]) for inner_id, each in subgraph.nodes.items()
        }

    def _resolve(self) -> None:
        """Point every link at a real node, and make the flat document."""
        result = self.result
        nodes = {
            node_id: node.with_inputs(
                {name: self._real(value) for name, value in node.inputs.items()}, repeated=False
            )
            for node_id, node in self.nodes.items()
        }
        interface = self.document.interface
        result.document = self.document.model_copy(
            update={
                "nodes": nodes,
                "subgraphs": {},
                "interface": Interface.model_construct(
                    inputs={n: result.input(t) for n, t in interface.inputs.items()},
                    outputs={n: result.output(t) for n, t in interface.outputs.items()},
                ),
            }
        )

    def _real(self, value: Any) -> Any:
        link = as_link(value)
        if link is not None:
            return {"link": self.result.output(link)}
        if as_links(value) is not None:
            return [self._real(item) for item in value]
        return value

    def _problem(self, code: str, message: str, **where: Any) -> None:
        # One mistake in a subgraph is found in each of its instances.
        if len(self.result.problems) < MAX_PROBLEMS or code == "graph.too_large":
            self.result.problems.append(Problem(code, message, **where))


def _moved(value: Any, prefix: str) -> Any:
    """An input's value with its links pointing into the instance."""
    link = as_link(value)
    if link is not None:
        return {"link": prefix + link}
    if as_links(value) is not None:
        return [_moved(item, prefix) for item in value]
    return value
