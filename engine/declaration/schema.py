"""Node types as JSON, for editors, help pages and generated clients."""

from __future__ import annotations

from typing import Any

from .node import NodeSpec, Parameter
from .sockets import SocketType
from .widgets import to_json


def node_schema(spec: NodeSpec) -> dict[str, Any]:
    """One node type as a JSON object."""
    return {
        "type": spec.type_id,
        "category": spec.category,
        "version": spec.version,
        "aliases": list(spec.aliases),
        "summary": spec.doc.summary,
        "description": spec.doc.body,
        "inputs": {p.name: _parameter(p) for p in spec.parameters.values()},
        "outputs": {o.name: _type(o.type) for o in spec.outputs},
        "returns": spec.doc.sections.get("Returns", ""),
        "source": spec.doc.sections.get("Source", ""),
        "effects": sorted(spec.effects),
        "root": spec.is_root,
        "pure": spec.pure,
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    entry: dict[str, Any] = {
        **_type(parameter.type),
        "socket": parameter.is_socket,
        "required": parameter.required,
        "description": parameter.text,
    }
    if not parameter.required:
        entry["default"] = parameter.default
    for widget in parameter.widgets:
        entry.update(to_json(widget))
    return entry


def _type(kind: SocketType) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": str(kind)}
    if kind.choices:
        entry["choices"] = list(kind.choices)
    return entry
