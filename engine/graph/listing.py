"""The texts that say a list, for inputs that a map goes over: `photos/*.jpg`, `1..500`, `3,5,7`."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from typing import Any

from ..declaration.node import Parameter
from ..declaration.registry import Registry
from ..declaration.widgets import InputFile, ModelFile
from ..errors import Problem, ValidationError
from ..files.workspace import Workspace
from .document import Document, Node
from .parameters import parameter_of
from .sweep_values import parse_values


def listed(
    document: Document,
    registry: Registry,
    workspace: Workspace,
    *,
    only: type[InputFile | ModelFile] | None = None,
) -> Document:
    """A document in which every map of the top level goes over lists; itself if all did.

    Args:
        document: Any document.
        registry: Says what an input takes: where a file is named, a text is a pattern of names.
        workspace: Where files are looked for.
        only: Reads only the texts that are patterns of such files; None reads all.

    Raises:
        ValidationError: A text says no list. A pattern that no file fits gives an empty list,
            which validation reports.
    """
    changed: dict[str, Node] = {}
    for node_id, node in document.nodes.items():
        texts = {
            name: value
            for name in (node.map.over if node.map is not None else ())
            if isinstance(value := node.inputs.get(name), str)
            and (only is None or _names(document, registry, node_id, name, only))
        }
        if texts:
            lists = _lists(document, registry, workspace, node_id, texts)
            changed[node_id] = node.with_inputs({**node.inputs, **lists})
    if not changed:
        return document
    return document.model_copy(update={"nodes": {**document.nodes, **changed}})


def _names(
    document: Document,
    registry: Registry,
    node_id: str,
    name: str,
    kind: type[InputFile | ModelFile],
) -> bool:
    """Whether an input names such a file."""
    parameter = parameter_of(document, registry, f"{node_id}.{name}")
    return parameter is not None and isinstance(parameter.file, kind)


def _lists(
    document: Document,
    registry: Registry,
    workspace: Workspace,
    node_id: str,
    texts: Mapping[str, str],
) -> dict[str, list[Any]]:
    lists: dict[str, list[Any]] = {}
    for name, text in texts.items():
        parameter = parameter_of(document, registry, f"{node_id}.{name}")
        try:
            lists[name] = _items(text, parameter, workspace)
        except ValidationError as error:
            problems = [
                Problem(p.code, p.message, node_id, name, p.expected, p.got, p.hint)
                for p in error.problems
            ]
            raise ValidationError(f'The list of "{name}" cannot be used:', problems) from error
    return lists


def _items(text: str, parameter: Parameter | None, workspace: Workspace) -> list[Any]:
    kind = parameter.file if parameter is not None else None
    if isinstance(kind, InputFile):
        names = workspace.inputs_like(text)
    elif isinstance(kind, ModelFile):
        names = [n for n in workspace.list_models(kind.kind) if fnmatch.fnmatchcase(n, text)]
    else:
        return list(parse_values(text, parameter))
    return sorted(names, key=_natural)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sorts photo2 before photo10."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", name.casefold())
    ]
