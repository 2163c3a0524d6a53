"""Every sampler, step by step, against the float64 references."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from weft.diffusion.prediction.sigmas import DiscreteSigmas
from weft.diffusion.sampling.samplers import SAMPLERS
from weft.diffusion.sampling.schedules import schedule_sigmas

from .harness import mixture_x0, record, start, unguided_x0
from .references import REFERENCES, Problem

# Places inside a step are rounded to float32 where the Brownian path is asked.
TOLERANCE = {"dpmpp_sde": 1e-5, "seeds_2": 1e-5, "seeds_3": 1e-5, "lms": 1e-8}
WINDOW = (3.0, 0.3)


def test_every_sampler_has_a_reference() -> None:
    assert set(REFERENCES) == set(SAMPLERS)


@pytest.mark.parametrize("steps", [1, 2, 3, 8, 9, 10])
@pytest.mark.parametrize("schedule", ["karras", "normal"])
@pytest.mark.parametrize("name", REFERENCES)
def test_sampler_matches_its_reference_step_by_step(name: str, schedule: str, steps: int) -> None:
    _compare(name, schedule_sigmas(schedule, DiscreteSigmas(), steps))


@pytest.mark.parametrize("name", REFERENCES)
def test_run_that_ends_above_0_matches_its_reference_step_by_step(name: str) -> None:
    _compare(name, schedule_sigmas("karras", DiscreteSigmas(), 8)[:5])


def _compare(name: str, sigmas: list[float]) -> None:
    x = start(sigmas[0])
    windowed = SAMPLERS[name].windowed
    options = {"sde_start_sigma": WINDOW[0], "sde_end_sigma": WINDOW[1]} if windowed else {}
    kept = record(name, x, sigmas, mixture_x0, **options)
    draws = iter(kept.draws)
    problem = Problem(mixture_x0, unguided_x0, lambda: next(draws), WINDOW)
    states = list(REFERENCES[name](problem, x, sigmas))
    for i, (wanted, got) in enumerate(itertools.zip_longest(states, kept.states)):
        assert np.abs(wanted - got).max() < TOLERANCE.get(name, 1e-9), f"step {i}"
    assert list(draws) == []
