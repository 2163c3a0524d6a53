"""HyperTile: self-attention within tiles, for speed on large images.

Every place attends to the places of its own tile. Tiles are as large as a size or somewhat larger:
which of the divisors of a side is taken is drawn anew at every layer and step, so that no border
stays. The draw depends on the noise level and the layer alone, so that a run can be made again.

Source: T. Fernandes 2023, "HyperTile" (MIT), tfernd/HyperTile.
"""

from __future__ import annotations

import math
import random
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from ..types.guidance import GuidanceRule, Moment

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST_TILE = 32
PIXELS_PER_CELL = 8


@dataclass(frozen=True, slots=True)
class HyperTile(GuidanceRule):
    """Lets self-attention of a UNet's outer levels work within tiles.

    Attributes:
        tile_size: Least side of a tile in pixels; below 32 counts as 32.
        swap_size: Among how many divisors of a side is drawn; 1 = the tiles never change.
        max_depth: Deepest level that is tiled; 0 = only the outermost.
        scale_depth: Whether tiles are larger on deeper levels.
    """

    acts_inside: ClassVar[bool] = True
    takes_negative: ClassVar[bool] = False
    tile_size: int = 256
    swap_size: int = 2
    max_depth: int = 0
    scale_depth: bool = False

    def around(self, moment: Moment) -> AbstractContextManager[Any]:
        from .switches import switched

        return switched(tiling, Tiling(self, moment.sigma))


@dataclass(slots=True)
class Tiling:
    """One evaluation of a network under `HyperTile`.

    Attributes:
        rule: What to do.
        sigma: Noise level of the evaluation.
        size: Height and width of what the network was given.
        cut: The grid of the layer under way.
    """

    rule: HyperTile
    sigma: float
    size: tuple[int, int] = (1, 1)
    cut: tuple[int, int, int, int] = (1, 1, 1, 1)

    def grid(self, places: int, width: int, base: int, layer: int) -> tuple[int, int, int, int]:
        """Rows and columns of places, and of tiles, for a layer; (h, w, 1, 1) for none."""
        tall, wide = sides_of(places, self.size[0] / self.size[1])
        depth = width // base
        if depth not in {2**k for k in range(self.rule.max_depth + 1)}:
            return tall, wide, 1, 1
        least = max(SMALLEST_TILE, self.rule.tile_size) // PIXELS_PER_CELL
        if self.rule.scale_depth:
            least *= 2 ** (depth - 1)
        rows, columns = (
            self._drawn(side, least, f"{self.sigma:.6g}/{layer}/{name}")
            for side, name in ((tall, "rows"), (wide, "columns"))
        )
        return tall, wide, rows, columns

    def _drawn(self, side: int, least: int, seed: str) -> int:
        fitting = [n for n in range(min(least, side), side + 1) if side % n == 0]
        return side // random.Random(seed).choice(fitting[: self.rule.swap_size])  # noqa: S311


tiling: ContextVar[Tiling | None] = ContextVar("weft_tiling", default=None)


@cache
def sides_of(places: int, ratio: float) -> tuple[int, int]:
    """Height and width of so many places, nearest to a ratio of height to width."""
    pairs = [(n, places // n) for n in range(1, places + 1) if places % n == 0]
    return min(pairs, key=lambda pair: abs(math.log(pair[0] / pair[1] / ratio)))


def install_tile_switches(unet: Any) -> None:
    """Build the switches into a new UNet2DConditionModel; done once, at building."""
    unet.register_forward_pre_hook(_look_at_size)
    layers = [module for name, module in unet.named_modules() if name.endswith(".attn1")]
    for number, layer in enumerate(layers):
        layer.weft_layer = number
        layer.weft_base = unet.config.block_out_channels[0]
        layer.register_forward_pre_hook(_into_tiles)
        layer.register_forward_hook(_out_of_tiles)


def _look_at_size(_: Any, arguments: tuple[Any, ...]) -> None:
    now = tiling.get()
    if now is not None:
        now.size = (int(arguments[0].shape[-2]), int(arguments[0].shape[-1]))


def _into_tiles(layer: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
    now = tiling.get()
    if now is None:
        return None
    hidden, *rest = arguments
    now.cut = now.grid(hidden.shape[1], hidden.shape[2], layer.weft_base, layer.weft_layer)
    return (into_tiles(hidden, *now.cut), *rest)


def _out_of_tiles(_: Any, __: Any, output: Tensor) -> Tensor | None:
    now = tiling.get()
    return None if now is None else out_of_tiles(output, *now.cut)


def into_tiles(hidden: Tensor, tall: int, wide: int, rows: int, columns: int) -> Tensor:
    """(B, tall * wide, C) as (B * rows * columns, places of a tile, C)."""
    batch, _, width = hidden.shape
    parts = hidden.reshape(batch, rows, tall // rows, columns, wide // columns, width)
    return parts.transpose(2, 3).reshape(batch * rows * columns, -1, width)


def out_of_tiles(hidden: Tensor, tall: int, wide: int, rows: int, columns: int) -> Tensor:
    """The inverse of `into_tiles`."""
    width = hidden.shape[-1]
    parts = hidden.reshape(-1, rows, columns, tall // rows, wide // columns, width)
    return parts.transpose(2, 3).reshape(-1, tall * wide, width)
