"""Samplers against independent float64 references, and their order on a problem with an answer."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from weft.diffusion.samplers import SAMPLERS
from weft.diffusion.samplers.sde import half_way
from weft.diffusion.schedules import schedule_sigmas
from weft.diffusion.sigmas import DiscreteSigmas

Array = np.ndarray
MEANS, WIDTHS = (-1.5, 2.0), (0.3, 0.7)


def mixture_x0(x: Array, sigma: float) -> Array:
    """The exact denoiser of a mixture of two Gaussians of equal share."""
    logs, means = [], []
    for mean, width in zip(MEANS, WIDTHS, strict=True):
        variance = width**2 + sigma**2
        logs.append(-((x - mean) ** 2) / (2 * variance) - 0.5 * math.log(variance))
        means.append((width**2 * x + sigma**2 * mean) / variance)
    top = np.maximum(*logs)
    shares = [np.exp(log - top) for log in logs]
    return (shares[0] * means[0] + shares[1] * means[1]) / (shares[0] + shares[1])


def run(
    name: str, x: Array, sigmas: list[float], model: Callable[[Array, float], Array]
) -> tuple[list[Array], list[Array]]:
    """States after each step, and the noise that was drawn."""
    states: list[Array] = []
    draws: list[Array] = []
    generator = torch.Generator().manual_seed(0)

    def predict(t: torch.Tensor, sigma: float) -> torch.Tensor:
        return torch.from_numpy(model(t.numpy(), sigma))

    def noise(like: torch.Tensor, sigma: float, following: float) -> torch.Tensor:
        assert sigma > following > 0
        drawn = torch.randn(like.shape, generator=generator, dtype=torch.float64)
        draws.append(drawn.numpy())
        return drawn

    def after(index: int, sigma: float, denoised: torch.Tensor, new: torch.Tensor) -> None:
        assert index == len(states)
        assert sigma == sigmas[index]
        states.append(new.numpy().copy())

    end = SAMPLERS[name].run(predict, torch.from_numpy(x), sigmas, noise=noise, after_step=after)
    assert np.array_equal(end.numpy(), states[-1])
    return states, draws


# --- references, written from the papers in other terms than the code ----------------------------


def flow(x: Array, s: float) -> Array:
    return (x - mixture_x0(x, s)) / s


def split(s: float, n: float) -> tuple[float, float]:
    up2 = n**2 * (s**2 - n**2) / s**2
    return math.sqrt(max(n**2 - up2, 0.0)), math.sqrt(up2)


def ref_euler(x: Array, s: float, n: float, memory: list[object], draw: Array) -> Array:
    return (n / s) * x + (1 - n / s) * mixture_x0(x, s)


def ref_heun(x: Array, s: float, n: float, memory: list[object], draw: Array) -> Array:
    predicted = ref_euler(x, s, n, memory, draw)
    if n == 0:
        return predicted
    return x + (n - s) * 0.5 * (flow(x, s) + flow(predicted, n))


def ref_dpm_2(x: Array, s: float, n: float, memory: list[object], draw: Array) -> Array:
    if n == 0:
        return mixture_x0(x, s)
    m = math.exp((math.log(s) + math.log(n)) / 2)
    return x + (n - s) * flow(x + (m - s) * flow(x, s), m)


def ref_dpmpp_2m(x: Array, s: float, n: float, memory: list[object], draw: Array) -> Array:
    x0 = mixture_x0(x, s)
    if n == 0:
        return x0
    h = math.log(s / n)
    d = x0
    if memory:
        before, h_before = memory[-1]  # type: ignore[misc]
        d = x0 + h / (2 * h_before) * (x0 - before)
    memory.append((x0, h))
    return (n / s) * x + (1 - math.exp(-h)) * d


def ref_euler_ancestral(x: Array, s: float, n: float, memory: list[object], draw: Array) -> Array:
    if n == 0:
        return mixture_x0(x, s)
    down, up = split(s, n)
    return x + (down - s) * flow(x, s) + up * draw


def ref_dpm_2_ancestral(x: Array, s: float, n: float, memory: list[object], draw: Array) -> Array:
    if n == 0:
        return mixture_x0(x, s)
    down, up = split(s, n)
    return ref_dpm_2(x, s, down, memory, draw) + up * draw


def ref_dpmpp_2s(x: Array, s: float, n: float, memory: list[object], draw: Array) -> Array:
    if n == 0:
        return mixture_x0(x, s)
    down, up = split(s, n)
    m = math.sqrt(s * down)
    u = (m / s) * x + (1 - m / s) * mixture_x0(x, s)
    return (down / s) * x + (1 - down / s) * mixture_x0(u, m) + up * draw


def ref_lcm(x: Array, s: float, n: float, memory: list[object], draw: Array) -> Array:
    return mixture_x0(x, s) + (n * draw if n > 0 else 0.0)


# SDE rules: d x = (x - x0) / sigma * 2 d sigma + noise, solved exactly for a polynomial x0(lambda).


def sde_kernel(h: float, power: int) -> float:
    """Integral of 2 exp(-2 (h - t)) t**power / power! over a step of log sigma."""
    from scipy import integrate

    def f(t: float) -> float:
        return 2 * math.exp(-2 * (h - t)) * t**power / math.factorial(power)

    return float(integrate.quad(f, 0, h, epsabs=1e-13)[0])


def ref_dpmpp_2m_sde(x: Array, s: float, n: float, memory: list[object], draw: Array) -> Array:
    x0 = mixture_x0(x, s)
    if n == 0:
        return x0
    h = math.log(s) - math.log(n)
    target = x0
    if memory:
        before, h_before = memory[-1]  # type: ignore[misc]
        target = x0 + (h / 2) * (x0 - before) / h_before  # x0 at the middle of the step
    memory.append((x0, h))
    keep = (n / s) ** 2
    return keep * x + (1 - keep) * target + n * math.sqrt(1 - keep) * draw


def ref_dpmpp_3m_sde(x: Array, s: float, n: float, memory: list[object], draw: Array) -> Array:
    x0 = mixture_x0(x, s)
    if n == 0:
        return x0
    h = math.log(s) - math.log(n)
    # Divided differences of x0 over lambda at the last three places.
    slope, bend = np.zeros_like(x0), np.zeros_like(x0)
    if memory:
        one, h_one = memory[-1]  # type: ignore[misc]
        slope = (x0 - one) / h_one
        if len(memory) > 1:
            two, h_two = memory[-2]  # type: ignore[misc]
            second = (slope - (one - two) / h_two) / (h_one + h_two)
            slope, bend = slope + second * h_one, 2 * second
    memory.append((x0, h))
    keep = (n / s) ** 2
    made = keep * x + sde_kernel(h, 0) * x0 + sde_kernel(h, 1) * slope
    # k-diffusion's third-order term takes half of the exact integral.
    made = made + 0.5 * sde_kernel(h, 2) * bend
    return made + n * math.sqrt(1 - keep) * draw


REFERENCES = {
    "euler": ref_euler,
    "ddim": ref_euler,
    "heun": ref_heun,
    "dpm_2": ref_dpm_2,
    "dpmpp_2m": ref_dpmpp_2m,
    "euler_ancestral": ref_euler_ancestral,
    "dpm_2_ancestral": ref_dpm_2_ancestral,
    "dpmpp_2s_ancestral": ref_dpmpp_2s,
    "lcm": ref_lcm,
    "dpmpp_2m_sde": ref_dpmpp_2m_sde,
    "dpmpp_3m_sde": ref_dpmpp_3m_sde,
}


@pytest.mark.parametrize("schedule", ["karras", "normal"])
@pytest.mark.parametrize("name", REFERENCES)
def test_sampler_matches_its_reference_step_by_step(name: str, schedule: str) -> None:
    sigmas = schedule_sigmas(schedule, DiscreteSigmas(), 12)
    x = np.random.default_rng(0).normal(size=(2, 1, 3, 4)) * sigmas[0]
    states, draws = run(name, x, sigmas, mixture_x0)
    memory: list[object] = []
    for i, (s, n) in enumerate(itertools.pairwise(sigmas)):
        draw = draws[i] if i < len(draws) else np.zeros_like(x)
        x = REFERENCES[name](x, s, n, memory, draw)
        assert np.abs(x - states[i]).max() < 1e-10, f"step {i}"


def test_dpmpp_sde_matches_its_reference_step_by_step() -> None:
    sigmas = schedule_sigmas("karras", DiscreteSigmas(), 8)
    x = np.random.default_rng(0).normal(size=(2, 1, 3, 4)) * sigmas[0]
    states, draws = run("dpmpp_sde", x, sigmas, mixture_x0)
    for i, (s, n) in enumerate(itertools.pairwise(sigmas)):
        if n == 0:
            x = mixture_x0(x, s)
        else:
            first, second = draws[2 * i], draws[2 * i + 1]
            m = half_way(s, n)
            assert m == pytest.approx(math.sqrt(s * n), rel=1e-6)
            down, up = split(s, m)
            u = x + (down - s) * flow(x, s) + up * first
            down, up = split(s, n)
            x = (down / s) * x + (1 - down / s) * mixture_x0(u, m) + up * second
        assert np.abs(x - states[i]).max() < 1e-10, f"step {i}"


def test_lms_matches_numerically_integrated_weights_step_by_step() -> None:
    from scipy import integrate

    sigmas = schedule_sigmas("karras", DiscreteSigmas(), 12)
    x = np.random.default_rng(0).normal(size=(1, 1, 3, 4)) * sigmas[0]
    states, _ = run("lms", x, sigmas, mixture_x0)
    slopes: list[Array] = []
    for i in range(12):
        slopes.insert(0, flow(x, sigmas[i]))
        points = [sigmas[i - k] for k in range(min(i + 1, 4))]
        for k, here in enumerate(points):

            def lagrange(
                t: float, k: int = k, here: float = here, p: list[float] = points
            ) -> float:
                return math.prod((t - o) / (here - o) for j, o in enumerate(p) if j != k)

            weight = integrate.quad(lagrange, sigmas[i], sigmas[i + 1], epsrel=1e-10)[0]
            x = x + weight * slopes[k]
        assert np.abs(x - states[i]).max() < 1e-8, f"step {i}"


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers 0.42
@pytest.mark.parametrize(("name", "solver"), [("uni_pc", "bh1"), ("uni_pc_bh2", "bh2")])
@pytest.mark.parametrize("steps", [4, 5, 12])
def test_uni_pc_ends_where_diffusers_ends(name: str, solver: str, steps: int) -> None:
    """diffusers works in variance-preserving space: x / sqrt(1 + sigma**2)."""
    from diffusers import UniPCMultistepScheduler

    sigmas = np.geomspace(14.6, 0.05, steps).tolist()
    x = np.random.default_rng(0).normal(size=(1, 1, 3, 4)) * sigmas[0]
    states, _ = run(name, x, [*sigmas, 0.0], mixture_x0)

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
    assert np.abs(end - states[-1]).max() < 1e-5


@pytest.mark.parametrize(
    ("name", "order"),
    [("euler", 1), ("ddim", 1), ("heun", 2), ("dpm_2", 2), ("dpmpp_2m", 2), ("uni_pc", 2)],
)
def test_sampler_converges_with_its_order_on_a_gaussian(name: str, order: int) -> None:
    """Data N(1, 0.5**2): x(sigma) = 1 + (x - 1) * sqrt((0.25 + sigma**2) / (0.25 + start**2)).

    uni_pc begins and ends with steps of first order, which leave two of its three orders.
    """
    x = np.random.default_rng(1).normal(size=(1, 1, 4, 4)) * 10

    def gaussian_x0(y: Array, sigma: float) -> Array:
        return (0.25 * y + sigma**2) / (0.25 + sigma**2)

    exact = 1 + (x - 1) * math.sqrt((0.25 + 0.05**2) / (0.25 + 10.0**2))
    errors = []
    for steps in (64, 128):
        sigmas = np.geomspace(10.0, 0.05, steps + 1).tolist()
        states, _ = run(name, x, sigmas, gaussian_x0)
        errors.append(np.abs(states[-1] - exact).max())
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.25)


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampler_of_one_step_onto_0_gives_the_clean_picture(name: str) -> None:
    x = np.random.default_rng(2).normal(size=(1, 1, 2, 2)) * 5
    states, draws = run(name, x, [5.0, 0.0], mixture_x0)
    # uni_pc stops at 0.001, a five-thousandth of the way before the end.
    assert np.allclose(states[-1], mixture_x0(x, 5.0), atol=5e-3)
    assert draws == []


@pytest.mark.parametrize("name", SAMPLERS)
def test_only_ancestral_samplers_draw_noise(name: str) -> None:
    _, draws = run(name, np.ones((1, 1, 2, 2)) * 5, [5.0, 2.0, 1.0, 0.0], mixture_x0)
    assert bool(draws) == SAMPLERS[name].ancestral


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_says_what_it_is(name: str) -> None:
    assert SAMPLERS[name].name == name
    assert len(SAMPLERS[name].doc) > 20
