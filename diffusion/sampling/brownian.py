"""A Brownian path that can be asked for the increment between any two noise levels.

The path depends on the seed alone, not on where or in which order it is asked: it is refined by
halving, each half from a seed of its own. Numbers are those of torchsde's BrownianTree (which
ComfyUI's SDE samplers use), so that the same seed gives the same picture.

Source: Brownian bridge by bisection; seeds and rounding as in torchsde 0.2.6 (Li et al. 2020,
Kidger et al. 2021; Apache-2.0), written anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..latents.noise import check_index, check_seed, seed_of_item

if TYPE_CHECKING:
    from torch import Tensor

_DIGITS = 6
"""Decimal digits to which positions are rounded; also ends the halving."""
_POOL = 24


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A dyadic piece of the path: its ends, its place in the tree, the path's increment over it."""

    start: float
    end: float
    number: int
    depth: int
    increment: Tensor


class BrownianPath:
    """One path over [start, end] for tensors of one shape, on the CPU in float32."""

    def __init__(self, shape: tuple[int, ...], start: float, end: float, seed: int) -> None:
        import numpy as np

        self._shape = shape
        self._seed = seed
        first = np.random.SeedSequence(entropy=seed, pool_size=_POOL).generate_state(3)[0]
        whole = self._draw(int(first)) * math.sqrt(end - start)
        self._root = _Piece(round(start, _DIGITS), round(end, _DIGITS), 0, 0, whole)

    def increment(self, start: float, end: float) -> Tensor:
        """The path's increment from start to end (start <= end, both inside)."""
        import torch

        start = max(round(start, _DIGITS), self._root.start)
        end = min(round(end, _DIGITS), self._root.end)
        pieces: list[Tensor] = []
        if start < end:
            self._collect(self._root, start, end, pieces)
        total = torch.zeros(self._shape)
        for number, piece in enumerate(pieces):
            total = piece if number == 0 else total + piece
        return total

    def _collect(self, piece: _Piece, start: float, end: float, found: list[Tensor]) -> None:
        if start == piece.start and end == piece.end:
            found.append(piece.increment)
            return
        left, right = self._halves(piece)
        if start < left.end:
            self._collect(left, start, min(end, left.end), found)
        if end > right.start:
            self._collect(right, max(start, right.start), end, found)

    def _halves(self, piece: _Piece) -> tuple[_Piece, _Piece]:
        import numpy as np

        middle = round(0.5 * (piece.end + piece.start), _DIGITS)
        seeds = np.random.SeedSequence(
            entropy=self._seed, spawn_key=(piece.number, piece.depth), pool_size=_POOL
        )
        drawn = self._draw(int(seeds.generate_state(4)[0]))
        before, after = middle - piece.start, piece.end - middle
        per_length = 1 / (piece.end - piece.start)
        spread = math.sqrt(before * after * per_length)
        left = before * piece.increment * per_length + spread * drawn
        number, depth = 2 * piece.number, piece.depth + 1
        return (
            _Piece(piece.start, middle, number, depth, left),
            _Piece(middle, piece.end, number + 1, depth, piece.increment - left),
        )

    def _draw(self, seed: int) -> Tensor:
        import torch

        return torch.randn(self._shape, generator=torch.Generator().manual_seed(seed))


class BrownianNoise:
    """Noise of SDE samplers: normalised increments of a path over the sigmas of a run.

    Without a batch_index one path serves the whole batch; with one, every item has a path of its
    own (seed + index), so that it does not depend on who else is in the batch.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        seed: int,
        batch_index: tuple[int, ...] | None = None,
        *,
        low: float,
        high: float,
    ) -> None:
        check_seed(seed)
        if batch_index is None:
            self._paths = [BrownianPath(shape, low, high, seed)]
        else:
            check_index(shape, batch_index)
            one = (1, *shape[1:])
            self._paths = [
                BrownianPath(one, low, high, seed_of_item(seed, index)) for index in batch_index
            ]

    @staticmethod
    def between(sigmas: Sequence[float]) -> _BrownianMaker:
        """A maker of noise for a run over these sigmas: (shape, seed, batch_index) -> noise."""
        return _BrownianMaker(min(s for s in sigmas if s > 0), max(sigmas))

    def __call__(self, like: Tensor, sigma: float, following: float) -> Tensor:
        """Noise for the way down from sigma to following, placed and typed as `like`."""
        import torch

        # Time runs with sigma, the sampler against it: hence the sign.
        parts = [-path.increment(following, sigma) for path in self._paths]
        return (torch.cat(parts) / math.sqrt(sigma - following)).to(like)


@dataclass(frozen=True, slots=True)
class _BrownianMaker:
    low: float
    high: float

    def __call__(
        self, shape: tuple[int, ...], seed: int, batch_index: tuple[int, ...] | None = None
    ) -> BrownianNoise:
        return BrownianNoise(shape, seed, batch_index, low=self.low, high=self.high)
