"""A node that is an output and does nothing: ComfyUI runs no prompt without one."""

from __future__ import annotations

from weft import node


@node("Nothing", category="benchmark", output=True, lane="inline")
def nothing(*, value: float = 0.0) -> float:
    """Give a number back.

    Args:
        value: The number.

    Returns:
        The same.
    """
    return value
