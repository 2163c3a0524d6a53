"""Show values as text."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node

MOST = 2000
"""Maximum number of characters shown on the node; the output has the whole text."""


@node("ShowValue", category="values", aliases=["PreviewAny"], output=True, lane="inline")
def show_value(run: Run, source: Any) -> str:
    """Show a value of any type as text.

    Args:
        source: The value. Numbers, texts and lists are shown in full, images and other tensors by
            type and shape, models by their components.

    Returns:
        The text.
    """
    text = described(source)
    run.progress(1, 1, text if len(text) <= MOST else text[: MOST - 3] + "...")
    return text


def described(value: Any) -> str:
    """A value as text: texts as they are, plain values as JSON, others by type and content."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, indent=None)
    except (TypeError, ValueError):
        pass
    if isinstance(value, list | tuple):
        return "[" + ", ".join(described(each) for each in value) + "]"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        return f"{type(value).__name__} {tuple(shape)} {str(dtype).removeprefix('torch.')}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = (
            f"{field.name}: {described(held)}"
            for field in dataclasses.fields(value)
            if not _empty(held := getattr(value, field.name))
        )
        return f"{type(value).__name__}({', '.join(parts)})"
    return repr(value)


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | tuple) and not value)
