"""Node types as ComfyUI describes its classes (`/object_info`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from weft.engine.comfy.known import comfy_inputs
from weft.engine.declaration.node import MISSING, NodeSpec, Parameter
from weft.engine.declaration.registry import Registry
from weft.engine.declaration.sockets import SocketType
from weft.engine.declaration.widgets import MAX_SEED, InputFile, ModelFile, Multiline, Range, Seed

from ..files.folders import Folders
from ..models.service import Models

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
Choices = Mapping[str, Sequence[str]]
INPUT = "\0input"  # the key of input files among the kinds of models


def class_names(registry: Registry) -> Iterator[tuple[str, NodeSpec]]:
    """Every name by which a prompt may call a node type: weft's, and those of ComfyUI."""
    for spec in registry.values():
        for name in (spec.type_id, *spec.aliases):
            yield name, spec


def input_name(parameter: Parameter) -> str:
    """ComfyUI's name of an input."""
    return parameter.aliases[0] if parameter.aliases else parameter.name


async def read_choices(
    models: Models, folders: Folders, specs: Sequence[NodeSpec], sees: Callable[[str], bool]
) -> Choices:
    """The names of the files that inputs of some node types may name, by kind.

    Args:
        models: Knows model files.
        folders: Knows input files.
        specs: The node types.
        sees: Whether who asks may see an input file, by name.
    """
    found: dict[str, Sequence[str]] = {}
    for spec in specs:
        for parameter in spec.files:
            if isinstance(parameter.file, ModelFile) and parameter.file.kind not in found:
                found[parameter.file.kind] = await models.names(parameter.file.kind)
            elif isinstance(parameter.file, InputFile) and INPUT not in found:
                entries = await folders.indexes["input"].entries()
                found[INPUT] = [entry.name for entry in entries if sees(entry.name)]
    return found


def class_info(name: str, spec: NodeSpec, choices: Choices) -> dict[str, Any]:
    """One node type as ComfyUI describes it.

    Args:
        name: The name that it goes by here.
        spec: The node type.
        choices: From `read_choices`.
    """
    required, optional = _sections(name, spec)
    sections = {"required": required} | ({"optional": optional} if optional else {})
    own = spec.function.__module__.startswith("weft.")
    return {
        "input": {
            section: {said: input_info(p, choices) for said, p in parameters.items()}
            for section, parameters in sections.items()
        },
        "input_order": {section: list(parameters) for section, parameters in sections.items()},
        "output": [_output_type(o.type) for o in spec.outputs],
        "output_is_list": [o.type.name == "LIST" for o in spec.outputs],
        "output_name": [_output_name(o.name, o.type) for o in spec.outputs],
        "name": name,
        "display_name": _WORDS.sub(" ", name),
        "description": spec.doc.summary,
        "python_module": "nodes"
        if own
        else "custom_nodes." + spec.function.__module__.partition(".")[0],
        "category": spec.category,
        "output_node": spec.is_root,
    }


def class_inputs(name: str, spec: NodeSpec) -> dict[str, Parameter]:
    """The inputs of a node type by the names that they go by under one of its own."""
    required, optional = _sections(name, spec)
    return required | optional


def input_info(parameter: Parameter, choices: Choices) -> list[Any]:
    """One input: its type or its choices, then its options."""
    options: dict[str, Any] = {"tooltip": parameter.text}
    kind = _plain_type(parameter.type)
    if parameter.default is not MISSING and parameter.default is not None:
        options["default"] = parameter.default
    if parameter.lazy:
        options["lazy"] = True
    for widget in parameter.widgets:
        if isinstance(widget, Range):
            bounds = {"min": widget.low, "max": widget.high, "step": widget.step or widget.multiple}
            options |= {key: value for key, value in bounds.items() if value is not None}
        elif isinstance(widget, Multiline):
            options["multiline"] = True
        elif isinstance(widget, Seed):
            options |= {"min": 0, "max": MAX_SEED, "control_after_generate": True}
            options.setdefault("default", 0)
    if isinstance(parameter.file, ModelFile):
        return [list(choices.get(parameter.file.kind, ())), options]
    if isinstance(parameter.file, InputFile):
        if "image" in parameter.aliases:
            options["image_upload"] = True
        offered = [name for name in choices.get(INPUT, ()) if parameter.file.offers(name)]
        return [offered, options]
    if kind.name == "COMBO":
        return [list(kind.choices), options]
    if parameter.is_socket and kind.is_plain:
        options["forceInput"] = True
    return [_type(kind), options]


def _sections(name: str, spec: NodeSpec) -> tuple[dict[str, Parameter], dict[str, Parameter]]:
    """Required and optional inputs by ComfyUI's names, in the order in which its class has them.

    Clients give values by position and refuse to send a prompt that lacks a required one, so what
    ComfyUI does not have comes last and is optional where it can be left out.
    """
    theirs = comfy_inputs()
    known = next((theirs[n] for n in (name, spec.type_id, *spec.aliases) if n in theirs), [])
    placed = [{n: p for n in names if (p := spec.parameter(n)) is not None} for names in known]
    required, optional = placed or ({}, {})
    said = {p.name for section in (required, optional) for p in section.values()}
    for parameter in spec.parameters.values():
        if parameter.name not in said:
            (required if parameter.required else optional)[input_name(parameter)] = parameter
    return required, optional


def _plain_type(kind: SocketType) -> SocketType:
    """The type itself of `X | None`, and of a list its items."""
    if kind.name == "UNION":
        members = [a for a in kind.args if a.name != "NONE"]
        return _plain_type(members[0]) if len(members) == 1 else kind
    return _plain_type(kind.args[0]) if kind.name == "LIST" else kind


def _type(kind: SocketType) -> str:
    if kind.name in ("ANY", "VAR", "NONE"):
        return "*"
    if kind.name == "UNION":
        return ",".join(_type(a) for a in kind.args if a.name != "NONE")
    return kind.name


def _output_type(kind: SocketType) -> Any:
    plain = _plain_type(kind)
    return list(plain.choices) if plain.name == "COMBO" else _type(plain)


def _output_name(name: str, kind: SocketType) -> str:
    """ComfyUI names an output as its type, unless that says too little."""
    shown = _type(_plain_type(kind))
    return shown if name in (shown.lower(), "value") and shown != "*" else name
