"""Nodes that need each other, with the links of a cycle named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..errors import Problem
from .document import Node, links_in, split_target


def cycle_problems(nodes: Mapping[str, Node]) -> Iterator[Problem]:
    """One problem for each group of nodes that need each other, with a cycle's links named.

    Args:
        nodes: The nodes by id; links to nodes that are not there are left out.
    """
    edges = {
        (link.node, node_id): f"{link} -> {node_id}.{name}"
        for node_id, entry in nodes.items()
        for name, value in entry.inputs.items()
        for link in links_in(value)
        if link.node in nodes
    }
    if not _has_cycle(nodes, edges):
        return
    import networkx as nx  # noqa: PLC0415  (only a broken graph pays for it)

    graph: nx.DiGraph[str] = nx.DiGraph(list(edges))
    for group in nx.strongly_connected_components(graph):
        first = next(iter(group))
        if len(group) == 1 and not graph.has_edge(first, first):
            continue
        cycle = [edges[a, b] for a, b, *_ in nx.find_cycle(graph.subgraph(group), first)]
        yield Problem(
            "graph.cycle",
            f"The graph has a cycle: {'; '.join(cycle[:20])}"
            + (f" ({len(cycle)} links in all)." if len(cycle) > 20 else "."),
            split_target(cycle[0].rpartition(" -> ")[2])[0],
            hint=f"Remove one of these {len(cycle)} links.",
        )


def _has_cycle(nodes: Mapping[str, Node], edges: Iterable[tuple[str, str]]) -> bool:
    """Kahn's algorithm, counting only: whether some node never becomes ready."""
    waiting = dict.fromkeys(nodes, 0)
    readers: dict[str, list[str]] = {}
    for source, reader in edges:
        waiting[reader] += 1
        readers.setdefault(source, []).append(reader)
    ready = [n for n, count in waiting.items() if count == 0]
    done = 0
    while ready:
        done += 1
        for reader in readers.get(ready.pop(), ()):
            waiting[reader] -= 1
            if waiting[reader] == 0:
                ready.append(reader)
    return done < len(waiting)
