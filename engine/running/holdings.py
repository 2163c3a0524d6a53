"""The memory report for out-of-memory errors: the values in memory and their sizes."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 8


def who_holds(holdings: Iterable[tuple[str, int]]) -> str:
    """The largest holders first, with their sizes.

    Args:
        holdings: Names and bytes.
    """
    largest = sorted((h for h in holdings if h[1] > 0), key=lambda h: -h[1])
    shown = ", ".join(f"{name} {size / 2**20:.1f} MiB" for name, size in largest[:_SHOWN])
    rest = sum(size for _, size in largest[_SHOWN:])
    if rest:
        shown += f", {len(largest) - _SHOWN} others {rest / 2**20:.1f} MiB"
    return f"held: {shown or 'nothing'}"
