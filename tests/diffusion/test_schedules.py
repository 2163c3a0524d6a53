"""Noise levels and schedules against independent float64 formulas and published numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

import weft.diffusion as wd
from weft.diffusion.schedules import SCHEDULER_NAMES, schedule_sigmas
from weft.diffusion.sigmas import DiscreteSigmas

TABLE = DiscreteSigmas()


def training_sigmas() -> np.ndarray:
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    signal = np.cumprod(1 - betas)
    return np.sqrt((1 - signal) / signal)


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


def reference(name: str, n: int) -> np.ndarray:
    sigmas = training_sigmas()
    top, bottom = sigmas[-1], sigmas[0]

    def at(times: np.ndarray) -> np.ndarray:
        return np.exp(np.interp(times, np.arange(1000), np.log(sigmas)))

    ramp = np.linspace(0, 1, n)
    whole = {
        "normal": lambda: at(np.linspace(999, 0, n)),
        "sgm_uniform": lambda: at(np.linspace(999, 0, n + 1)[:-1]),
        "karras": lambda: (top ** (1 / 7) + ramp * (bottom ** (1 / 7) - top ** (1 / 7))) ** 7,
        "exponential": lambda: np.exp(np.log(top) + ramp * np.log(bottom / top)),
        "simple": lambda: np.array([sigmas[999 - int(i * 1000 / n)] for i in range(n)]),
        "beta": lambda: sigmas[
            np.rint(stats.beta.ppf(1 - np.arange(n) / n, 0.6, 0.6) * 999).astype(int)
        ],
        "ddim_uniform": lambda: sigmas[1 :: 1000 // n][::-1],
    }
    return np.append(whole[name](), 0.0)


@pytest.mark.parametrize("name", SCHEDULER_NAMES)
@pytest.mark.parametrize("steps", [1, 2, 5, 20, 30])
def test_schedule_matches_its_formula(name: str, steps: int) -> None:
    got = schedule_sigmas(name, TABLE, steps)
    assert np.allclose(got, reference(name, steps), rtol=2e-5)


@pytest.mark.parametrize("name", SCHEDULER_NAMES)
def test_schedule_falls_and_ends_with_0(name: str) -> None:
    got = schedule_sigmas(name, TABLE, 12)
    assert got[-1] == 0.0
    assert all(a > b for a, b in itertools.pairwise(got))


def test_unknown_schedule_is_refused_with_the_known_names() -> None:
    with pytest.raises(wd.ParameterError, match="karras"):
        schedule_sigmas("karas", TABLE, 5)


def test_no_steps_are_refused() -> None:
    with pytest.raises(wd.ParameterError):
        schedule_sigmas("normal", TABLE, 0)
