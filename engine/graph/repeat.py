"""Maps and loops: one instance of a subgraph that expands to many, with the inputs of each.

    "each": {"type": "Restyle", "map": {"over": ["photo"]}, "inputs": {"photo": ["a.png", "b.png"]}}
    "grow": {"type": "Refine", "loop": {"times": 3}, "inputs": {"image": {"link": "photo.image"}}}

They are instances like any other (`each/0`, `each/1`; `grow/0`, `grow/1`), so a map gives exactly
what separate runs would give, and each item is cached, saved and reported on its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..declaration.collect import COLLECT, COLLECT_FINISHED, ITEMS
from ..errors import Problem
from .document import Loop, Map, Node, Subgraph, as_link

SEPARATOR = "/"


def item_lists(node: Node, flat: str, subgraph: Subgraph) -> tuple[dict[str, list[Any]], int]:
    """The lists of a mapped instance, one for each input, and their common length.

    A text stands for a list that only a registry and a workspace can give (see
    `Workflow.listed`); until then it is the one item.

    Raises:
        RepeatRefused: With the problem.
    """
    assert node.map is not None
    lists: dict[str, list[Any]] = {}
    for name in node.map.over:
        value = node.inputs.get(name)
        if name not in subgraph.interface.inputs:
            raise RepeatRefused(
                flat,
                "graph.bad_map",
                f'it maps over "{name}", which is no input of {node.type}',
                name,
                f"Its inputs: {', '.join(subgraph.interface.inputs) or 'none'}.",
            )
        if as_link(value) is not None:
            raise RepeatRefused(
                flat,
                "graph.bad_map",
                f'the list that it maps over must be known before the run, but "{name}" is linked',
                name,
                "Use a list of values or links, or a text with a list or range.",
            )
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not value:
            raise RepeatRefused(
                flat,
                "graph.empty_map",
                f'the list of "{name}" is empty',
                name,
                "Add at least one item, or a pattern that matches a file.",
            )
        lists[name] = value
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise RepeatRefused(
            flat,
            "graph.bad_map",
            f"its lists differ in length ({shown})",
            None,
            "Make the lists equally long.",
        )
    return lists, next(iter(lengths.values()))


def mapped(node: Node, lists: Mapping[str, list[Any]], count: int) -> Iterator[tuple[str, Node]]:
    """The instances of a map by their names."""
    for k in range(count):
        items = {name: values[k] for name, values in lists.items()}
        yield str(k), node.with_inputs({**node.inputs, **items}, repeated=False)


def collectors(flat: str, options: Map, subgraph: Subgraph, count: int) -> dict[str, Node]:
    """For each output of a map, by its name, a node that makes the list."""
    kind = COLLECT_FINISHED if options.on_error == "continue" else COLLECT
    return {
        name: Node.model_construct(
            type=kind,
            inputs={ITEMS: [{"link": f"{flat}{SEPARATOR}{k}.{name}"} for k in range(count)]},
        )
        for name in subgraph.interface.outputs
    }


def looped(node: Node, options: Loop, flat: str, subgraph: Subgraph) -> Iterator[tuple[str, Node]]:
    """The instances of a loop by their names.

    Raises:
        RepeatRefused: With the problem.
    """
    ports = subgraph.interface
    carried = [name for name in ports.inputs if name in ports.outputs]
    if options.index is not None and options.index not in ports.inputs:
        raise RepeatRefused(
            flat,
            "graph.bad_loop",
            f'its index "{options.index}" is no input of {node.type}',
            options.index,
            f"Its inputs: {', '.join(ports.inputs) or 'none'}.",
        )
    if not carried and options.index is None:
        raise RepeatRefused(
            flat,
            "graph.bad_loop",
            f"no output of {node.type} has the name of an input, so no value is carried from one "
            "iteration to the next",
            None,
            "Give one output the name of the input that it feeds in the next iteration.",
        )
    for k in range(options.times):
        inputs = dict(node.inputs)
        if k:
            inputs |= {n: {"link": f"{flat}{SEPARATOR}{k - 1}.{n}"} for n in carried}
        if options.index is not None:
            inputs[options.index] = k
        yield str(k), node.with_inputs(inputs, repeated=False)


class RepeatRefused(Exception):  # noqa: N818  (carries a finding to the list of findings)
    """A map or loop that cannot be."""

    def __init__(self, flat: str, code: str, reason: str, port: str | None, hint: str) -> None:
        self.problem = Problem(code, f"Node {flat}: {reason}.", flat, port, hint=hint)
