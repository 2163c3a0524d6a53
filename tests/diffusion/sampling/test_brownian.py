"""The Brownian path of SDE samplers."""

from __future__ import annotations

import math

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.sampling.brownian import BrownianNoise, BrownianPath

SHAPE = (1, 4, 2, 2)
# From torchsde 0.2.6: BrownianTree(0.029, zeros(SHAPE), 14.6, entropy=seed)(start, end), the first
# two numbers of each of four queries.
QUERIES = [(0.029, 14.6), (1.0, 5.0), (4.9, 5.0), (0.029, 0.0301)]
TORCHSDE = {
    0: [1.027008, -5.790941, 1.703609, -1.497428, 0.366676, 0.159963, 0.021838, -0.006775],
    42: [4.413381, 0.836483, 0.982089, 0.264759, -0.112418, 0.088985, -0.028563, -0.034518],
    2**63 + 11: [-4.665998, -1.730582, -1.816161, 2.925853, 0.020965, -0.007076, 0.015935, 0.03277],
}


@pytest.mark.parametrize("seed", TORCHSDE)
def test_path_has_the_numbers_of_torchsde(seed: int) -> None:
    path = BrownianPath(SHAPE, 0.029, 14.6, seed)
    got = [value for query in QUERIES for value in path.increment(*query).flatten()[:2].tolist()]
    assert got == pytest.approx(TORCHSDE[seed], abs=2e-6)


def test_increments_add_up_wherever_the_path_is_cut() -> None:
    path = BrownianPath(SHAPE, 0.0, 10.0, 1)
    whole = path.increment(2.0, 7.0)
    for cut in (2.000001, 3.3, 5.0, 6.999999):
        parts = path.increment(2.0, cut) + path.increment(cut, 7.0)
        assert torch.allclose(parts, whole, atol=1e-5)


def test_path_outside_of_its_ends_stands_still() -> None:
    path = BrownianPath(SHAPE, 1.0, 2.0, 1)
    assert torch.equal(path.increment(0.5, 2.5), path.increment(1.0, 2.0))
    assert not path.increment(1.5, 1.5).any()


def test_noise_has_unit_variance_for_long_and_short_steps() -> None:
    noise = BrownianNoise.between([14.6, 0.03, 0.0])((1, 4, 64, 64), 3)
    like = torch.zeros(1, 4, 64, 64)
    for sigma, following in ((14.6, 9.0), (5.0, 4.99), (0.05, 0.03)):
        assert float(noise(like, sigma, following).std()) == pytest.approx(1.0, abs=0.03)


def test_item_with_an_index_has_the_same_noise_alone() -> None:
    make = BrownianNoise.between([10.0, 1.0, 0.0])
    batch, alone = make((3, 4, 2, 2), 5, (0, 1, 2)), make(SHAPE, 5, (2,))
    left = batch(torch.zeros(3, 4, 2, 2), 4.0, 2.0)[2]
    assert torch.equal(left, alone(torch.zeros(SHAPE), 4.0, 2.0)[0])


def test_sde_samplers_keep_the_picture_when_steps_are_doubled(
    model: wd.Model, prompts: tuple[wd.Conditioning, wd.Conditioning]
) -> None:
    """One path for all step counts: nearer to each other than another seed is."""

    def end(steps: int, seed: int) -> torch.Tensor:
        return wd.sample(
            model,
            *prompts,
            wd.empty_latent(64, 64),
            seed=seed,
            steps=steps,
            cfg=1.0,
            sampler_name="dpmpp_2m_sde",
            scheduler="karras",
        ).samples

    base = end(16, 1)
    assert math.isfinite(float(base.sum()))
    assert float((base - end(32, 1)).std()) < 0.5 * float((base - end(16, 2)).std())


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(wd.ParameterError):
        BrownianNoise.between([2.0, 1.0, 0.0])(SHAPE, seed)
