"""Checks of the tensors of a file, for recognition. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]

TEXT_FAMILIES = {768: "sd1", 1024: "sd2", 2048: "sdxl"}
"""Width of the text embeddings that a network reads -> its family."""
CONTROL_MARKS = ("controlnet_cond_embedding.", "controlnet_down_blocks.", "zero_convs.")
"""What the names of ControlNets of UNets begin with, or hold."""
_WRAPPINGS = ("module.", "adapter.", "model.")
"""What trainers put in front of every name of a file."""


@dataclass(frozen=True, slots=True)
class Names:
    """Questions about the tensors of a file."""

    shapes: Shapes

    def has(self, *names: str) -> bool:
        return all(name in self.shapes for name in names)

    def start(self, *prefixes: str) -> bool:
        return any(name.startswith(prefixes) for name in self.shapes)

    def hold(self, *parts: str) -> bool:
        return any(part in name for name in self.shapes for part in parts)

    def end(self, *suffixes: str) -> bool:
        return any(name.endswith(suffixes) for name in self.shapes)

    def size(self, name: str, axis: int) -> int:
        """One side of a tensor; 0 if there is none."""
        shape = self.shapes.get(name, ())
        return shape[axis] if -len(shape) <= axis < len(shape) else 0

    def text(self, *suffixes: str) -> str:
        """The family whose text the first tensor of such a name reads; "unknown" if none does."""
        for name, shape in self.shapes.items():
            if name.endswith(suffixes) and len(shape) == 2:
                return TEXT_FAMILIES.get(shape[1], "unknown")
        return "unknown"


def unwrapped(shapes: Shapes) -> Shapes:
    """The tensors of a file without what a trainer put in front of every name."""
    for wrapping in _WRAPPINGS:
        if shapes and all(name.startswith(wrapping) for name in shapes):
            return {name.removeprefix(wrapping): shape for name, shape in shapes.items()}
    return shapes
