"""Noise levels and schedules against independent float64 formulas and published numbers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

import weft.diffusion as wd
from weft.diffusion.prediction.model_sampling import FLUX, PIXART, SD1, SD2_V, SD3, ModelSampling
from weft.diffusion.prediction.sigmas import DiscreteSigmas
from weft.diffusion.sampling import sigma_spacings
from weft.diffusion.sampling.schedules import SCHEDULER_NAMES, schedule_sigmas, turbo

from .schedule_references import SCHEDULES, Levels, continuous, discrete, flow, visited

TABLE = DiscreteSigmas()
ZERO_SNR = ModelSampling("v_prediction", zero_snr=True)
LCM = ModelSampling("lcm", "distilled")
AYS = {
    "SD1": "StableDiffusionSigmas",
    "SDXL": "StableDiffusionXLSigmas",
    "SVD": "StableDiffusionVideoSigmas",
}


def training_sigmas() -> np.ndarray:
    return discrete().sigmas


def test_table_is_that_of_sd1() -> None:
    assert np.allclose(TABLE.sigmas.numpy(), training_sigmas(), rtol=1e-6)
    assert TABLE.sigma_max == pytest.approx(14.6146, abs=1e-4)
    assert TABLE.sigma_min == pytest.approx(0.0292, abs=1e-4)


def test_timestep_of_every_training_sigma_is_its_index() -> None:
    assert [TABLE.timestep(float(TABLE.sigmas[i])) for i in range(0, 1000, 37)] == list(
        range(0, 1000, 37)
    )


def test_timestep_between_two_is_the_nearest_in_log_sigma() -> None:
    low, high = float(TABLE.sigmas[500]), float(TABLE.sigmas[501])
    assert TABLE.timestep(low * (high / low) ** 0.4) == 500
    assert TABLE.timestep(low * (high / low) ** 0.6) == 501


def test_fraction_of_the_schedule_counts_from_the_noisy_end() -> None:
    assert TABLE.at_fraction(0.0) > 1e8
    assert TABLE.at_fraction(1.0) == 0.0
    expected = np.exp(np.log(training_sigmas()[[499, 500]]).mean())
    assert TABLE.at_fraction(0.5) == pytest.approx(expected, rel=1e-5)


KINDS: dict[str, tuple[ModelSampling, Levels]] = {
    "sd1": (SD1, discrete()),
    "pixart": (PIXART, discrete(0.0001, 0.02, linear=True)),
    "lcm": (LCM, discrete(kept=50)),
    "sd3": (SD3, flow(3.0)),
    "flux": (FLUX, flow(math.exp(1.15), 1.0, 10_000)),
    "edm": (ModelSampling("edm", "edm", bounds=(0.002, 80.0)), continuous(0.002, 80.0)),
}


def test_every_schedule_has_a_reference() -> None:
    assert set(SCHEDULES) == set(SCHEDULER_NAMES)


@pytest.mark.parametrize("name", SCHEDULER_NAMES)
@pytest.mark.parametrize("steps", [1, 2, 5, 20, 30])
@pytest.mark.parametrize("kind", KINDS)
def test_schedule_matches_its_formula(name: str, steps: int, kind: str) -> None:
    sampling, levels = KINDS[kind]
    got = schedule_sigmas(name, sampling.table(), steps)
    assert np.allclose(got, visited(name, levels, steps), rtol=2e-5, atol=0)


@pytest.mark.parametrize("name", SCHEDULER_NAMES)
def test_schedule_falls_and_ends_with_0(name: str) -> None:
    got = schedule_sigmas(name, TABLE, 12)
    assert got[-1] == 0.0
    assert all(a > b for a, b in itertools.pairwise(got))


@pytest.mark.parametrize("prediction", ["eps", "flow"])
@pytest.mark.parametrize("name", SCHEDULER_NAMES)
def test_schedule_of_every_kind_of_model_falls_and_ends_with_0(name: str, prediction: str) -> None:
    flow = ModelSampling("flow", "flow", shift=3.0)
    edm = ModelSampling("edm", "edm", bounds=(0.002, 80.0))
    for sampling in (flow,) if prediction == "flow" else (edm, PIXART, SD2_V, ZERO_SNR, LCM):
        got = schedule_sigmas(name, sampling.table(), 9)
        assert got[-1] == 0.0
        assert all(a > b for a, b in itertools.pairwise(got))
        assert got[0] <= sampling.table().sigma_max * (1 + 1e-5)


@pytest.mark.parametrize(("kind", "published"), AYS.items())
def test_align_your_steps_are_the_published_levels(kind: str, published: str) -> None:
    from diffusers.schedulers.scheduling_utils import AysSchedules

    # diffusers rounds to three digits.
    assert sigma_spacings.align_your_steps(kind, 10) == pytest.approx(
        AysSchedules[published], abs=0.005
    )
    longer = sigma_spacings.align_your_steps(kind, 20)
    assert longer[:-1:2] == pytest.approx(sigma_spacings.align_your_steps(kind, 10)[:-1])
    assert len(longer) == 21


def test_spacings_match_their_formulas() -> None:
    ramp = np.linspace(0, 1, 12)
    poly = np.exp(np.log(0.03) + (1 - ramp) ** 2.0 * np.log(14.6 / 0.03))
    assert np.allclose(sigma_spacings.polyexponential(12, 0.03, 14.6, 2.0)[:-1], poly, rtol=1e-5)
    even = sigma_spacings.polyexponential(12, 0.03, 14.6)
    assert np.allclose(even, sigma_spacings.exponential(12, 0.03, 14.6), rtol=1e-5)
    quantiles = stats.laplace.ppf(1 - np.clip(ramp, 5e-6, 1 - 5e-6), 0.2, 0.7)
    inside = np.clip(np.exp(quantiles), 0.03, 14.6)
    assert np.allclose(sigma_spacings.laplace(12, 0.03, 14.6, 0.2, 0.7), inside, rtol=1e-3)
    t = np.linspace(1, 0.001, 12)
    whole = np.sqrt(np.exp(19.9 * t**2 / 2 + 0.1 * t) - 1)
    assert np.allclose(sigma_spacings.variance_preserving(12)[:-1], whole, rtol=1e-3)


def test_turbo_takes_the_steps_it_was_distilled_on() -> None:
    sigmas = training_sigmas()
    assert turbo(TABLE, 1) == pytest.approx([sigmas[999], 0.0], rel=1e-5)
    assert turbo(TABLE, 2, 0.5) == pytest.approx([sigmas[499], sigmas[399], 0.0], rel=1e-5)


def test_last_part_keeps_the_end() -> None:
    whole = [float(v) for v in range(10, -1, -1)]
    assert sigma_spacings.last_part(whole, 10, 0.3) == [3.0, 2.0, 1.0, 0.0]
    assert sigma_spacings.last_part(whole, 10, 1.0) == whole
    assert sigma_spacings.last_part(whole, 10, 0.0) == []


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0), (0.1, float("inf"))])
def test_bounds_that_are_none_are_refused(bounds: tuple[float, float]) -> None:
    for spacing in (sigma_spacings.karras, sigma_spacings.exponential, sigma_spacings.kl_optimal):
        with pytest.raises(wd.ParameterError, match="sigma_max"):
            spacing(5, *bounds)


def test_zero_snr_table_is_that_of_diffusers() -> None:
    from diffusers.schedulers.scheduling_ddim import rescale_zero_terminal_snr

    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    signal = torch.cumprod(1 - rescale_zero_terminal_snr(betas), 0)
    wanted = ((1 - signal) / signal).sqrt()
    table = ZERO_SNR.table()
    assert np.allclose(table.sigmas[:-1], wanted[:-1], rtol=1e-3)
    assert table.sigma_max > 4000
    assert table.sigmas[0] == pytest.approx(float(TABLE.sigmas[0]), rel=1e-4)


def test_flow_table_shifts_as_diffusers_does() -> None:
    from diffusers import FlowMatchEulerDiscreteScheduler

    wanted = FlowMatchEulerDiscreteScheduler(shift=3.0).sigmas.flip(0)
    table = ModelSampling("flow", "flow", shift=3.0).table()
    assert np.allclose(table.sigmas, wanted, atol=1e-6)
    assert table.timestep(0.25) == 250.0
    assert table.sigma(500.0) == pytest.approx(0.75)
    assert (table.at_fraction(0.0), table.at_fraction(1.0)) == (1.0, 0.0)


def test_consistency_table_knows_fifty_steps() -> None:
    table = LCM.table()
    assert len(table) == 50
    assert table.timestep(table.sigma_max) == 999
    assert table.timestep(table.sigma_min) == 19
    assert table.sigma(999) == pytest.approx(TABLE.sigma_max, rel=1e-5)


def test_continuous_table_tells_logarithm_or_angle() -> None:
    logs = ModelSampling("edm", "edm", bounds=(0.002, 80.0)).table()
    assert logs.timestep(1.0) == 0.0
    assert logs.sigma(logs.timestep(3.0)) == pytest.approx(3.0)
    angles = ModelSampling("v_prediction", "angle", bounds=(0.03, 500.0)).table()
    assert angles.timestep(1.0) == pytest.approx(0.5)
    assert angles.sigma(angles.timestep(3.0)) == pytest.approx(3.0)
    assert logs.at_fraction(0.5) == pytest.approx((0.002 * 80.0) ** 0.5, rel=1e-4)


def test_unknown_schedule_is_refused_with_the_known_names() -> None:
    with pytest.raises(wd.ParameterError, match="karras"):
        schedule_sigmas("karas", TABLE, 5)


def test_no_steps_are_refused() -> None:
    with pytest.raises(wd.ParameterError):
        schedule_sigmas("normal", TABLE, 0)


@pytest.mark.parametrize(("kind", "steps"), [("FLUX", 10), ("Wan", 20), ("Chroma", 40)])
def test_optimal_steps_are_the_published_levels_at_their_number(kind: str, steps: int) -> None:
    own = sigma_spacings.optimal_steps(kind, steps)
    assert own == [*sigma_spacings.OPTIMAL_STEPS[kind][:-1], 0.0]
    longer = sigma_spacings.optimal_steps(kind, 2 * steps)
    assert len(longer) == 2 * steps + 1
    assert longer[:-2:2] == pytest.approx(own[:-1])
    assert all(a > b for a, b in itertools.pairwise(longer))
