"""Which declared parameter a `node.parameter` of a document is."""

from __future__ import annotations

from ..declaration.node import Parameter
from ..declaration.registry import Registry
from .document import Document, split_target


def parameter_of(document: Document, registry: Registry, target: str) -> Parameter | None:
    """The declaration of `node.parameter`; None when the node or its type is not known.

    The input of a subgraph's instance is the parameter that it stands for inside.
    """
    nodes, seen = document.nodes, 0
    while True:
        node_id, port = split_target(target)
        node = nodes.get(node_id)
        if node is None or seen > len(document.subgraphs):  # the latter: it contains itself
            return None
        subgraph = document.subgraphs.get(node.type)
        if subgraph is None:
            spec = registry.find(node.type)
            return spec.parameter(port) if spec is not None else None
        nodes, target, seen = subgraph.nodes, subgraph.interface.inputs.get(port, ""), seen + 1
