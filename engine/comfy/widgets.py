"""Widget values of a file of ComfyUI's editor, which have an order and no names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..declaration.node import NodeSpec
from .file import FileNode
from .known import comfy_inputs

SEED_MODES = {
    "fixed": "fixed",
    "randomize": "random",
    "increment": "increment",
    "decrement": "fixed",
    "increment-wrap": "increment",
}
"""What a seed does after each run: ComfyUI's words and ours. Ours never counts down."""
MODE_WIDGET = "control_after_generate"
"""The name of the widget behind a seed that says it."""
_SEEDS = {"seed", "noise_seed"}
_CONTROLLED = {("PrimitiveInt", "value")}
"""Inputs of ComfyUI's own classes that are no seeds and have such a widget all the same."""
_BESIDE = (None, "", "image")  # behind the names: buttons and previews, which have no input


@dataclass(slots=True)
class WidgetValues:
    """The values of a node.

    Attributes:
        named: Values by the names of inputs.
        modes: What seeds do after each run, in ComfyUI's words.
        left: Values beyond the names that there are.
    """

    named: dict[str, Any] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    left: list[Any] = field(default_factory=list)


def mode_of(value: object) -> str | None:
    """The change of a seed after each run, in ComfyUI's words; None if the value does not say it.

    Files of early 2023 have true for "randomize" and false for "fixed".
    """
    if isinstance(value, bool):
        return "randomize" if value else "fixed"
    return value if isinstance(value, str) and value in SEED_MODES else None


def widget_values(node: FileNode, spec: NodeSpec | None) -> WidgetValues:
    """Give the values their names.

    The order is that of the node type's inputs. A seed is followed by what it does after each run.

    Args:
        node: The node.
        spec: Its type; None where it is not known. The names are the file's then, where it gives
            one for each value, or else those of ComfyUI's own class, or of the inputs as drawn.
    """
    given = node.widgets_values
    if isinstance(given, dict):
        return WidgetValues(dict(given))
    if spec is not None:
        names = [p.name for p in spec.parameters.values() if not p.is_socket]
        seeds = {name for name in names if spec.parameters[name].is_seed}
        seeds |= {name for kind, name in _CONTROLLED if kind == node.type and name in names}
        booleans = {name for name in names if spec.parameters[name].type.name == "BOOLEAN"}
        return _named(list(given or ()), names, seeds, booleans)
    named = node.widgets_values_named
    if isinstance(named, dict) and given and len(named) == len(given):
        return _as_said(dict(zip(named, given, strict=True)))
    found = _named(list(given or ()), _class_names(node), _SEEDS, set(), loose=True)
    left = [value for value in found.left if not isinstance(value, (list, dict))]
    if node.type not in comfy_inputs() and any(value not in _BESIDE for value in left):
        # Older files name only the inputs that were widgets once: which value is whose is not said.
        return WidgetValues(left=list(given or ()))
    return found


def _as_said(values: dict[str, Any]) -> WidgetValues:
    found = WidgetValues()
    last = None
    for name, value in values.items():
        mode = mode_of(value)
        if name != MODE_WIDGET:
            found.named[name] = value
            last = name
        elif mode is not None and last is not None:
            found.modes[last] = mode
    return found


def _class_names(node: FileNode) -> list[str]:
    """The names of a node's widgets: as ComfyUI's class has them, or as the file lists them."""
    slots = node.inputs or ()
    if node.type in comfy_inputs():
        sockets = {slot.name for slot in slots if slot.widget is None}
        return [n for names in comfy_inputs()[node.type] for n in names if n not in sockets]
    return [name for slot in slots if (name := slot.widget_name) is not None]


def _named(
    values: list[Any],
    names: Sequence[str],
    seeds: set[str],
    booleans: set[str],
    *,
    loose: bool = False,
) -> WidgetValues:
    """Give values to names; `loose`: one value too many behind a number can be about it."""
    found = WidgetValues()
    for number, name in enumerate(names):
        if not values:
            break
        found.named[name] = values.pop(0)
        if not values or type(found.named[name]) is not int:
            continue
        # In other places "fixed" is a choice or what somebody typed, and true is true.
        surplus = len(values) > len(names) - number - 1
        is_word = isinstance(values[0], str) and mode_of(values[0]) is not None
        old = values[0] is None or isinstance(values[0], bool)
        follows = names[number + 1 : number + 2]
        if name in seeds and (is_word or (old and (surplus or not booleans & {*follows}))):
            mode = mode_of(values.pop(0))
            if mode is not None:
                found.modes[name] = mode
        elif loose and surplus and is_word:
            values.pop(0)
    found.left = values
    return found
