"""Documents that were saved for earlier versions of their nodes, brought up to date.

A node type that renames an input, or means something else by a value, says with `migrate=` what
becomes of the inputs that a document gives. Which version a document was saved for is known from a
lock, or from `requires.nodes` in the document (`{"KSampler": 2}`); else `migrate` is asked with
None, and has to tell by the inputs themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..declaration.registry import Registry
from ..errors import DocumentError
from ..leaving import leaving_refused
from .document import Document, Node, Subgraph


@dataclass(frozen=True, slots=True)
class Migration:
    """One node whose inputs were brought up to date.

    Attributes:
        node: Its id; behind the name of its subgraph and a colon if it is in one.
        type: Its type.
        before: The version that it was saved for; None if nothing says so.
        now: The version here.
    """

    node: str
    type: str
    before: int | None
    now: int

    def __str__(self) -> str:
        was = f"version {self.before}" if self.before is not None else "an earlier version"
        return (
            f"{self.node} was saved for {was} of {self.type}; its inputs were migrated to "
            f"version {self.now}."
        )


def versions_of(document: Document) -> dict[str, int]:
    """The versions of node types that a document says it was saved for."""
    said = document.requires.get("nodes")
    found = said.items() if isinstance(said, dict) else ()
    return {str(name): version for name, version in found if type(version) is int}


def migrated(
    document: Document, registry: Registry, versions: Mapping[str, int] | None = None
) -> tuple[Document, tuple[Migration, ...]]:
    """The document with the inputs that its node types have here.

    What it says of its versions is brought up to date too, so that it is migrated once.

    Args:
        document: Comes back as it is if nothing needs to change.
        registry: Node types.
        versions: Node type -> version that it was saved for; None for what the document says.

    Raises:
        DocumentError: `node.migration`: a type's migration failed on what the document gives.
    """
    known = versions_of(document) if versions is None else versions
    steps: list[Migration] = []
    nodes = _nodes(document.nodes, "", registry, known, steps)
    subgraphs: dict[str, Subgraph] = {
        name: each.model_copy(
            update={"nodes": _nodes(each.nodes, f"{name}:", registry, known, steps)}
        )
        for name, each in document.subgraphs.items()
    }
    requires = _requires(document, registry, steps)
    if not steps and requires is document.requires:
        return document, ()
    update = {"nodes": nodes, "subgraphs": subgraphs, "requires": requires}
    return document.model_copy(update=update), tuple(steps)


def _requires(document: Document, registry: Registry, steps: Iterable[Migration]) -> dict[str, Any]:
    """What the document requires, with the versions that it is of now."""
    said = versions_of(document)
    now = {step.type: step.now for step in steps if step.before is not None or step.type in said}
    for name, before in said.items():
        spec = registry.find(name)
        if spec is not None and spec.migrate is not None and before != spec.version:
            now[name] = spec.version
    if not now:
        return document.requires
    kept = document.requires.get("nodes")
    return {**document.requires, "nodes": {**(kept if isinstance(kept, dict) else {}), **now}}


def _nodes(
    nodes: Mapping[str, Node],
    prefix: str,
    registry: Registry,
    versions: Mapping[str, int],
    steps: list[Migration],
) -> dict[str, Node]:
    found = dict(nodes)
    for name, node in nodes.items():
        spec = registry.find(node.type)
        if spec is None or spec.migrate is None:
            continue
        before = versions.get(spec.type_id, versions.get(node.type))
        if before == spec.version:
            continue
        given: dict[str, Any] = dict(node.inputs)
        try:
            with leaving_refused():
                inputs = dict(spec.migrate(given, before))
        except Exception as error:  # a pack's code, on whatever a stranger's file says
            raise DocumentError(
                f"{prefix}{name} cannot be migrated from version {before} of {spec.type_id} to "
                f"{spec.version}: {type(error).__name__}: {str(error)[:200]}",
                code="node.migration",
                node=f"{prefix}{name}",
                hint="Open it with the version that saved it, or report this to the authors of "
                "the pack.",
            ) from error
        if inputs != dict(node.inputs):
            found[name] = node.with_inputs(inputs)
            steps.append(Migration(f"{prefix}{name}", spec.type_id, before, spec.version))
    return found
