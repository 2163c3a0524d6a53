"""Widget values of a file of ComfyUI's editor, which have an order and no names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..declaration.node import NodeSpec
from .file import FileNode

SEED_MODES = {
    "fixed": "fixed",
    "randomize": "random",
    "increment": "increment",
    "decrement": "fixed",
    "increment-wrap": "increment",
}
"""What a seed does after each run: ComfyUI's words and ours. Ours never counts down."""


def widget_values(
    node: FileNode, spec: NodeSpec | None
) -> tuple[dict[str, Any], dict[str, str], list[Any]]:
    """Give the values their names.

    The order is that of the node type's inputs. A seed is followed by what it does after each run.

    Args:
        node: The node.
        spec: Its type; None where it is not known, and the file's own names must serve.

    Returns:
        Values by name; what each seed does; and the values left over.
    """
    given = node.widgets_values
    if isinstance(given, dict):
        return dict(given), {}, []
    names: Sequence[str]
    if spec is not None:
        names = [p.name for p in spec.parameters.values() if not p.is_socket]
    else:
        slots = [slot.widget for slot in node.inputs or () if slot.widget is not None]
        names = [name for widget in slots if isinstance(name := widget.get("name"), str)]
    values = list(given or ())
    named: dict[str, Any] = {}
    seeds: dict[str, str] = {}
    for name in names:
        if not values:
            break
        named[name] = values.pop(0)
        # In a text box, "fixed" would be what somebody typed.
        follows_seed = spec is None or spec.parameters[name].is_seed
        if follows_seed and values and _is_mode(values[0]) and type(named[name]) is int:
            seeds[name] = values.pop(0)
    return named, seeds, values


def _is_mode(value: object) -> bool:
    return isinstance(value, str) and value in SEED_MODES
