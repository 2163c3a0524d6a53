"""Problems in the shape that ComfyUI's clients expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weft.engine.declaration.node import NodeSpec
from weft.engine.errors import Problem

from .classes import input_info, input_name

# ComfyUI has no name for the rest.
_TYPES = {
    "graph.missing_input": "required_input_missing",
    "graph.dangling_link": "bad_linked_input",
    "graph.unknown_output": "bad_linked_input",
    "graph.type_mismatch": "return_type_mismatch",
    "graph.cycle": "dependency_cycle",
    "graph.unknown_type": "unknown_node_type",
    "graph.pack_failed": "unknown_node_type",
    "params.type": "invalid_input_type",
    "params.bad_choice": "value_not_in_list",
    "files.not_found": "value_not_in_list",
}


class Refused(Exception):  # noqa: N818  (an answer, not a fault)
    """A prompt is refused; `body` is what ComfyUI would answer, with more words.

    Args:
        kind: ComfyUI's type of error.
        message: What is wrong.
        details: Where, line by line.
        node_errors: From `node_error`, by node id.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        details: str = "",
        node_errors: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.body = {
            "error": {"type": kind, "message": message, "details": details, "extra_info": {}},
            "node_errors": dict(node_errors or {}),
        }


def problem_as_error(
    problem: Problem, spec: NodeSpec | None, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """One finding as an error of a node.

    Args:
        problem: The finding.
        spec: The node's type; None when it is unknown.
        inputs: As the client gave them.
    """
    kind = _TYPES.get(problem.code, "custom_validation_failed")
    parameter = spec.parameter(problem.port) if spec is not None and problem.port else None
    extra: dict[str, Any] = {"weft": problem.to_json()}
    if problem.port is not None:
        given = [n for n in inputs if spec is not None and spec.parameter(n) is parameter]
        name = problem.port
        if parameter is not None:
            name = given[0] if given else input_name(parameter)
        extra["input_name"] = name
        if name in inputs:
            extra["received_value"] = _short(inputs[name])
        if parameter is not None:
            extra["input_config"] = input_info(parameter, {}) if _is_small(parameter) else None
        if problem.code == "params.out_of_range":
            kind = _which_bound(inputs.get(name), problem.expected or "")
        if kind == "return_type_mismatch":
            extra["received_type"] = problem.got
            extra["linked_node"] = inputs.get(name)
        if kind == "invalid_input_type":
            extra["exception_message"] = problem.message
    return {
        "type": kind,
        "message": problem.message,
        "details": problem.hint or problem.port or "",
        "extra_info": extra,
    }


def _which_bound(value: Any, allowed: str) -> str:
    """Whether a value is below or above `LOW to HIGH`, `from LOW` or `up to HIGH`."""
    low = allowed.removeprefix("from ").partition(" to ")[0].partition(",")[0]
    try:
        below = not allowed.startswith("up to") and float(value) < float(low)
    except (TypeError, ValueError, OverflowError):
        below = False
    return "value_smaller_than_min" if below else "value_bigger_than_max"


def _is_small(parameter: Any) -> bool:
    return parameter.file is None and len(parameter.type.choices) <= 20


def _short(value: Any) -> Any:
    """A value that is not too long to be sent back."""
    return value[:500] if isinstance(value, str) else value
