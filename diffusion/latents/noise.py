"""Noise of a run: always drawn on the CPU in float32, so that every device starts alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ParameterError, ShapeError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_SEEDS = 2**64


def initial_noise(
    shape: tuple[int, ...], seed: int, batch_index: tuple[int, ...] | None = None
) -> Tensor:
    """The noise a run starts from.

    Args:
        shape: (B, C, h, w).
        seed: 0 to 2**64 - 1.
        batch_index: None = one block of draws for the whole batch. Else item k gets draw number
            batch_index[k] of single items, so that it can be made again alone.

    Returns:
        float32 on the CPU, unit variance.

    Raises:
        ParameterError: A seed or index out of range.
        ShapeError: Not one index for every item.
    """
    import torch

    generator = _generator(seed)
    if batch_index is None:
        return torch.randn(shape, generator=generator, dtype=torch.float32)
    check_index(shape, batch_index)
    wanted = set(batch_index)
    draws: dict[int, Tensor] = {}
    for number in range(max(wanted) + 1):
        draw = torch.randn((1, *shape[1:]), generator=generator, dtype=torch.float32)
        if number in wanted:
            draws[number] = draw
    return torch.cat([draws[number] for number in batch_index])


class StepNoise:
    """Fresh noise for samplers that add some at every step.

    A new generator with the *same* seed as the initial noise, so that its first draw equals it:
    odd, but what ComfyUI does. With a batch_index every item has a stream of its own (seed +
    index), so that it does not depend on who else is in the batch; ComfyUI has no such rule.
    """

    def __init__(
        self, shape: tuple[int, ...], seed: int, batch_index: tuple[int, ...] | None = None
    ) -> None:
        if batch_index is None:
            self._streams = [(shape[0], _generator(seed))]
        else:
            check_index(shape, batch_index)
            self._streams = [(1, _generator(seed_of_item(seed, index))) for index in batch_index]

    def __call__(self, like: Tensor, sigma: float, following: float) -> Tensor:
        """The next draw, on the device and in the type of `like`; the sigmas do not matter."""
        import torch

        size = tuple(like.shape[1:])  # of the run, unless a sampler resizes
        parts = [torch.randn((n, *size), generator=source) for n, source in self._streams]
        return torch.cat(parts).to(like)


def seed_of_item(seed: int, index: int) -> int:
    """The seed of an item's own stream."""
    return (seed + index) % _SEEDS


def next_seed(seed: int) -> int:
    """The seed of a second stream of a run."""
    return (seed + 1) % _SEEDS


def check_seed(seed: int) -> None:
    """Refuse a seed out of range."""
    if not 0 <= seed < _SEEDS:
        raise ParameterError(
            "sample.bad_seed", "The seed is out of range.", expected="0 to 2**64 - 1", got=str(seed)
        )


def _generator(seed: int) -> torch.Generator:
    import torch

    check_seed(seed)
    return torch.Generator().manual_seed(seed)


def check_index(shape: tuple[int, ...], batch_index: tuple[int, ...]) -> None:
    """Refuse numbers that are not one for every item."""
    if len(batch_index) != shape[0] or min(batch_index) < 0:
        raise ShapeError(
            "latent.bad_batch_index",
            "batch_index does not match the latent.",
            expected=f"{shape[0]} numbers, 0 or more",
            got=str(batch_index),
        )
