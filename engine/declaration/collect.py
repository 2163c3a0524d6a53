"""What a map's results come together in. Known to every registry: expansion puts these nodes in."""

from __future__ import annotations

from typing import TypeVar

from .node import node

T = TypeVar("T")
COLLECT, COLLECT_FINISHED, ITEMS = "Collect", "CollectFinished", "items"


@node(COLLECT, category="flow", lane="inline")
def collect(items: list[T]) -> list[T]:
    """Collect several values into one list.

    Args:
        items: The values, in the order of the list. All must have the same type.

    Returns:
        The list.
    """
    return items


@node(COLLECT_FINISHED, category="flow", lane="inline", tolerant=True)
def collect_finished(items: list[T]) -> list[T]:
    """Collect the values that were computed into one list, and leave out failed ones.

    A value whose node failed is left out; the others keep their order.

    Args:
        items: The values, in the order of the list. All must have the same type.

    Returns:
        The list; it is empty if every value failed.
    """
    return items
