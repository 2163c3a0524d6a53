"""Check before the first step that the files of a run can be written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..errors import FileError, Problem
from ..files.workspace import Workspace
from ..graph.file_names import sample
from ..plan import Step


def folder_problems(steps: Iterable[Step], workspace: Workspace) -> list[Problem]:
    """The reasons why steps cannot write: the output folder, or a folder below it.

    Args:
        steps: Steps of a plan; those that do not write are passed over.
        workspace: Says where they write to.
    """
    problems: list[Problem] = []
    seen: set[str | None] = set()
    for step in steps:
        if "writes" not in step.spec.effects:
            continue
        prefixes = [(p, step.literals.get(p.name)) for p in step.spec.parameters.values()]
        names: list[str | None] = [
            sample(v, p) for p, v in prefixes if p.prefix and isinstance(v, str)
        ]
        for name in names or [None]:
            folder = name.rpartition("/")[0] if name is not None else None
            if folder in seen:
                continue
            seen.add(folder)
            try:
                workspace.check_output(name)
            except FileError as error:
                message = f"Node {step.node} ({step.spec.type_id}): {error.problem.message}"
                problems.append(replace(error.problem, message=message, node=step.node))
    return problems
