"""Samplers with a loop of their own: UniPC, DPM-Solver fast and adaptive, SA-Solver."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from weft.diffusion.sampling.samplers.dpm_solver import StepControl, fast_orders

from .harness import gaussian_flow, gaussian_x0, mixture_x0, record, start


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers 0.42
@pytest.mark.parametrize(("name", "solver"), [("uni_pc", "bh1"), ("uni_pc_bh2", "bh2")])
@pytest.mark.parametrize("steps", [4, 5, 12])
def test_uni_pc_ends_where_diffusers_ends(name: str, solver: str, steps: int) -> None:
    """diffusers works in variance-preserving space: x / sqrt(1 + sigma**2)."""
    from diffusers import UniPCMultistepScheduler

    sigmas = np.geomspace(14.6, 0.05, steps).tolist()
    x = start(sigmas[0], shape=(1, 1, 3, 4))
    mine = record(name, x, [*sigmas, 0.0], mixture_x0).end

    scheduler = UniPCMultistepScheduler(
        solver_order=3, solver_type=solver, prediction_type="sample", final_sigmas_type="sigma_min"
    )
    scheduler.set_timesteps(steps)
    scheduler.sigmas = torch.tensor([*sigmas, 0.001], dtype=torch.float64)
    state = torch.from_numpy(x) / math.sqrt(1 + sigmas[0] ** 2)
    for i, timestep in enumerate(scheduler.timesteps):
        clean = mixture_x0(state.numpy() * math.sqrt(1 + sigmas[i] ** 2), sigmas[i])
        state = scheduler.step(torch.from_numpy(clean), timestep, state).prev_sample
    end = state.numpy() * math.sqrt(1 + 0.001**2)
    assert np.abs(end - mine).max() < 1e-5


# --- DPM-Solver ----------------------------------------------------------------------------------


@pytest.mark.parametrize("evaluations", range(2, 13))
def test_dpm_fast_evaluates_the_model_once_for_each_step_of_the_schedule(evaluations: int) -> None:
    sigmas = [*np.geomspace(10.0, 0.1, evaluations).tolist(), 0.0]
    kept = record("dpm_fast", start(10.0), sigmas, mixture_x0)
    assert len(kept.seen) == evaluations == sum(fast_orders(evaluations))
    assert len(kept.states) == len(fast_orders(evaluations))


@pytest.mark.parametrize("order", [2, 3])
def test_dpm_adaptive_works_harder_for_a_smaller_error_and_gets_it(order: int) -> None:
    x = 10 * start(1.0, seed=1)
    exact = gaussian_flow(x, 10.0, 0.05)
    errors, costs = [], []
    for tolerance in (0.05, 0.0005):
        kept = record(
            "dpm_adaptive",
            x,
            [10.0, 0.05],
            gaussian_x0,
            order=order,
            rtol=tolerance,
            atol=tolerance / 6,
        )
        errors.append(np.abs(kept.end - exact).max())
        costs.append(len(kept.seen))
    assert errors[1] < errors[0] / 3
    assert errors[1] < 0.005
    assert costs[1] > costs[0]


def test_dpm_adaptive_with_eta_adds_noise() -> None:
    kept = record("dpm_adaptive", start(10.0), [10.0, 0.05], gaussian_x0, eta=0.5)
    # The last step may land on the last sigma, with nothing left to add.
    assert len(kept.draws) in {len(kept.states), len(kept.states) - 1}


def test_step_control_shortens_what_it_refuses_and_lengthens_what_it_takes() -> None:
    control = StepControl(0.1, 0.0, 1.0, 0.0, 3, 0.81)
    assert not control.accepts(50.0)
    assert control.h < 0.1
    shorter = control.h
    assert control.accepts(0.01)
    assert control.h > shorter


# --- SA-Solver -----------------------------------------------------------------------------------


def test_sa_solver_adds_noise_only_inside_its_window() -> None:
    sigmas: list[Any] = [*np.geomspace(10.0, 0.05, 9).tolist(), 0.0]
    kept = record(
        "sa_solver", start(10.0), sigmas, mixture_x0, sde_start_sigma=3.0, sde_end_sigma=0.3
    )
    inside = [n for n in sigmas if 0.3 <= n <= 3.0]
    assert [n for _, n in kept.asked] == inside


@pytest.mark.parametrize(
    ("steps", "sizes"),
    [
        (-1, [(4, 6), (6, 8), (6, 8)]),
        (1, [(6, 8)] * 3),
        (0, [(3, 4)] * 3),
        (9, [(4, 5), (4, 6), (5, 7)]),
    ],
)
def test_lcm_upscale_grows_over_its_steps(steps: int, sizes: list[tuple[int, int]]) -> None:
    sigmas = [10.0, 3.0, 1.0, 0.0]
    kept = record(
        "lcm_upscale", start(10.0), sigmas, mixture_x0, scale_ratio=2.0, scale_steps=steps
    )
    assert [state.shape[-2:] for state in kept.states] == sizes
    assert [draw.shape for draw in kept.draws] == [(2, 1, *size) for size in sizes[:2]]
