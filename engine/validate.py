"""Find everything that keeps a document from running. No side effects, and never only the first."""

from __future__ import annotations

import difflib
import inspect
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .comfy.foreign import foreign_hint
from .declaration.named_files import find_file, mentioned_files
from .declaration.node import NodeSpec, Parameter
from .declaration.registry import SIMILAR, Registry
from .declaration.sockets import SocketType, accepts, shorten
from .declaration.widgets import MAX_SEED
from .errors import FileError, Problem, ValidationError
from .files.remembered import Remembered
from .files.workspace import Workspace
from .graph.cycles import cycle_problems
from .graph.document import Document, Link, as_link, as_links, links_in, split_target
from .graph.expand import Expanded, expand
from .graph.file_names import name_problems
from .graph.link_types import LinkTypes
from .graph.listing import listed

RANDOM = "random"
_MOST_HINTS = 100
_MOST_COMPARED = 1000


def validate(
    document: Document,
    registry: Registry,
    *,
    workspace: Workspace | None = None,
    outputs: Iterable[str] | None = None,
) -> list[Problem]:
    """All problems of a document, in the order of its nodes; an empty list means it can run.

    Texts that say a list are read only where there is a workspace to look in.

    Args:
        document: What to check; its subgraphs are expanded first.
        registry: The node types there are.
        workspace: Folders to look for files in; None leaves files unchecked.
        outputs: Wanted `node.output`s; None for what the document's root nodes give.
    """
    if workspace is not None:
        workspace = Remembered(workspace)
        try:
            document = listed(document, registry, workspace)
        except ValidationError as error:
            return list(error.problems)
    expanded = expand(document)
    wanted = None if outputs is None else [expanded.output(o) for o in outputs]
    return validate_expanded(expanded, registry, workspace=workspace, outputs=wanted)


def validate_expanded(
    expanded: Expanded,
    registry: Registry,
    *,
    workspace: Workspace | None = None,
    outputs: Iterable[str] | None = None,
) -> list[Problem]:
    """All problems of a document whose lists are read and whose subgraphs are expanded.

    Args:
        expanded: What to check.
        registry: The node types there are.
        workspace: Folders to look for files in; None leaves files unchecked.
        outputs: Wanted `node.output`s, flat; None for what the document's root nodes give.
    """
    if workspace is not None and not isinstance(workspace, Remembered):
        workspace = Remembered(workspace)
    flat = expanded.document
    check = _Check(flat, registry, workspace)
    problems = list(expanded.problems)
    problems += [p for node_id in flat.nodes for p in check.node(node_id)]
    problems += name_problems(expanded, registry)
    problems += cycle_problems(flat.nodes)
    problems += check.interface()
    problems += check.wanted(outputs)
    if workspace is not None and not problems:
        for further in registry.checks:
            problems += further(flat, registry, workspace)
    return problems


class _Check:
    def __init__(self, document: Document, registry: Registry, workspace: Workspace | None) -> None:
        self.nodes = document.nodes
        self.document = document
        self.registry = registry
        self.workspace = workspace
        self.hints_left = _MOST_HINTS
        self.specs: Mapping[str, NodeSpec | None] = {
            node_id: registry.find(node.type) for node_id, node in document.nodes.items()
        }
        self.types = LinkTypes(document.nodes, self.specs)

    def _unknown_type(self, node_id: str, name: str) -> Problem:
        fault = self.registry.fault_of(name)
        if fault is not None:
            return Problem(
                "graph.pack_failed",
                f'Node {node_id} has type "{name[:100]}", which is not loaded. {fault.text}',
                node_id,
                expected="a known node type",
                got=name[:100],
                hint=fault.hint or None,
            )
        packs = self.document.requires.get("packs")
        said = packs.get(name) if isinstance(packs, dict) else None
        return Problem(
            "graph.unknown_type",
            f'Node {node_id} has type "{name[:100]}", which no loaded pack provides.',
            node_id,
            expected="a known node type",
            got=name[:100],
            hint=foreign_hint(name, said) or self._like(name),
        )

    def node(self, node_id: str) -> Iterator[Problem]:
        """Problems of one node: its type, then each input."""
        entry = self.nodes[node_id]
        spec = self.specs[node_id]
        if spec is None:
            yield self._unknown_type(node_id, entry.type)
            # Links of an unknown node can still be checked for where they come from.
            for name, value in entry.inputs.items():
                for link in links_in(value):
                    yield from self._source(node_id, name, link)
            return
        where = f"Node {node_id} ({spec.type_id})"
        given: dict[str, str] = {}
        for name, value in entry.inputs.items():
            parameter = spec.parameter(name)
            if parameter is None:
                yield self._unknown_input(where, node_id, name, spec)
                for link in links_in(value):
                    yield from self._source(node_id, name, link)
            elif parameter.name in given:
                yield Problem(
                    "graph.input_twice",
                    f'{where}: "{given[parameter.name]}" and "{name}" are the same input.',
                    node_id,
                    name,
                    hint="Remove one of the two.",
                )
            else:
                given[parameter.name] = name
                yield from self._input(where, node_id, parameter, value)
        yield from self._together(where, node_id, spec)
        for parameter in spec.parameters.values():
            if parameter.required and parameter.name not in given:
                yield Problem(
                    "graph.missing_input",
                    f'{where} needs the input "{parameter.name}" ({parameter.type}), which is '
                    "missing.",
                    node_id,
                    parameter.name,
                    expected=str(parameter.type),
                    got="nothing",
                    hint="Link an output to it." if parameter.is_socket else "Give it a value.",
                )

    def _together(self, where: str, node_id: str, spec: NodeSpec) -> Iterator[Problem]:
        """Values that are allowed, but not together."""
        if spec.refuses is None:
            return
        values: dict[str, Any] = {}
        for name in inspect.signature(spec.refuses).parameters:
            parameter = spec.parameters[name]
            given = [v for n, v in self.nodes[node_id].inputs.items() if n in parameter.names]
            value = given[0] if given else parameter.default
            if any(True for _ in links_in(value)) or parameter.misfit(value) is not None:
                return
            values[name] = value
        reason = spec.refuses(**values)
        if reason is not None:
            yield Problem(
                "params.do_not_fit",
                f"{where}: {reason}.",
                node_id,
                next(iter(values)),
                got=", ".join(f"{name} {value}" for name, value in values.items()),
            )

    def _unknown_input(self, where: str, node_id: str, name: str, spec: NodeSpec) -> Problem:
        close = self._close(name, spec.parameters)
        known = ", ".join(spec.parameters) or "none"
        return Problem(
            "graph.unknown_input",
            f'{where} has no input "{name[:100]}".',
            node_id,
            name,
            expected=f"one of: {known}",
            got=name[:100],
            hint=f'Did you mean "{close}"?' if close else f"Its inputs: {known}.",
        )

    def _like(self, kind: str) -> str:
        close = self._close(kind, self.registry.names(), SIMILAR)
        return f'Did you mean "{close}"?' if close else "Install the pack that has it."

    def _close(self, name: str, options: Iterable[str], cutoff: float = 0.6) -> str | None:
        """The option most like a name, for a hint. Comparing is slow, so only so many times."""
        if self.hints_left == 0:
            return None
        self.hints_left -= 1
        few = list(itertools.islice(options, _MOST_COMPARED))
        return next(iter(difflib.get_close_matches(name[:100], few, n=1, cutoff=cutoff)), None)

    def _input(
        self, where: str, node_id: str, parameter: Parameter, value: Any
    ) -> Iterator[Problem]:
        link = as_link(value)
        if link is not None:
            yield from self._link(where, node_id, parameter, parameter.type, link)
            return
        collected = as_links(value)
        if collected is not None:
            item = _item_type(parameter.type)
            if item is None:
                yield Problem(
                    "graph.type_mismatch",
                    f'{where}: the input "{parameter.name}" takes one {parameter.type}, not a '
                    "list of links.",
                    node_id,
                    parameter.name,
                    expected=str(parameter.type),
                    got="a list of links",
                    hint="Link one output.",
                )
                return
            for position, each in enumerate(collected):
                if each is None:
                    yield Problem(
                        "params.type",
                        f'{where}: item {position} of "{parameter.name}" is no link, but other '
                        "items are.",
                        node_id,
                        parameter.name,
                        hint="Make all items links, or none.",
                    )
                else:
                    yield from self._link(where, node_id, parameter, item, each)
            return
        yield from self._literal(where, node_id, parameter, value)

    def _literal(
        self, where: str, node_id: str, parameter: Parameter, value: Any
    ) -> Iterator[Problem]:
        name = parameter.name
        if parameter.is_seed:
            if value == RANDOM or (type(value) is int and 0 <= value <= MAX_SEED):
                return
            yield Problem(
                "params.out_of_range" if type(value) is int else "params.type",
                f'{where}, "{name}": {_show(value)} is no seed; seeds are 0 to {MAX_SEED}, or '
                '"random".',
                node_id,
                name,
                expected=f'0 to {MAX_SEED}, or "random"',
                got=_show(value),
            )
            return
        misfit = parameter.misfit(value)
        if misfit is not None:
            code, hint = misfit.code, None
            if code == "params.type" and parameter.type.choices:
                code = "params.bad_choice"
                options = [c for c in parameter.type.choices if isinstance(c, str)]
                close = self._close(str(value), options)
                hint = f'Did you mean "{close}"?' if close else None
            yield Problem(
                code,
                f'{where}, "{name}": got {_show(value)}, {misfit.reason}.',
                node_id,
                name,
                expected=misfit.expected,
                got=_show(value),
                hint=hint,
            )
        elif isinstance(value, str) and self.workspace is not None:
            try:
                if parameter.mentions is not None:
                    mentioned_files(self.workspace, parameter.mentions, value)
                elif parameter.file is not None:
                    find_file(self.workspace, parameter.file, value)
            except FileError as error:
                p = error.problem
                yield Problem(
                    p.code, f"{where}: {p.message}", node_id, name, p.expected, p.got, p.hint
                )

    def _link(
        self, where: str, node_id: str, parameter: Parameter, wanted: SocketType, link: Link
    ) -> Iterator[Problem]:
        found = list(self._source(node_id, parameter.name, link))
        yield from found
        source = self.specs.get(link.node)
        if found or source is None:
            return
        got = self.types.of(link)
        others = self.types.given(node_id, wanted) if wanted.name == "VAR" else []
        if got.name != "VAR" and any(not accepts(o, got) and not accepts(got, o) for o in others):
            first = next(o for o in others if not accepts(o, got) and not accepts(got, o))
            yield Problem(
                "graph.type_mismatch",
                f'{where}: "{parameter.name}" gets {got}, but another input of the same type gets '
                f"{first}.",
                node_id,
                parameter.name,
                expected=str(first),
                got=str(got),
                hint="Link outputs of one type to both.",
            )
            return
        if not accepts(wanted, got):
            helper = self._between(got, wanted)
            yield Problem(
                "graph.type_mismatch",
                f'Link {link} -> {node_id}.{parameter.name}: output "{link.output}" of '
                f'{source.type_id} is {got}, input "{parameter.name}" of '
                f"{where.partition('(')[2][:-1]} takes {wanted}.",
                node_id,
                parameter.name,
                expected=str(wanted),
                got=str(got),
                hint=f"Put {helper} between them." if helper else "Link another output.",
            )

    def _source(self, node_id: str, port: str, link: Link) -> Iterator[Problem]:
        """Problems of the far end of a link: the node there, and its output."""
        if link.node not in self.nodes:
            close = self._close(link.node, self.nodes)
            yield Problem(
                "graph.dangling_link",
                f'Link {link[:200]} -> {node_id}.{port}: there is no node "{link.node[:100]}".',
                node_id,
                port,
                expected="node.output",
                got=link[:200],
                hint=f'Did you mean "{close}.{link.output}"?' if close else "Remove the link.",
            )
            return
        spec = self.specs[link.node]
        if spec is not None and link.output not in spec.output_index:
            names = tuple(spec.output_index)
            yield Problem(
                "graph.unknown_output",
                f'Link {link} -> {node_id}.{port}: {spec.type_id} has no output "{link.output}".',
                node_id,
                port,
                expected=shorten(names) if names else "no outputs at all",
                got=link.output,
                hint=f"Its outputs: {', '.join(names)}." if names else "It has none.",
            )

    def _between(self, source: SocketType, target: SocketType) -> str | None:
        """The one node type that turns `source` into `target` with nothing else than widgets
        and further sockets, preferring the fewest sockets; None when there is none."""
        candidates = []
        for spec in self.registry.values():
            sockets = [p for p in spec.parameters.values() if p.is_socket and p.required]
            takes = any(p.type == source for p in sockets)
            if takes and len(spec.outputs) == 1 and spec.outputs[0].type == target:
                candidates.append((len(sockets), spec.type_id))
        return min(candidates)[1] if candidates else None

    def interface(self) -> Iterator[Problem]:
        """Problems of the public names."""
        for name, target in self.document.interface.inputs.items():
            node_id, port = split_target(target)
            spec = self.specs.get(node_id)
            if node_id not in self.nodes or (spec is not None and spec.parameter(port) is None):
                yield _bad_interface("input", name, target, "node.parameter")
        for name, target in self.document.interface.outputs.items():
            node_id, port = split_target(target)
            spec = self.specs.get(node_id)
            if node_id not in self.nodes or (spec is not None and port not in spec.output_index):
                yield _bad_interface("output", name, target, "node.output")

    def wanted(self, outputs: Iterable[str] | None) -> Iterator[Problem]:
        """Problems of what the run is to give."""
        if outputs is None:
            if not (
                self.document.interface.outputs
                or any(spec is None or spec.is_root for spec in self.specs.values())
            ):
                yield Problem(
                    "graph.no_outputs",
                    "This workflow has nothing to run: no node saves or shows a result, and its "
                    "interface names no output.",
                    hint="Add a node such as SaveImage, or name an output in the interface.",
                )
            return
        for target in outputs:
            node_id, port = split_target(target)
            spec = self.specs.get(node_id)
            if node_id not in self.nodes or (spec is not None and port not in spec.output_index):
                yield Problem(
                    "run.unknown_output",
                    f'The output "{target[:200]}" was selected, but the workflow has no such '
                    "output.",
                    expected="node.output",
                    got=target[:200],
                )


def _item_type(target: SocketType) -> SocketType | None:
    if target.name == "LIST":
        return target.args[0]
    if target.name == "UNION":
        return next((a.args[0] for a in target.args if a.name == "LIST"), None)
    return target if target.name == "ANY" else None


def _bad_interface(side: str, name: str, target: str, shape: str) -> Problem:
    return Problem(
        "graph.bad_interface",
        f'The interface {side} "{name}" refers to "{target[:200]}", which is not in the workflow.',
        expected=shape,
        got=target[:200],
        hint="Correct the reference, or remove it.",
    )


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
