"""The names of files that nodes write: values of other nodes filled in, and refused before a run.

`%KSampler.seed%` in a `filename_prefix` stands for a value of the workflow. It is filled in when a
run is planned, so that it is part of the writer's key: a run that is gone on with does not take a
file for its own that was named after another value. Tokens of time and of images stay, and are
filled in when the file is written.

Source: ComfyUI's editor, which finds nodes by their type or title; weft knows them by id first.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..declaration.node import MISSING, NodeSpec, Parameter
from ..declaration.registry import Registry
from ..errors import FileError, Problem
from ..files.name_tokens import CLOCK, DATE, OF_IMAGES, fill, fill_by, known_tokens
from ..files.written_names import output_problem
from .document import Document, Node, as_link, as_links, split_target
from .expand import Expanded
from .repeat import SEPARATOR

# What ComfyUI's editor replaces in a value, and the sign that would begin another token.
_UNFIT = re.compile(r'[/?<>\\:*|"%\x00-\x1f\x7f\ud800-\udfff]')
_SAMPLE = {"width": 512, "height": 512, "batch_num": 0}


def named(expanded: Expanded, registry: Registry) -> Document:
    """A flat document in whose file names the values of nodes are filled in.

    Args:
        expanded: A document without problems.
        registry: Node types.

    Returns:
        The document itself if it has no such names.
    """
    document = expanded.document
    changed: dict[str, Node] = {}
    names = _Names(expanded, registry)
    for node_id, given, parameter, value in names.prefixes():
        filled = names.filled(node_id, parameter, value)
        if filled != value:
            node = changed.get(node_id, document.nodes[node_id])
            changed[node_id] = node.with_inputs({**node.inputs, given: filled})
    if not changed:
        return document
    return document.model_copy(update={"nodes": {**document.nodes, **changed}})


def name_problems(expanded: Expanded, registry: Registry) -> Iterator[Problem]:
    """The problems with the names of files that the nodes of a document write."""
    document, names = expanded.document, _Names(expanded, registry)
    for node_id, given, parameter, value in names.prefixes():
        try:
            filled = sample(names.filled(node_id, parameter, value), parameter)
        except FileError as error:
            yield _placed(error.problem, node_id, document.nodes[node_id].type, given)
            continue
        reason = output_problem(filled)
        if reason is not None:
            shown = _shown(value) if filled == value else f"{_shown(value)} ({_shown(filled)})"
            yield Problem(
                "files.bad_name",
                f"Node {node_id} ({document.nodes[node_id].type}): the file name {shown} cannot be "
                f"used: {reason}.",
                node_id,
                given,
                expected="a relative name that is valid on every file system, with / for folders",
                got=_shown(value),
                hint="Use letters, digits, - and _, with / for folders.",
            )


def sample(prefix: str, parameter: Parameter) -> str:
    """A name as it would be now, for an image of 512 x 512 pixels.

    Raises:
        FileError: A token stands for nothing.
    """
    images = parameter.prefix is not None and parameter.prefix.images
    return fill(prefix, datetime.now().astimezone(), _SAMPLE if images else None)


class _Names:
    """Finds values of a flat document by what tokens call them."""

    def __init__(self, expanded: Expanded, registry: Registry) -> None:
        self._expanded, self._registry = expanded, registry
        self._nodes = expanded.document.nodes
        self._by_name: dict[str, list[str]] | None = None

    def prefixes(self) -> Iterator[tuple[str, str, Parameter, str]]:
        """Node, input and value of every file name that is written in the document."""
        for node_id, node in self._nodes.items():
            spec = self._registry.find(node.type)
            if spec is None or "writes" not in spec.effects:
                continue
            for given, value in node.inputs.items():
                parameter = spec.parameter(given)
                if parameter is not None and parameter.prefix and isinstance(value, str):
                    yield node_id, given, parameter, value

    def filled(self, node_id: str, parameter: Parameter, prefix: str) -> str:
        """A name with the values of nodes filled in.

        Raises:
            FileError: A token stands for nothing; those that would are named.
        """
        images = parameter.prefix is not None and parameter.prefix.images
        known = known_tokens(images=images)

        def value(token: str) -> str:
            if token in CLOCK or token.startswith(DATE) or (images and token in OF_IMAGES):
                return f"%{token}%"
            return self._value(node_id, token)

        return fill_by(prefix, value, known)

    def _value(self, writer: str, token: str) -> str:
        found: dict[str, str] = {}
        for at, sign in enumerate(token):
            if sign == "." and 0 < at < len(token) - 1:
                name, given = token[:at], token[at + 1 :]
                for each in self._called(writer, name):
                    text = self._text(each, given)
                    if text is not None:
                        found[each] = text
        if len(set(found.values())) == 1:
            return next(iter(found.values()))
        if found:
            ids = ", ".join(f"%{each}.{token.rpartition('.')[2]}%" for each in list(found)[:8])
            raise LookupError(f"matches {len(found)} nodes; use a node id: {ids}")
        raise LookupError(self._unknown(writer, token))

    def _called(self, writer: str, name: str) -> list[str]:
        """The nodes that a name can mean for a writer, those in its own subgraph first."""
        scope = writer
        while scope:
            scope = scope.rpartition(SEPARATOR)[0]
            inside = f"{scope}{SEPARATOR}{name}" if scope else name
            if inside in self._nodes or inside in self._expanded.inputs:
                return [inside]
        nodes = self._names().get(name, [])
        scope = writer
        while SEPARATOR in scope:
            scope = scope.rpartition(SEPARATOR)[0]
            near = [n for n in nodes if n.startswith(scope + SEPARATOR)]
            if near:
                return near
        return nodes

    def _names(self) -> Mapping[str, list[str]]:
        """Nodes by title, type, and the other names of their types."""
        if self._by_name is None:
            self._by_name = {}
            for node_id, node in self._nodes.items():
                spec = self._registry.find(node.type)
                names = {node.type, node.title or node.type}
                names |= {spec.type_id, *spec.aliases} if spec is not None else set()
                for name in names:
                    self._by_name.setdefault(name, []).append(node_id)
        return self._by_name

    def _text(self, node_id: str, given: str) -> str | None:
        """A value as it stands in a file name; None if the node has no such input."""
        if node_id not in self._nodes:  # an instance of a subgraph
            node_id, given = split_target(self._expanded.input(f"{node_id}.{given}"))
            if node_id not in self._nodes:
                return None
        node = self._nodes[node_id]
        spec = self._registry.find(node.type)
        value = _given(node, spec, given)
        if value is MISSING:
            return None
        if as_link(value) is not None or as_links(value) is not None:
            link = as_link(value)
            source = f" and comes from {link}" if link is not None else ""
            raise LookupError(f"is linked{source}; use an input with its own value")
        if isinstance(value, list | dict):
            raise LookupError("is a list, which cannot be part of a file name")
        return _UNFIT.sub("_", _written(value))

    def _unknown(self, writer: str, token: str) -> str:
        name, dot, _ = token.rpartition(".")
        if not dot:
            return "is no known token"
        nodes = self._called(writer, name)
        if nodes:
            inputs = self._inputs(nodes[0])
            listed = ", ".join(f"%{name}.{each}%" for each in inputs[:12]) or "none"
            return f"is no input of {nodes[0]}, which has {listed}"
        options = [*self._nodes, *self._names()]
        close = difflib.get_close_matches(name[:100], dict.fromkeys(options[:1000]), n=3)
        nearest = ", ".join(f'"{each}"' for each in close or list(dict.fromkeys(options))[:8])
        return f'matches no node by id, title or type "{name[:80]}"; the nearest are {nearest}'

    def _inputs(self, node_id: str) -> list[str]:
        """Names of the inputs of a node, or of an instance, that can have values of their own."""
        node = self._nodes.get(node_id)
        if node is None:
            return list(self._expanded.inputs.get(node_id, ()))
        spec = self._registry.find(node.type)
        if spec is not None:
            return [p.name for p in spec.parameters.values() if not p.is_socket]
        return [name for name, value in node.inputs.items() if as_link(value) is None]


def _given(node: Node, spec: NodeSpec | None, name: str) -> Any:
    """The value of an input by any of its names; its default where none is given."""
    parameter = spec.parameter(name) if spec is not None else None
    if parameter is None or spec is None:
        return node.inputs.get(name, MISSING)
    for given, value in node.inputs.items():
        if spec.parameter(given) is parameter:
            return value
    return MISSING if parameter.is_socket else parameter.default


def _written(value: Any) -> str:
    """A value as JavaScript writes it, which ComfyUI's editor is made with."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _placed(problem: Problem, node_id: str, node_type: str, port: str) -> Problem:
    return Problem(
        problem.code,
        f"Node {node_id} ({node_type}): {problem.message}",
        node_id,
        port,
        problem.expected,
        problem.got,
        problem.hint,
    )


def _shown(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()
    return f'"{text}"' if len(text) <= 120 else f'"{text[:117]}..."'
