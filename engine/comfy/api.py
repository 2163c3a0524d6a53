"""Read ComfyUI's API format: `{id: {"class_type": ..., "inputs": {name: literal or link}}}`.

A link there is `[id, slot]`. This is a translation of shape only: its class names are found as
aliases of ours, its input names as ours or as aliases of parameters; what has no counterpart stays
and is named by validation.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from ..declaration.node import NodeSpec
from ..declaration.registry import Registry
from ..declaration.widgets import InputFile
from ..graph.document import Document, parse

# Written by ComfyUI's editor beside an upload button; they say nothing about the picture.
EDITOR_ONLY = {"upload", "choose file to upload"}
INPUT_MARK = " [input]"
"""What ComfyUI puts behind the name of a file in the input folder, where it could lie elsewhere."""


def is_comfy(data: object) -> TypeGuard[dict[str, Any]]:
    """Whether JSON data is a workflow in ComfyUI's API format."""
    return (
        isinstance(data, dict)
        and bool(data)
        and "nodes" not in data
        and all(isinstance(node, dict) and "class_type" in node for node in data.values())
    )


def from_comfy(data: dict[str, Any], registry: Registry) -> Document:
    """The same workflow as a document.

    Raises:
        DocumentError: Ids or inputs have a shape that a document does not have.
    """
    nodes: dict[str, Any] = {}
    for node_id, node in data.items():
        spec = registry.find(str(node["class_type"]))
        inputs: dict[str, Any] = {}
        raw = node.get("inputs", {})
        for name, value in raw.items() if isinstance(raw, dict) else ():
            own, converted = input_of(spec, name, _value(value, data, registry))
            if own is not None:
                inputs[own] = converted
        entry: dict[str, Any] = {
            "type": spec.type_id if spec is not None else node["class_type"],
            "inputs": inputs,
        }
        meta = node.get("_meta")
        if isinstance(meta, dict) and isinstance(meta.get("title"), str):
            entry["title"] = meta["title"]
        nodes[node_id] = entry
    return parse({"weft": 1, "nodes": nodes})


def input_of(spec: NodeSpec | None, name: str, value: Any) -> tuple[str | None, Any]:
    """The name and value of an input in weft; no name for inputs that only the editor uses."""
    parameter = spec.parameter(name) if spec is not None else None
    if parameter is None:
        return (None if name in EDITOR_ONLY else name), value
    if parameter.file is not None and isinstance(value, str):
        value = value.replace("\\", "/")  # names saved on Windows
    if isinstance(parameter.file, InputFile) and isinstance(value, str):
        value = value.removesuffix(INPUT_MARK)
    return parameter.name, value


def _value(value: Any, data: dict[str, Any], registry: Registry) -> Any:
    if isinstance(value, list) and len(value) == 2 and type(value[1]) is int:
        node_id, slot = str(value[0]), value[1]
        # A pair of numbers is no link: links name nodes as text.
        if isinstance(value[0], str) or node_id in data:
            source = data.get(node_id)
            spec = registry.find(str(source["class_type"])) if source is not None else None
            known = spec is not None and 0 <= slot < len(spec.outputs)
            name = spec.outputs[slot].name if spec is not None and known else f"slot_{slot}"
            return {"link": f"{node_id}.{name}"}
    if isinstance(value, dict) and set(value) == {"__value__"}:
        return value["__value__"]
    return value
