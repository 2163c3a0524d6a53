"""What holds of samplers whatever their rule: order, noise, statistics, flows, one step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from weft.diffusion.sampling.brownian import BrownianNoise
from weft.diffusion.sampling.samplers import ALIASES, SAMPLER_NAMES, SAMPLERS
from weft.diffusion.sampling.samplers.added_noise import level_of, share_of
from weft.diffusion.sampling.samplers.sde import between

from .harness import Array, gaussian_flow, gaussian_x0, mixture_x0, record, start

CFG_PP = [name for name in SAMPLERS if name.endswith("cfg_pp")]

ORDERS: list[tuple[str, dict[str, Any], float]] = [
    ("euler", {}, 1),
    ("ddim", {}, 1),
    ("heun", {}, 2),
    ("dpm_2", {}, 2),
    ("dpmpp_2m", {}, 2),
    ("res_multistep", {}, 2),
    ("lms", {"order": 1}, 1),
    ("lms", {"order": 2}, 2),
    ("ipndm_v", {"max_order": 2}, 2),
    ("deis", {"max_order": 2}, 2),
    # The first steps of low order are small against the rest here.
    ("lms", {"order": 3}, 2.8),
    ("lms", {}, 3.5),
    ("deis", {}, 2.8),
    # uni_pc begins and ends with steps of first order, which leave two of its three orders.
    ("uni_pc", {}, 2),
    ("uni_pc_bh2", {}, 2),
    ("dpm_2_ancestral", {"eta": 0.0}, 2),
    ("dpmpp_2s_ancestral", {"eta": 0.0}, 2),
    ("dpmpp_sde", {"eta": 0.0}, 2),
    ("dpmpp_2m_sde", {"eta": 0.0}, 2),
    ("dpmpp_2m_sde_heun", {"eta": 0.0}, 2),
    ("dpmpp_3m_sde", {"eta": 0.0}, 2),
    ("exp_heun_2_x0", {}, 2),
    ("exp_heun_2_x0_sde", {"eta": 0.0}, 2),
    ("seeds_2", {"eta": 0.0}, 2),
    ("er_sde", {"solver_type": "ODE", "max_stage": 2, "s_noise": 0.0}, 2),
    ("sa_solver", {"eta": 0.0, "predictor_order": 1, "corrector_order": 0}, 1),
    ("sa_solver", {"eta": 0.0, "predictor_order": 2, "corrector_order": 0}, 2),
    ("sa_solver_pece", {"eta": 0.0, "predictor_order": 2, "corrector_order": 2}, 2),
]


def order_on(name: str, sigmas: Callable[[int], Array], steps: int, **options: Any) -> float:
    """Order of convergence from so many steps to twice as many."""
    x = 10 * start(1.0, seed=1)
    errors = []
    for count in (steps, 2 * steps):
        places = sigmas(count).tolist()
        end = record(name, x, places, gaussian_x0, **options).end
        errors.append(np.abs(end - gaussian_flow(x, places[0], places[-1])).max())
    return math.log2(errors[0] / errors[1])


@pytest.mark.parametrize(("name", "options", "order"), ORDERS)
def test_sampler_converges_with_its_order_on_a_gaussian(
    name: str, options: dict[str, Any], order: float
) -> None:
    measured = order_on(name, lambda n: np.geomspace(10.0, 0.05, n + 1), 64, **options)
    assert measured == pytest.approx(order, abs=0.3)


ON_EVEN_STEPS = ("ipndm", "ipndm_v")
NO_KNOWN_ORDER = ("heunpp2", "gradient_estimation", "dpm_fast")
CHOOSES_STEPS = ("dpm_adaptive",)  # test_solvers: a smaller tolerance gives a smaller error


def test_every_deterministic_sampler_is_tried_against_the_exact_flow() -> None:
    """CFG++ rules are the plain ones where nothing is guided; that is tested below."""
    tried = {name for name, _, _ in ORDERS} | {*ON_EVEN_STEPS, *NO_KNOWN_ORDER, *CHOOSES_STEPS}
    plain = {name for name, s in SAMPLERS.items() if not s.ancestral and name not in CFG_PP}
    assert plain <= tried


@pytest.mark.parametrize("name", ON_EVEN_STEPS)
def test_adams_bashforth_of_order_4_is_above_third_order_on_even_steps(name: str) -> None:
    assert order_on(name, lambda n: np.linspace(10.0, 2.0, n + 1), 32) > 3


def test_seeds_3_without_noise_is_of_third_order() -> None:
    """Few steps: its places are rounded to float32, which soon is the larger error."""
    order = order_on("seeds_3", lambda n: np.geomspace(10.0, 0.05, n + 1), 16, eta=0.0)
    assert order == pytest.approx(3, abs=0.3)


@pytest.mark.parametrize("name", NO_KNOWN_ORDER)
def test_sampler_comes_near_the_exact_flow_of_a_gaussian(name: str) -> None:
    x = 10 * start(1.0, seed=1)
    errors = []
    for steps in (50, 200):
        sigmas = np.geomspace(10.0, 0.05, steps + 1).tolist()
        end = record(name, x, sigmas, gaussian_x0).end
        errors.append(np.abs(end - gaussian_flow(x, 10.0, 0.05)).max())
    assert errors[1] < errors[0] / 2
    assert errors[1] < 0.05


@pytest.mark.parametrize("name", [n for n, s in SAMPLERS.items() if s.ancestral and "lcm" not in n])
def test_stochastic_sampler_draws_the_distribution_it_should(name: str) -> None:
    """Data N(1, 0.5**2): what comes out has this mean and spread, up to the error of the steps."""
    model = gaussian_x0
    sigmas = [*np.geomspace(20.0, 0.02, 40).tolist(), 0.0]
    x = start(math.sqrt(20.0**2 + 0.25), shape=(1, 1, 100, 100)) + 1.0
    end = record(name, x, sigmas, model, unguided=model).end
    assert end.mean() == pytest.approx(1.0, abs=0.02)
    # Multistep rules take the noise for a slope, which narrows what they draw.
    assert end.std() == pytest.approx(0.5, rel=0.12)


def flow_x0(x: Array, share: float) -> Array:
    """The exact denoiser of N(1, 0.5**2) for x = (1 - share) x0 + share noise."""
    signal = 1 - share
    return 1 + signal * 0.25 / (signal**2 * 0.25 + share**2) * (x - signal)


# lcm forgets where it was; the DPM solvers end at the last sigma above 0.
@pytest.mark.parametrize(
    "name", [n for n in SAMPLERS if "lcm" not in n and n not in {"dpm_adaptive", "dpm_fast"}]
)
def test_sampler_on_a_flow_draws_the_distribution_it_should(name: str) -> None:
    first = 0.999 if SAMPLERS[name].added_noise else 1.0
    sigmas = [first, *np.linspace(0.99, 0.01, 40).tolist(), 0.0]
    x = start(1.0, shape=(1, 1, 100, 100)) * first + (1 - first)
    kept = record(name, x, sigmas, flow_x0, unguided=flow_x0, flow=True)
    assert kept.end.mean() == pytest.approx(1.0, abs=0.03)
    assert kept.end.std() == pytest.approx(0.5, rel=0.12)
    assert all(0 < share <= 1 for share in kept.seen)
    assert all(1 >= high >= low > 0 for high, low in kept.asked)


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampler_of_one_step_onto_0_gives_the_clean_picture(name: str) -> None:
    x = start(5.0, seed=2)
    kept = record(name, x, [5.0, 0.0], mixture_x0)
    # uni_pc stops at 0.001, a five-thousandth of the way before the end.
    assert np.allclose(kept.end, mixture_x0(x, 5.0), atol=5e-3)
    assert kept.draws == []


@pytest.mark.parametrize("name", SAMPLERS)
def test_only_ancestral_samplers_draw_noise(name: str) -> None:
    kept = record(name, start(5.0), [5.0, 2.0, 1.0, 0.0], mixture_x0)
    assert bool(kept.draws) == SAMPLERS[name].ancestral


@pytest.mark.parametrize("name", [n for n, s in SAMPLERS.items() if "eta" in s.options])
def test_eta_0_draws_no_noise(name: str) -> None:
    eta = {"solver_type": "ODE"} if name == "er_sde" else {"eta": 0.0}
    kept = record(name, start(5.0), [5.0, 2.0, 1.0, 0.0], mixture_x0, **eta)
    assert kept.draws == []


@pytest.mark.parametrize(
    "name", [n for n, s in SAMPLERS.items() if "s_noise" in s.options and s.ancestral]
)
def test_s_noise_scales_what_is_added(name: str) -> None:
    sigmas, x = [5.0, 2.0], start(5.0)
    none = record(name, x, sigmas, gaussian_x0, s_noise=1e-9).states[0]
    one = record(name, x, sigmas, gaussian_x0, s_noise=1.0).states[0]
    two = record(name, x, sigmas, gaussian_x0, s_noise=2.0).states[0]
    assert np.abs(one - none).max() > 0.1
    assert np.allclose(two - none, 2 * (one - none), atol=1e-6)


@pytest.mark.parametrize("name", CFG_PP)
def test_cfg_pp_without_guidance_is_the_plain_rule(name: str) -> None:
    """When both sides see the same picture nothing is guided."""
    plain = name.removesuffix("_cfg_pp")
    sigmas = [8.0, 4.0, 2.0, 1.0, 0.5, 0.0]
    x = start(8.0)
    bent = record(name, x, sigmas, mixture_x0, unguided=mixture_x0)
    assert np.allclose(bent.end, record(plain, x, sigmas, mixture_x0).end, atol=1e-9)


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampler_changes_nothing_it_was_given(name: str) -> None:
    x = start(5.0)
    before, sigmas = x.copy(), [5.0, 2.0, 1.0, 0.5, 0.0]
    record(name, x, sigmas, mixture_x0)
    assert np.array_equal(x, before)
    assert sigmas == [5.0, 2.0, 1.0, 0.5, 0.0]


def test_place_inside_a_step_is_the_geometric_mean() -> None:
    assert between(8.0, 2.0, 0.5) == pytest.approx(4.0, rel=1e-6)
    assert between(8.0, 1.0, 1 / 3) == pytest.approx(4.0, rel=1e-6)


@pytest.mark.parametrize("name", [n for n, s in SAMPLERS.items() if s.brownian])
def test_brownian_sampler_asks_its_path_inside_the_run(name: str) -> None:
    sigmas = [9.0, 3.0, 1.0, 0.0]
    kept = record(name, start(9.0), sigmas, mixture_x0)
    noise = BrownianNoise.between(sigmas)((2, 1, 3, 4), 3)
    like = torch.zeros(2, 1, 3, 4)
    draws = [noise(like, high, low) for high, low in kept.asked]
    assert all(0.3 < float(draw.std()) < 2.0 for draw in draws)


def test_levels_of_added_noise_and_shares_are_inverse() -> None:
    for share in (0.001, 0.5, 0.9999):
        assert share_of(level_of(share)) == pytest.approx(share, rel=1e-12)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_says_what_it_is(name: str) -> None:
    assert SAMPLERS[name].name == name
    assert len(SAMPLERS[name].doc) > 20


def test_aliases_name_samplers() -> None:
    assert set(ALIASES.values()) <= set(SAMPLERS)
    named = [name for name, sampler in SAMPLERS.items() if not sampler.resizes]
    assert (*named, *ALIASES) == SAMPLER_NAMES
