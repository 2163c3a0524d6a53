"""Find the output of a workflow that gives its images."""

from __future__ import annotations

from ..declaration.node import NodeSpec
from ..declaration.registry import Registry
from ..errors import OutputError
from ..graph.document import Document, Link, as_link, split_target
from ..graph.expand import expand
from .workflow import Workflow


def find_output(
    workflow: Workflow, registry: Registry, socket: str, named: str | None = None
) -> str:
    """The output of a workflow that gives values of one type, without writing anything.

    That is the first of its interface which has the type, else what the first node that is a
    root takes (SaveImage's pictures). A node that writes is stepped over to what it is given.

    Args:
        workflow: The workflow.
        registry: The node types there are.
        socket: The type, such as `IMAGE`.
        named: A public name or `node.output` that must be it; None to look for one.

    Returns:
        `node.output`, of the workflow with its subgraphs expanded.

    Raises:
        OutputError: There is none, or the named one is not there or has another type.
    """
    expanded = expand(workflow.document)
    flat = expanded.document
    public = {n: expanded.output(t) for n, t in workflow.document.interface.outputs.items()}
    if named is not None:
        target = public.get(named) or expanded.output(named)
        got = _type(flat, registry, target)
        if got != socket:
            raise OutputError(
                f'The output "{named[:200]}" gives {got}, not {socket}.'
                if got
                else f'The workflow has no output "{named[:200]}" of type {socket}.',
                expected=f"an output of type {socket}",
                got=got or named[:200],
                hint=f"Public outputs: {', '.join(public) or 'none'}. Use NODE.OUTPUT for others.",
            )
        return _before_writers(flat, registry, target, socket)
    for target in public.values():
        if _type(flat, registry, target) == socket:
            return _before_writers(flat, registry, target, socket)
    for node_id, node in flat.nodes.items():
        spec = registry.find(node.type)
        given = _given(flat, spec, node_id, socket) if spec and spec.is_root else None
        if given is not None and _type(flat, registry, given) == socket:
            return _before_writers(flat, registry, given, socket)
    raise OutputError(
        f"The workflow has no output of type {socket}.",
        expected=f"an output of type {socket} in its interface, or a node that takes one",
        got=f"public outputs: {', '.join(public) or 'none'}",
        hint="Select one as NODE.OUTPUT, or add it to the interface.",
    )


def _type(document: Document, registry: Registry, target: str) -> str | None:
    node_id, port = split_target(target)
    node = document.nodes.get(node_id)
    spec = registry.find(node.type) if node is not None else None
    if spec is None or port not in spec.output_index:
        return None
    return str(spec.outputs[spec.output_index[port]].type)


def _given(document: Document, spec: NodeSpec, node_id: str, socket: str) -> Link | None:
    """Where a node's first linked input of a type comes from."""
    for name, value in document.nodes[node_id].inputs.items():
        parameter = spec.parameter(name)
        link = as_link(value)
        if link is not None and parameter is not None and str(parameter.type) == socket:
            return link
    return None


def _before_writers(document: Document, registry: Registry, target: str, socket: str) -> str:
    seen = set()
    while target not in seen:  # a graph with a cycle is refused by validate, not here
        seen.add(target)
        node_id = split_target(target)[0]
        spec = registry.find(document.nodes[node_id].type)
        if spec is None or "writes" not in spec.effects:
            break
        given = _given(document, spec, node_id, socket)
        if given is None or _type(document, registry, given) != socket:
            break
        target = str(given)
    return target
