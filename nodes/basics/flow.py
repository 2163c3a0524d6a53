"""Which part of a graph is computed."""

from __future__ import annotations

from typing import TypeVar

from ...engine.declaration.lazy import Lazy
from ...engine.declaration.node import node

T = TypeVar("T")


@node("Switch", category="flow")
async def switch(on: bool, yes: Lazy[T], no: Lazy[T]) -> T:
    """Take one of two inputs; what the other one needs is not computed.

    Args:
        on: Which one to take.
        yes: Taken when `on` is true. Any type.
        no: Taken when `on` is false. The same type.

    Returns:
        The value taken.
    """
    return await (yes if on else no)
