"""A prompt as a workflow: checked as ComfyUI checks it, with clearer errors.

ComfyUI runs the outputs of a prompt that are valid and tells of the others; so do we. It converts
literals silently; we convert those that lose nothing, tell of each, and refuse the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from weft.engine.comfy.api import INPUT_MARK
from weft.engine.comfy.foreign import foreign_hint
from weft.engine.declaration.node import NodeSpec, Parameter
from weft.engine.declaration.registry import Registry
from weft.engine.declaration.sockets import SocketType, value_problem
from weft.engine.declaration.widgets import InputFile
from weft.engine.errors import DocumentError, Problem
from weft.engine.graph.document import NODE_ID
from weft.engine.workflows.workflow import Workflow

from ..catalog import Catalog
from ..keys import LOCAL
from .refusals import Refused, problem_as_error

Prompt = dict[str, dict[str, Any]]
_SHOWN = 20
_MOST_ERRORS = 200
_LONGEST_NAME = 200  # characters of a class that is not known, when it is told back


@dataclass(frozen=True, slots=True)
class AcceptedPrompt:
    """A prompt that can run, at least in part.

    Attributes:
        prompt: What runs, in ComfyUI's format, with node ids that weft takes.
        ids: Node ids of the client by ours, where they differ.
        outputs: The client's ids of the output nodes that run.
        node_errors: Of the parts that do not run.
        warnings: What was changed or left out, in words.
        checked: The prompt as a workflow, read and checked; None if parts were left out.
    """

    prompt: Prompt
    ids: dict[str, str]
    outputs: list[str]
    node_errors: dict[str, Any]
    warnings: list[str]
    checked: Workflow | None = field(default=None, compare=False)


def accept(
    data: object,
    catalog: Catalog,
    targets: Iterable[str] | None = None,
    *,
    owner: str = LOCAL,
) -> AcceptedPrompt:
    """Make of a prompt what can run.

    Args:
        data: The value of `prompt`.
        catalog: Node types and folders.
        targets: Ids of the only output nodes that are wanted; None for all.
        owner: Who asks.

    Raises:
        Refused: Nothing of it can run.
    """
    given = _nodes(data, catalog.registry)
    ids = _ids(given)
    ours = {theirs: own for own, theirs in ids.items()}
    warnings: list[str] = []
    prompt = {
        ours.get(node_id, node_id): _cleaned(node_id, node, catalog.registry, ours, warnings)
        for node_id, node in given.items()
    }
    wanted = None if targets is None else {ours.get(t, t) for t in targets}
    roots = _roots(prompt, catalog.registry, wanted)
    if not roots:
        raise Refused(
            "prompt_no_outputs",
            "The prompt has no output node, so that there is nothing to do.",
            "Add a node such as SaveImage.",
        )
    try:
        workflow = catalog.read(prompt)
        problems = catalog.problems(workflow, owner=owner)
    except DocumentError as error:
        raise Refused("invalid_prompt", str(error)) from error
    upstream = _sources(prompt)
    needed = _reach(roots, upstream)
    relevant = [p for p in problems if p.node in needed]
    readers = _turned(upstream)
    spoilt = _reach([p.node for p in relevant if p.node is not None], readers)
    good = [root for root in roots if root not in spoilt]
    errors = _node_errors(relevant, set(roots), readers, prompt, given, ids, catalog.registry)
    if not good:
        lines = [f"{ids.get(p.node or '', p.node)}: {p}" for p in relevant or problems]
        raise Refused(
            "prompt_outputs_failed_validation",
            "No output of the prompt can be computed.",
            "\n".join(lines[:_SHOWN]),
            errors,
        )
    kept = _reach(good, upstream)
    return AcceptedPrompt(
        prompt={n: node for n, node in prompt.items() if n in kept},
        ids=ids,
        outputs=[ids.get(root, root) for root in good],
        node_errors=errors,
        warnings=warnings,
        checked=workflow if len(kept) == len(prompt) and not problems else None,
    )


def _nodes(data: object, registry: Registry) -> Prompt:
    """The nodes, each with a known class; or every one that is not so is named."""
    if not isinstance(data, dict):
        raise Refused("invalid_prompt", "The prompt is no JSON object.")
    if not data:
        raise Refused("prompt_no_outputs", "The prompt has no nodes.")
    errors: dict[str, Any] = {}
    for node_id, node in data.items():
        if not isinstance(node, dict):
            reason, kind = "is no JSON object", ""
        elif not isinstance(node.get("class_type"), str):
            reason, kind = "has no class_type", ""
        elif not isinstance(node.get("inputs", {}), dict):
            reason, kind = "has inputs that are no JSON object", node["class_type"]
        elif registry.find(node["class_type"]) is None:
            kind = node["class_type"]
            fault, foreign = registry.fault_of(kind), foreign_hint(kind)
            close = registry.similar(kind[:100])
            more = f'; did you mean "{close}"' if close else ""
            if foreign:
                more = f": {foreign}"
            if fault is not None:
                more = f": {fault.text.removesuffix('.')}"
            reason = f'has the class "{kind[:100]}", which is not installed{more}'
        else:
            continue
        problem = Problem("graph.unknown_type", f"Node '#{node_id[:100]}' {reason}.", node_id)
        errors[node_id] = {
            "errors": [problem_as_error(problem, None, {})],
            "dependent_outputs": [],
            "class_type": kind[:_LONGEST_NAME],
        }
    if errors:
        messages = [e["errors"][0]["message"] for e in errors.values()]
        raise Refused("invalid_prompt", messages[0], "\n".join(messages[:_SHOWN]), errors)
    return data


def _ids(given: Prompt) -> dict[str, str]:
    """Ids of the client by ours, for those that weft does not take."""
    odd = [node_id for node_id in given if not re.fullmatch(NODE_ID, node_id)]
    ids: dict[str, str] = {}
    number = 0
    for theirs in odd:
        while f"n{number}" in given or f"n{number}" in ids:
            number += 1
        ids[f"n{number}"] = theirs
    return ids


def _cleaned(
    node_id: str,
    node: dict[str, Any],
    registry: Registry,
    ours: Mapping[str, str],
    warnings: list[str],
) -> dict[str, Any]:
    """A node with the inputs that its class has, and literals of their types."""
    spec = registry.find(node["class_type"])
    assert spec is not None
    inputs: dict[str, Any] = {}
    for name, value in node.get("inputs", {}).items():
        parameter = spec.parameter(name)
        if parameter is None:
            warnings.append(f"{node_id}: {spec.type_id} has no input {name[:100]!r}; left out.")
            continue
        if _is_link(value):
            inputs[name] = [ours.get(str(value[0]), str(value[0])), value[1]]
            continue
        fitting = _fitting(parameter, value)
        if fitting is not value:
            warnings.append(f"{node_id}.{name}: {str(value)[:100]!r} was read as {fitting!r}.")
        inputs[name] = fitting
    clean = {"class_type": node["class_type"], "inputs": inputs}
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    if isinstance(title, str):
        clean["_meta"] = {"title": title[:1000]}
    return clean


def _is_link(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and type(value[1]) is int
    )


def _fitting(parameter: Parameter, value: Any) -> Any:
    """The value, or an equal one of the type that the input takes."""
    if isinstance(parameter.file, InputFile) and isinstance(value, str):
        return value.removesuffix(INPUT_MARK) if value.endswith(INPUT_MARK) else value
    if isinstance(value, dict | list) or value_problem(parameter.type, value) is None:
        return value
    members = parameter.type.args if parameter.type.name == "UNION" else (parameter.type,)
    for member in members:
        converted = _converted(member, value)
        if converted is not None:
            return converted
    return value


def _converted(kind: SocketType, value: Any) -> Any:
    """The same value in another type; None when something would be lost."""
    text = value.strip() if isinstance(value, str) else None
    if kind.name == "STRING" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if kind.name == "BOOLEAN":
        known = {"true": True, "false": False, "1": True, "0": False}
        return known.get(str(value).strip().lower())
    if kind.name in ("INT", "FLOAT") and not isinstance(value, bool):
        try:
            number = float(text) if text is not None else float(value)
            if kind.name == "INT":
                whole = int(text) if text is not None and text.lstrip("+-").isdecimal() else None
                return whole if whole is not None else int(number) if number.is_integer() else None
        except (TypeError, ValueError, OverflowError):
            return None
        return number if number == number and abs(number) != float("inf") else None  # noqa: PLR0124
    return None


def _roots(prompt: Prompt, registry: Registry, wanted: set[str] | None) -> list[str]:
    found = []
    for node_id, node in prompt.items():
        spec = registry.find(node["class_type"])
        if spec is not None and spec.is_root and (wanted is None or node_id in wanted):
            found.append(node_id)
    return found


def _sources(prompt: Prompt) -> dict[str, list[str]]:
    """Which nodes each node reads."""
    return {
        node_id: [v[0] for v in node["inputs"].values() if _is_link(v) and v[0] in prompt]
        for node_id, node in prompt.items()
    }


def _turned(edges: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    turned: dict[str, list[str]] = {}
    for node_id, others in edges.items():
        for other in others:
            turned.setdefault(other, []).append(node_id)
    return turned


def _reach(begin: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    """The nodes to which edges lead from some nodes, those included; without recursion."""
    seen, waiting = set[str](), list(begin)
    while waiting:
        node_id = waiting.pop()
        if node_id not in seen:
            seen.add(node_id)
            waiting.extend(edges.get(node_id, ()))
    return seen


def _node_errors(
    problems: list[Problem],
    roots: set[str],
    readers: Mapping[str, Iterable[str]],
    prompt: Prompt,
    given: Prompt,
    ids: Mapping[str, str],
    registry: Registry,
) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    for problem in problems[:_MOST_ERRORS]:  # each looks over the whole graph
        node_id = problem.node
        if node_id is None or node_id not in prompt:
            continue
        theirs = ids.get(node_id, node_id)
        spec: NodeSpec | None = registry.find(prompt[node_id]["class_type"])
        entry = errors.setdefault(
            theirs,
            {
                "errors": [],
                "dependent_outputs": [
                    ids.get(r, r) for r in sorted(_reach([node_id], readers) & roots)
                ],
                "class_type": prompt[node_id]["class_type"],
            },
        )
        inputs = given[theirs].get("inputs", {})
        entry["errors"].append(problem_as_error(problem, spec, inputs))
    return errors
