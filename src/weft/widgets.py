"""What an author of nodes writes into `Annotated`: how an input is shown, and what it may be.

from weft.widgets import Range

def brighten(image: Image, *, by: Annotated[float, Range(0, 4)] = 1.2) -> Image: ...
"""

from __future__ import annotations

from .engine.declaration.widgets import (
    Alias,
    Box,
    Choice,
    Color,
    Curve,
    InputFile,
    Mentions,
    ModelFile,
    Multiline,
    Points,
    Range,
    Seed,
)

__all__ = [
    "Alias",
    "Box",
    "Choice",
    "Color",
    "Curve",
    "InputFile",
    "Mentions",
    "ModelFile",
    "Multiline",
    "Points",
    "Range",
    "Seed",
]
