"""What a map's results come together in. Known to every registry: expansion puts these nodes in."""

from __future__ import annotations

from typing import TypeVar

from .node import node

T = TypeVar("T")
COLLECT, COLLECT_FINISHED, ITEMS = "Collect", "CollectFinished", "items"


@node(COLLECT, category="flow", lane="inline")
def collect(items: list[T]) -> list[T]:
    """Put several values into one list.

    Args:
        items: Links, in the order of the list. One type.

    Returns:
        The list.
    """
    return items


@node(COLLECT_FINISHED, category="flow", lane="inline", tolerant=True)
def collect_finished(items: list[T]) -> list[T]:
    """Put those of several values into one list that could be computed.

    Where a node before it failed, the value is left out; the others keep their order.

    Args:
        items: Links, in the order of the list. One type.

    Returns:
        The list; empty when everything failed.
    """
    return items
