"""The output that a link of a ComfyUI file reads in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .file import FileSlot


@dataclass(frozen=True, slots=True)
class Value:
    """A value: the link leads to a primitive node, whose id this is, or to an instance's widget."""

    value: Any
    node: str


@dataclass(frozen=True, slots=True)
class Port:
    """An input of the subgraph around, by its number."""

    slot: int


@dataclass(frozen=True, slots=True)
class SourceOutput:
    """An output of a node that runs."""

    node: str
    name: str

    @property
    def link(self) -> dict[str, str]:
        """The link as a document says it."""
        return {"link": f"{self.node}.{self.name}"}


class Off:
    """An output of a node that does not run: it is muted, or cannot do without one that is."""


OFF = Off()
Source = Value | Port | SourceOutput | Off | None
"""None: the link leads nowhere."""


def handed_on(
    inputs: list[FileSlot], outputs: list[FileSlot], slot: int, wanted: Any
) -> FileSlot | None:
    """The input that a bypassed node hands on as one of its outputs, as ComfyUI chooses it.

    The type is that of the output, or where it is of any type, that of the input which reads it.
    The input at the same place comes first, then the first of just that type, then the first that
    goes with it; whether anything is linked to it does not count.

    Args:
        inputs: The node's inputs.
        outputs: Its outputs as far as the file lists them.
        slot: Which output.
        wanted: The type of the input that reads it.

    Returns:
        The input; None if none fits.
    """
    kind = outputs[slot].type if slot < len(outputs) else "*"
    kind = wanted if kind == "*" else kind
    same = inputs[slot : slot + 1]
    if kind == "*":
        return next(iter([*same, *inputs]), None)
    ordered = (
        *(each for each in same if _goes(each.type, kind)),
        *(each for each in inputs if each.type == kind),
        *(each for each in inputs if _goes(each.type, kind)),
    )
    return next(iter(ordered), None)


def _goes(one: Any, other: Any) -> bool:
    """Whether two socket types go together: equal, any, or lists with commas that share one."""
    if one == other or "*" in (one, other):
        return True
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return not {*one.lower().split(",")}.isdisjoint(other.lower().split(","))
