"""Samplers against diffusers' schedulers, where both carry out the same rule.

diffusers' k-diffusion family works on added noise as we do; its DPM solvers and DDIM work on
x / sqrt(1 + sigma**2). All run in float64 on the denoiser of a Gaussian mixture.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from .harness import Array, mixture_x0, record, start

STEPS = 8
SIGMAS = [*np.geomspace(14.6, 0.05, STEPS).tolist(), 0.0]
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"  # diffusers 0.42
)


def prepared(scheduler: Any, sigmas: list[float]) -> Any:
    """A scheduler that visits these sigmas, given in place of its own."""
    scheduler.set_timesteps(STEPS)
    scheduler.sigmas = torch.tensor(sigmas, dtype=torch.float64)
    return scheduler


def added_noise_end(scheduler: Any, x: Array, places: list[float]) -> Array:
    """Where a scheduler on added noise ends; `places` are the sigmas of its evaluations."""
    state = torch.from_numpy(x)
    for timestep, sigma in zip(scheduler.timesteps, places, strict=True):
        scheduler.scale_model_input(state, timestep)
        clean = torch.from_numpy(mixture_x0(state.numpy(), sigma))
        state = scheduler.step(clean, timestep, state).prev_sample
    found: Array = state.numpy()
    return found


def test_euler_ends_where_diffusers_ends() -> None:
    from diffusers import EulerDiscreteScheduler

    x = start(SIGMAS[0], shape=(1, 1, 3, 4))
    scheduler = prepared(EulerDiscreteScheduler(prediction_type="sample"), SIGMAS)
    end = added_noise_end(scheduler, x, SIGMAS[:-1])
    assert np.abs(end - record("euler", x, SIGMAS, mixture_x0).end).max() < 1e-5


def test_heun_ends_where_diffusers_ends() -> None:
    from diffusers import HeunDiscreteScheduler

    x = start(SIGMAS[0], shape=(1, 1, 3, 4))
    scheduler = HeunDiscreteScheduler(prediction_type="sample")
    scheduler.set_timesteps(STEPS)
    doubled = [SIGMAS[0], *(s for sigma in SIGMAS[1:-1] for s in (sigma, sigma)), 0.0]
    scheduler.sigmas = torch.tensor(doubled, dtype=torch.float64)
    end = added_noise_end(scheduler, x, doubled[:-1])
    assert np.abs(end - record("heun", x, SIGMAS, mixture_x0).end).max() < 1e-5


def test_lms_ends_where_diffusers_ends() -> None:
    from diffusers import LMSDiscreteScheduler

    x = start(SIGMAS[0], shape=(1, 1, 3, 4))
    levels = SIGMAS[:-1]  # onto 0 ours goes straight
    scheduler = prepared(LMSDiscreteScheduler(prediction_type="sample"), levels)
    scheduler.timesteps = scheduler.timesteps[:-1]
    end = added_noise_end(scheduler, x, levels[:-1])
    # diffusers integrates to a relative error of 1e-4.
    assert np.abs(end - record("lms", x, levels, mixture_x0).end).max() < 1e-3


def preserving_end(
    scheduler: Any, x: Array, sigmas: list[float], draws: list[Array] | None = None
) -> Array:
    """Where a scheduler on x / sqrt(1 + sigma**2) ends."""
    state = torch.from_numpy(x) / math.sqrt(1 + sigmas[0] ** 2)
    for i, timestep in enumerate(scheduler.timesteps):
        clean = mixture_x0(state.numpy() * math.sqrt(1 + sigmas[i] ** 2), sigmas[i])
        more: dict[str, Any] = {}
        if draws is not None:
            drawn = draws[i] if i < len(draws) else np.zeros_like(x)
            more["variance_noise"] = torch.from_numpy(drawn)
        state = scheduler.step(torch.from_numpy(clean), timestep, state, **more).prev_sample
    found: Array = state.numpy() * math.sqrt(1 + sigmas[-1] ** 2)
    return found


@pytest.mark.parametrize(
    ("name", "algorithm", "solver"),
    [
        ("dpmpp_2m", "dpmsolver++", "midpoint"),
        ("dpmpp_2m_sde", "sde-dpmsolver++", "midpoint"),
        ("dpmpp_2m_sde_heun", "sde-dpmsolver++", "heun"),
    ],
)
def test_dpmpp_2m_ends_where_diffusers_ends(name: str, algorithm: str, solver: str) -> None:
    from diffusers import DPMSolverMultistepScheduler

    x = start(SIGMAS[0], shape=(1, 1, 3, 4))
    levels = SIGMAS[:-1]
    kept = record(name, x, levels, mixture_x0)
    scheduler = DPMSolverMultistepScheduler(
        algorithm_type=algorithm,
        solver_order=2,
        solver_type=solver,
        prediction_type="sample",
        lower_order_final=False,
        final_sigmas_type="sigma_min",
    )
    scheduler = prepared(scheduler, levels)
    scheduler.timesteps = scheduler.timesteps[: len(levels) - 1]
    stochastic = algorithm.startswith("sde")
    end = preserving_end(scheduler, x, levels, kept.draws if stochastic else None)
    assert np.abs(end - kept.end).max() < 1e-4


@pytest.mark.parametrize(("name", "eta"), [("ddim", 0.0), ("ddpm", 1.0), ("euler_ancestral", 1.0)])
def test_ddim_and_ddpm_end_where_diffusers_ends(name: str, eta: float) -> None:
    """diffusers' DDIM with eta 1 is DDPM; over the training timesteps 999, 874, ..., 124."""
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="sample",
        clip_sample=False,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.double()
    scheduler.final_alpha_cumprod = scheduler.final_alpha_cumprod.double()
    scheduler.set_timesteps(STEPS)
    bars = scheduler.alphas_cumprod[scheduler.timesteps]
    sigmas = [*((1 - bars) / bars).sqrt().tolist(), 0.0]
    x = start(sigmas[0], shape=(1, 1, 3, 4))
    kept = record(name, x, sigmas, mixture_x0)
    state = torch.from_numpy(x) / math.sqrt(1 + sigmas[0] ** 2)
    for i, timestep in enumerate(scheduler.timesteps):
        clean = mixture_x0(state.numpy() * math.sqrt(1 + sigmas[i] ** 2), sigmas[i])
        drawn = kept.draws[i] if i < len(kept.draws) else np.zeros_like(x)
        state = scheduler.step(
            torch.from_numpy(clean),
            int(timestep),
            state,
            eta=eta,
            variance_noise=torch.from_numpy(drawn) if eta else None,
        ).prev_sample
    assert np.abs(state.numpy() - kept.end).max() < 1e-5


def test_flow_euler_ends_where_diffusers_ends() -> None:
    from diffusers import FlowMatchEulerDiscreteScheduler

    def clean_of(x: Array, share: float) -> Array:
        return mixture_x0(x / (1 - share), share / (1 - share)) if share < 1 else 0 * x + 0.25

    x = start(1.0, shape=(1, 1, 3, 4))
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(STEPS)
    sigmas = [float(s) for s in scheduler.sigmas]
    state = torch.from_numpy(x)
    for timestep, share in zip(scheduler.timesteps, sigmas, strict=False):
        velocity = (state.numpy() - clean_of(state.numpy(), share)) / share
        state = scheduler.step(torch.from_numpy(velocity), timestep, state).prev_sample
    mine = record("euler", x, sigmas, clean_of, flow=True).end
    assert np.abs(state.numpy() - mine).max() < 1e-5
