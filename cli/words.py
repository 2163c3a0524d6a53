"""Words of the command line into values of a workflow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..engine.document import split_target
from ..engine.errors import Problem, ValidationError
from ..engine.node import Parameter
from ..engine.registry import Registry
from ..engine.workflow import Workflow


def apply_words(
    workflow: Workflow, registry: Registry, assignments: Sequence[str], options: Sequence[str]
) -> Workflow:
    """A workflow with the values of the command line.

    Args:
        workflow: As in the file.
        registry: Knows which inputs are texts.
        assignments: `node.parameter=value` each.
        options: `--name value` or `--name=value` for public inputs.

    Raises:
        ValidationError: A word names nothing in the workflow; all such words are listed.
    """
    problems: list[Problem] = []
    for word in assignments:
        target, equals, text = word.partition("=")
        if not equals:
            problems.append(_bad(f'--set "{word}" has no "=".', "NODE.PARAM=VALUE", word))
            continue
        try:
            workflow = workflow.set(target, _value(text, _parameter(workflow, registry, target)))
        except ValidationError as error:
            problems.extend(error.problems)
    public = workflow.document.interface.inputs
    for name, text in _pairs(options, problems):
        found = public.get(name) or public.get(name.replace("-", "_"))
        if found is None:
            known = ", ".join(f"--{n}" for n in public) or "none"
            problems.append(
                _bad(f"The workflow has no public input --{name}.", f"one of: {known}", name)
            )
        else:
            value = _value(text, _parameter(workflow, registry, found))
            workflow = workflow.set(found, value)
    if problems:
        raise ValidationError(f"{len(problems)} words of the command line do not fit:", problems)
    return workflow


def _pairs(options: Sequence[str], problems: list[Problem]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    words = iter(options)
    for word in words:
        name, equals, text = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not name:
            problems.append(_bad(f'"{word}" is no option.', "--NAME VALUE", word))
            continue
        if not equals:
            following = next(words, None)
            if following is None:
                problems.append(_bad(f"--{name} has no value.", "--NAME VALUE", word))
                continue
            text = following
        pairs.append((name, text))
    return pairs


def _parameter(workflow: Workflow, registry: Registry, target: str) -> Parameter | None:
    node_id, port = split_target(target)
    node = workflow.document.nodes.get(node_id)
    spec = registry.find(node.type) if node is not None else None
    return spec.parameter(port) if spec is not None else None


def _value(text: str, parameter: Parameter | None) -> Any:
    """A text stays one where a text is taken; elsewhere it is read as JSON, if it is JSON."""
    if parameter is not None and parameter.type.name in ("STRING", "COMBO"):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _bad(message: str, expected: str, got: str) -> Problem:
    return Problem("cli.bad_word", message, expected=expected, got=got)
