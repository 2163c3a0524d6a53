"""Which nodes of a ComfyUI file do not run: muted ones, and those that cannot do without them."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from .file import BYPASSED, FileNode
from .sources import OFF, SourceOutput

if TYPE_CHECKING:
    from .graph import Graph

NONE_OFF: frozenset[int] = frozenset()


def switch_off(graph: Graph) -> None:
    """Find a graph's `off` and `off_inputs`, from the muted nodes that are in `off` already."""
    readers: dict[str, set[str]] = defaultdict(set)
    waiting = deque(node.id for node in graph.real)
    queued = set(waiting)
    while waiting:
        node = graph.graph.by_id[waiting.popleft()]
        queued.discard(node.id)
        if node.id in graph.off or node.mode == BYPASSED:
            continue
        before = graph.off_inputs.get(node.id, NONE_OFF)
        is_off = _look_at(graph, node, readers)
        if is_off:
            graph.off.add(node.id)
        if is_off or graph.off_inputs.get(node.id, NONE_OFF) != before:
            again = readers[node.id] - queued
            queued |= again
            waiting.extend(sorted(again))


def _look_at(graph: Graph, node: FileNode, readers: dict[str, set[str]]) -> bool:
    """Whether a node is off now; what it reads is told that it does."""
    off: list[int] = []
    for slot, each in enumerate(graph.inputs_of(node)):
        found = graph.source(each.link, each.type)
        if found is OFF:
            off.append(slot)
        elif isinstance(found, SourceOutput):
            readers[found.node].add(node.id)
    if graph.definition_of(node) is None:
        spec = graph.graphs.registry.find(node.type)
        names = [(node.inputs or [])[slot].name for slot in off]
        inputs = [spec.parameter(name) if spec is not None else None for name in names]
        return any(parameter is None or parameter.required for parameter in inputs)
    inner = graph.graphs.inner(node.type, frozenset(off))
    plain = graph.graphs.inner(node.type)
    # An input that is off without taking a node with it makes no other graph.
    if inner is not None and plain is not None and not inner.runs_like(plain):
        graph.off_inputs[node.id] = frozenset(off)
    return inner is not None and inner.is_all_off
