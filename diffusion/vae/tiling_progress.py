"""How far work in tiles is."""

from __future__ import annotations

from collections.abc import Callable

OnTile = Callable[[int, int], None]
"""Called with what is done and what is to be done in all; may raise to cancel."""


class TilingProgress:
    """Counts layers, and tells of them at every tile, so that each can be the last.

    Args:
        told: Who wants to know; None for nobody.
        total: Layers in all.
    """

    def __init__(self, told: OnTile | None, total: int) -> None:
        self._told = told
        self._total = total
        self._done = 0

    def tile(self) -> None:
        """A tile begins."""
        if self._told is not None:
            self._told(self._done, self._total)

    def layer(self) -> None:
        """A layer is finished."""
        self._done += 1
