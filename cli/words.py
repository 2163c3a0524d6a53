"""Words of the command line into values of a workflow."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from weft.engine.declaration.registry import Registry
from weft.engine.declaration.typed import typed
from weft.engine.errors import Problem, ValidationError
from weft.engine.graph.parameters import parameter_of
from weft.engine.workflows.workflow import Workflow


def apply_words(
    workflow: Workflow,
    registry: Registry,
    assignments: Sequence[str],
    options: Sequence[str],
    known: Sequence[str] = (),
) -> Workflow:
    """A workflow with the values of the command line.

    Args:
        workflow: As in the file.
        registry: Knows which inputs are texts.
        assignments: `node.parameter=value` each.
        options: `--name value` or `--name=value` for public inputs.
        known: The options of the command itself, to offer for a name that no input has.

    Raises:
        ValidationError: A word names nothing in the workflow; all such words are listed.
    """
    problems: list[Problem] = []
    for word in assignments:
        target, equals, text = word.partition("=")
        if not equals:
            problems.append(bad_word(f'--set "{word}" has no "=".', "NODE.PARAM=VALUE", word))
            continue
        try:
            workflow = workflow.set(
                target, typed(text, parameter_of(workflow.document, registry, target))
            )
        except ValidationError as error:
            problems.extend(error.problems)
    for name, text in pairs(options, problems):
        found = public_target(workflow, name, problems, known)
        if found is not None:
            value = typed(text, parameter_of(workflow.document, registry, found))
            workflow = workflow.set(found, value)
    if problems:
        raise ValidationError("Some options do not fit the workflow:", problems)
    return workflow


def public_target(
    workflow: Workflow, name: str, problems: list[Problem], options: Sequence[str] = ()
) -> str | None:
    """The `node.parameter` of a public input, `-` for `_` allowed; None adds a problem.

    Args:
        workflow: Has the public inputs.
        name: As typed, without `--`.
        problems: Is added to.
        options: The options of the command itself, to offer one of.
    """
    public = workflow.document.interface.inputs
    found = public.get(name) or public.get(name.replace("-", "_"))
    if found is None:
        known = ", ".join(f"--{n}" for n in public) or "none"
        close = difflib.get_close_matches(f"--{name}", [*(f"--{n}" for n in public), *options], 1)
        hint = f"Did you mean {close[0]}?" if close else f"Its public inputs are {known}."
        message = f"The workflow has no public input --{name}."
        problems.append(bad_word(message, f"one of: {known}", name, hint))
    return found


def pairs(options: Sequence[str], problems: list[Problem]) -> list[tuple[str, str]]:
    """`--name value` and `--name=value` as names and values, in order; the rest are problems."""
    found: list[tuple[str, str]] = []
    words = iter(options)
    for word in words:
        name, equals, text = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not name:
            problems.append(bad_word(f'"{word}" is no option.', "--NAME VALUE", word))
            continue
        if not equals:
            following = next(words, None)
            if following is None:
                problems.append(bad_word(f"--{name} has no value.", "--NAME VALUE", word))
                continue
            text = following
        found.append((name, text))
    return found


def bad_word(message: str, expected: str, got: str, hint: str | None = None) -> Problem:
    """A word of the command line that does not fit."""
    return Problem("cli.bad_word", message, expected=expected, got=got, hint=hint)
