"""Noise draws."""

from __future__ import annotations

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.latents.noise import StepNoise, initial_noise

SHAPE = (3, 4, 8, 8)


def test_noise_is_that_of_torch_manual_seed() -> None:
    torch.manual_seed(42)
    assert torch.equal(initial_noise(SHAPE, 42), torch.randn(SHAPE))


def test_noise_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    initial_noise(SHAPE, 1)
    StepNoise(SHAPE, 1)(torch.zeros(SHAPE), 2.0, 1.0)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_item_of_a_batch_can_be_drawn_alone() -> None:
    batch = initial_noise(SHAPE, 7)
    assert torch.equal(initial_noise((1, 4, 8, 8), 7, (2,))[0], batch[2])
    assert torch.equal(initial_noise((2, 4, 8, 8), 7, (1, 1))[1], batch[1])


def test_step_noise_starts_with_the_initial_noise() -> None:
    draws = StepNoise(SHAPE, 5)
    first, second = draws(torch.zeros(SHAPE), 2.0, 1.0), draws(torch.zeros(SHAPE), 2.0, 1.0)
    assert torch.equal(first, initial_noise(SHAPE, 5))
    assert not torch.equal(first, second)


def test_step_noise_of_an_indexed_item_does_not_depend_on_the_batch() -> None:
    batch, alone = StepNoise(SHAPE, 5, (0, 1, 2)), StepNoise((1, 4, 8, 8), 5, (2,))
    for _ in range(3):
        assert torch.equal(
            batch(torch.zeros(SHAPE), 2.0, 1.0)[2], alone(torch.zeros(1, 4, 8, 8), 2.0, 1.0)[0]
        )


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(wd.ParameterError):
        initial_noise(SHAPE, seed)


def test_largest_seed_is_accepted() -> None:
    assert initial_noise(SHAPE, 2**64 - 1).shape == SHAPE


@pytest.mark.parametrize("index", [(0, 1), (0, 1, -1)])
def test_batch_index_that_does_not_fit_is_refused(index: tuple[int, ...]) -> None:
    with pytest.raises(wd.ShapeError):
        initial_noise(SHAPE, 1, index)
