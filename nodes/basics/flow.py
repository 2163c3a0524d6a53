"""Nodes that choose which part of a graph runs."""

from __future__ import annotations

from typing import TypeVar

from weft.engine.declaration.lazy import Lazy
from weft.engine.declaration.node import node

T = TypeVar("T")


@node("Switch", category="flow")
async def switch(on: bool, yes: Lazy[T], no: Lazy[T]) -> T:
    """Pass on one of two inputs; nodes that only the other input needs do not run.

    Args:
        on: The input to pass on: `yes` if true, `no` if false.
        yes: The value to pass on if `on` is true. Any type.
        no: The value to pass on if `on` is false. Of the same type.

    Returns:
        The selected value.
    """
    return await (yes if on else no)
