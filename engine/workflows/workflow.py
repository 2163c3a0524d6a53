"""`Workflow`: a document with the operations that a script wants. Immutable, like the document."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..comfy.api import from_comfy, is_comfy
from ..comfy.editor import from_comfy_editor, is_comfy_editor
from ..declaration.registry import Registry
from ..declaration.widgets import MAX_SEED
from ..errors import DocumentError, Problem, ValidationError
from ..files.atomic import write_atomically
from ..files.workspace import Workspace
from ..graph.document import (
    Document,
    Subgraph,
    dump,
    dumps,
    parse,
    read_json,
    read_text,
    split_target,
)
from ..graph.expand import expand
from ..graph.migration import migrated
from ..graph.parameters import parameter_of
from ..validate import RANDOM, validate


class Workflow:
    """A workflow: nodes, links, values, and the few public names of its interface.

    Every change gives a new workflow. Make one with `Workflow.load`, `Workflow.from_json`, or from
    a `Document`.

    Attributes:
        document: What it consists of.
        path: The file that it was read from, or None.
        remarks: What of that file a document cannot say, a sentence each.
    """

    __slots__ = ("__weakref__", "document", "path", "remarks")

    def __init__(
        self, document: Document, path: Path | None = None, remarks: tuple[str, ...] = ()
    ) -> None:
        self.document = document
        self.path = path
        self.remarks = remarks

    @classmethod
    def load(cls, path: str | Path, registry: Registry | None = None) -> Workflow:
        """Read a file in weft's format or, when `registry` is given, in one of ComfyUI's.

        Raises:
            DocumentError: It cannot be read as a workflow; the text says where.
        """
        path = Path(path)
        read = cls.from_json(read_json(read_text(path)), registry)
        return cls(read.document, path, read.remarks)

    @classmethod
    def from_json(
        cls,
        data: object,
        registry: Registry | None = None,
        versions: Mapping[str, int] | None = None,
    ) -> Workflow:
        """Make a workflow of parsed JSON: weft's, or ComfyUI's API or editor format.

        Args:
            data: The JSON.
            registry: Reads ComfyUI's formats, and brings what was saved for earlier versions of
                its node types up to date.
            versions: Node type -> version that it was saved for; None for what the data says.

        Raises:
            DocumentError: The data has none of these shapes.
        """
        if isinstance(data, dict) and is_comfy(data.get("prompt")):
            data = data["prompt"]  # the body of a request to ComfyUI, as scripts keep it
        if registry is not None and is_comfy(data):
            return cls(from_comfy(data, registry))
        if is_comfy_editor(data):
            if registry is None:
                raise DocumentError(
                    "This is a file of ComfyUI's editor, which does not name its values.",
                    code="document.comfy_editor",
                    hint="Pass the registry of node types, which knows their names.",
                )
            document, remarks = from_comfy_editor(data, registry)
            return cls(document, remarks=remarks)
        read = cls(parse(data))
        return read if registry is None else read.migrated(registry, versions)

    def migrated(self, registry: Registry, versions: Mapping[str, int] | None = None) -> Workflow:
        """The workflow with the inputs that its node types have now, and remarks that say so.

        Args:
            registry: Node types.
            versions: Node type -> version that it was saved for; None for what the document says.

        Raises:
            DocumentError: A node's inputs cannot be brought up to date.
        """
        document, steps = migrated(self.document, registry, versions)
        if not steps:
            return self
        return Workflow(document, self.path, (*self.remarks, *map(str, steps)))

    def to_json(self) -> dict[str, Any]:
        """The document as JSON data in canonical order."""
        return dump(self.document)

    def save(self, path: str | Path) -> None:
        """Write it as a file, complete or not at all."""
        write_atomically(Path(path), dumps(self.document).encode())

    def validate(self, registry: Registry, workspace: Workspace | None = None) -> list[Problem]:
        """Everything that keeps it from running; an empty list when nothing does."""
        return validate(self.document, registry, workspace=workspace)

    def set(self, target: str, value: Any) -> Workflow:
        """A workflow in which `node.parameter` has another value.

        Raises:
            ValidationError: There is no such node; the parameter is checked when it runs.
        """
        node_id, port = split_target(target)
        node = self.document.nodes.get(node_id)
        if node is None or not port:
            raise ValidationError(
                "The value cannot be set.",
                [
                    Problem(
                        "graph.unknown_node",
                        f'"{target}" is no input of this workflow.',
                        expected="node.parameter",
                        got=target,
                        hint=f"Nodes: {', '.join(list(self.document.nodes)[:20])}.",
                    )
                ],
            )
        return self._with_inputs({node_id: {port: value}})

    def with_inputs(self, **values: Any) -> Workflow:
        """A workflow in which public inputs, by their interface names, have other values.

        Raises:
            ValidationError: The interface has no such input.
        """
        known = self.document.interface.inputs
        unknown = [name for name in values if name not in known]
        if unknown:
            raise ValidationError(
                "The value cannot be set.",
                [
                    Problem(
                        "graph.unknown_interface",
                        f'The workflow has no public input "{name}".',
                        port=name,
                        expected=f"one of: {', '.join(known) or 'none'}",
                        got=name,
                    )
                    for name in unknown
                ],
            )
        changes: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            node_id, port = split_target(known[name])
            if node_id not in self.document.nodes:
                continue  # a broken interface is reported by validate
            changes.setdefault(node_id, {})[port] = value
        return self._with_inputs(changes)

    def resolve(
        self, registry: Registry, draw: Callable[[], int] = lambda: secrets.randbelow(MAX_SEED + 1)
    ) -> Workflow:
        """A workflow in which every "random" seed is a number; itself when there is none.

        Seeds inside subgraphs differ between instances, which a file with subgraphs cannot say;
        such a workflow comes back expanded.
        """
        if any(RANDOM in n.inputs.values() for s in self._subgraphs() for n in s.nodes.values()):
            return Workflow(expand(self.document).document, self.path).resolve(registry, draw)
        changes: dict[str, dict[str, Any]] = {}
        for node_id, node in self.document.nodes.items():
            if RANDOM not in node.inputs.values():
                continue
            for name, value in node.inputs.items():
                parameter = parameter_of(self.document, registry, f"{node_id}.{name}")
                if value == RANDOM and parameter is not None and parameter.is_seed:
                    changes.setdefault(node_id, {})[name] = draw()
        return self._with_inputs(changes) if changes else self

    def _subgraphs(self) -> Iterable[Subgraph]:
        return self.document.subgraphs.values()

    def _with_inputs(self, changes: Mapping[str, Mapping[str, Any]]) -> Workflow:
        nodes = dict(self.document.nodes)
        for node_id, inputs in changes.items():
            node = nodes[node_id]
            nodes[node_id] = node.with_inputs({**node.inputs, **inputs})
        return Workflow(self.document.model_copy(update={"nodes": nodes}), self.path)
