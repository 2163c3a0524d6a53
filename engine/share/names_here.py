"""Shared workflows with the names that their files have here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..declaration.registry import Registry
from ..declaration.widgets import ModelFile
from ..graph.document import Document, Node
from ..graph.parameters import parameter_of


def renamed(document: Document, registry: Registry, names: dict[tuple[str, str], str]) -> Document:
    """A workflow that names files as they are called here.

    Args:
        document: Any document.
        registry: Its node types.
        names: (Kind of model folder, or "" for inputs; name) -> name here.
    """
    if not names:
        return document
    subgraphs = {
        name: each.model_copy(update={"nodes": _renamed(document, each.nodes, registry, names)})
        for name, each in document.subgraphs.items()
    }
    nodes = _renamed(document, document.nodes, registry, names)
    return document.model_copy(update={"nodes": nodes, "subgraphs": subgraphs})


def _renamed(
    document: Document,
    nodes: Mapping[str, Node],
    registry: Registry,
    names: dict[tuple[str, str], str],
) -> dict[str, Node]:
    inside = document.model_copy(update={"nodes": nodes})

    def here(target: str, value: Any) -> Any:
        parameter = parameter_of(inside, registry, target)
        kind = parameter.file if parameter is not None else None
        if kind is None:
            return value
        folder = kind.kind if isinstance(kind, ModelFile) else ""
        if isinstance(value, list):  # what a map goes over
            return [names.get((folder, v), v) if isinstance(v, str) else v for v in value]
        return names.get((folder, value), value) if isinstance(value, str) else value

    return {
        node_id: node.with_inputs(
            {name: here(f"{node_id}.{name}", value) for name, value in node.inputs.items()}
        )
        for node_id, node in nodes.items()
    }
