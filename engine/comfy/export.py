"""Write ComfyUI's API format, so that workflows of weft open in ComfyUI."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..declaration.node import MISSING, NodeSpec
from ..declaration.registry import Registry
from ..errors import DocumentError, ValidationError
from ..graph.document import Document, Link, Node, as_link, as_links
from ..graph.expand import expand
from .known import comfy_inputs

_SLOT = re.compile(r"slot_(\d+)")


@dataclass(frozen=True, slots=True)
class Exported:
    """A workflow in ComfyUI's API format.

    Attributes:
        prompt: `{id: {"class_type": ..., "inputs": {...}}}`; ids of nodes inside of subgraphs are
            joined by colons.
        obstacles: Why ComfyUI itself would not run it, or not the same way; empty if it would.
    """

    prompt: dict[str, Any]
    obstacles: tuple[str, ...]


def to_comfy(document: Document, registry: Registry) -> Exported:
    """The same workflow under ComfyUI's names, with values in place of defaults.

    Subgraphs and loops are written as their nodes. What ComfyUI lacks keeps its name, and is an
    obstacle there; `from_comfy` reads all of it back.

    Args:
        document: A valid document.
        registry: Node types.

    Raises:
        DocumentError: It has a map, whose items are known only where it runs.
        ValidationError: Its subgraphs cannot be put in place.
    """
    flat = expand(document)
    if flat.problems:
        raise ValidationError("The workflow cannot be saved in ComfyUI's format.", flat.problems)
    if flat.maps:
        raise DocumentError(
            f'ComfyUI\'s format has no maps, but the workflow has one: "{next(iter(flat.maps))}".',
            code="comfy.map",
            hint="Run it in weft, or replace the map by one node for each item.",
        )
    writer = _Writer(flat.document, registry)
    return Exported(writer.written(), tuple(dict.fromkeys(writer.obstacles)))


class _Writer:
    def __init__(self, document: Document, registry: Registry) -> None:
        self._nodes = document.nodes
        self._outputs = _outputs(document)
        self._registry = registry
        self._ids = _ids(document.nodes)
        self.obstacles: list[str] = []

    def written(self) -> dict[str, Any]:
        return {self._ids[name]: self._node(name, node) for name, node in self._nodes.items()}

    def _node(self, name: str, node: Node) -> dict[str, Any]:
        spec = self._registry.find(node.type)
        if spec is None:
            self.obstacles.append(f'"{name}": the node type {node.type} is not loaded here.')
            written = {key: self._value(name, value) for key, value in node.inputs.items()}
            entry: dict[str, Any] = {"class_type": node.type, "inputs": written}
        else:
            called, inputs = self._called(name, spec, node.inputs)
            entry = {"class_type": called, "inputs": inputs}
        if node.title:
            entry["_meta"] = {"title": node.title}
        return entry

    def _called(
        self, name: str, spec: NodeSpec, given: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """The class and its inputs: of several classes the one that lacks the least."""
        own = {p.name: p.default for p in spec.parameters.values() if p.default is not MISSING}
        own |= given
        theirs = [each for each in (spec.type_id, *spec.aliases) if each in comfy_inputs()]
        if not theirs:
            self.obstacles.append(f'"{name}": ComfyUI has no node {spec.type_id}.')
            return spec.type_id, self._inputs(name, own)
        fits = [(each, *_placed(spec, comfy_inputs()[each], own)) for each in theirs]
        called, placed, lost = min(fits, key=lambda fit: len(fit[2]))
        for missing in lost:
            self.obstacles.append(f'"{name}": ComfyUI\'s {called} has no input "{missing}".')
        return called, self._inputs(name, placed | {each: own[each] for each in lost})

    def _inputs(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        # None is what an unlinked socket has; leaving it out says that.
        return {key: self._value(name, value) for key, value in values.items() if value is not None}

    def _value(self, name: str, value: Any) -> Any:
        link = as_link(value)
        if link is not None:
            return self._link(link)
        links = as_links(value)
        if links is not None:
            self.obstacles.append(f'"{name}": ComfyUI\'s inputs take one link, not several.')
            value = [
                {"link": f"{self._ids.get(each.node, each.node)}.{each.output}"} if each else item
                for each, item in zip(links, value, strict=True)
            ]
        return {"__value__": value} if isinstance(value, list) else value

    def _link(self, link: Link) -> list[Any]:
        slot = self._slot(link)
        if slot is None:
            slot = 0
            if len(self._read[link.node]) > 1 or self._is_known(link.node):
                self.obstacles.append(
                    f'"{link.node}": the position of its output "{link.output}" is unknown; it '
                    "was written as the first output."
                )
        return [self._ids.get(link.node, link.node), slot]

    def _slot(self, link: Link) -> int | None:
        """The number of an output; None where nothing says it."""
        node = self._nodes.get(link.node)
        names: list[str] = []
        if node is not None:
            spec = self._registry.find(node.type)
            said = self._outputs.get(node.type, [])
            names = said if spec is None else [each.name for each in spec.outputs]
        if link.output in names:
            return names.index(link.output)
        numbered = _SLOT.fullmatch(link.output)
        return int(numbered[1]) if numbered is not None else None

    def _is_known(self, name: str) -> bool:
        node = self._nodes.get(name)
        return node is not None and self._registry.find(node.type) is not None

    @cached_property
    def _read(self) -> Mapping[str, set[str]]:
        """The outputs that are read, by node."""
        found: dict[str, set[str]] = defaultdict(set)
        for node in self._nodes.values():
            for value in node.inputs.values():
                for link in (as_link(value), *(as_links(value) or ())):
                    if link is not None:
                        found[link.node].add(link.output)
        return found


def _outputs(document: Document) -> dict[str, list[str]]:
    """The outputs of types that are not here, in their order, as the document says them."""
    said = document.requires.get("outputs")
    return {
        kind: [each for each in names if isinstance(each, str)]
        for kind, names in (said.items() if isinstance(said, dict) else ())
        if isinstance(names, list)
    }


def _placed(
    spec: NodeSpec, theirs: list[list[str]], own: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Values by ComfyUI's names, and what was given but has no place there."""
    placed: dict[str, Any] = {}
    left = dict(own)
    for name in (n for names in theirs for n in names):
        parameter = spec.parameter(name)
        if parameter is not None and parameter.name in left:
            placed[name] = left.pop(parameter.name)
    defaults = {p.name: p.default for p in spec.parameters.values()}
    return placed, [name for name, value in left.items() if value != defaults.get(name, MISSING)]


def _ids(nodes: Iterable[str]) -> dict[str, str]:
    """Ids without slashes, which documents do not take."""
    ids: dict[str, str] = {}
    taken: set[str] = {name for name in nodes if "/" not in name}
    for name in nodes:
        said = name.replace("/", ":")
        while said != name and said in taken:
            said += "_"
        taken.add(said)
        ids[name] = said
    return ids
