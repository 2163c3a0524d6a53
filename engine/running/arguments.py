"""The arguments of a node function: what the document says, and what links bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import NodeError
from ..plan import Step
from .known import Held


def linked_arguments(
    step: Step, held: Held, lazy: Mapping[str, Any], only: set[str] | None = None
) -> dict[str, Any]:
    """Literals and linked values by parameter, those that must be checked checked.

    Args:
        step: The step.
        held: The values of its links.
        lazy: Its lazy inputs.
        only: Parameters whose links count; None = all.

    Raises:
        NodeError: A linked value does not fit its parameter.
    """
    arguments = {**step.literals, **lazy}
    for name, sources, collects in step.links:
        if only is None or name in only:
            arguments[name] = [held[s] for s in sources] if collects else held[sources[0]]
    for parameter in step.checked:
        if only is not None and parameter.name not in only:
            continue
        value = arguments[parameter.name]
        misfit = parameter.misfit(value)
        if misfit is not None:
            raise NodeError(
                f'"{parameter.name}": the linked value is {str(value)[:80]!r}, {misfit.reason}.',
                code=misfit.code,
                port=parameter.name,
                expected=misfit.expected,
            )
        if parameter.type.name == "FLOAT" and type(value) is int:
            arguments[parameter.name] = float(value)
    return arguments
