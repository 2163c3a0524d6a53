"""Deterministic samplers without memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .protocol import Predict, SamplerStep, slope, stepwise

if TYPE_CHECKING:
    from torch import Tensor


@stepwise()
def euler(step: SamplerStep, x: Tensor, denoised: Tensor) -> Tensor:
    """Euler: one evaluation per step, first order. Source: Karras et al. 2022, without churn."""
    return x + slope(x, step.sigma, denoised) * (step.following - step.sigma)


@stepwise()
def ddim(step: SamplerStep, x: Tensor, denoised: Tensor) -> Tensor:
    """DDIM without noise (eta 0), which in sigma space is Euler. Source: Song et al. 2020."""
    return x + slope(x, step.sigma, denoised) * (step.following - step.sigma)


@stepwise()
def heun(step: SamplerStep, x: Tensor, denoised: Tensor) -> Tensor:
    """Heun: two evaluations per step, second order. Source: Karras et al. 2022, algorithm 1."""
    length = step.following - step.sigma
    direction = slope(x, step.sigma, denoised)
    ahead = x + direction * length
    if step.following == 0:
        return ahead
    there = slope(ahead, step.following, step.predict(ahead, step.following))
    return x + (direction + there) / 2 * length


@stepwise()
def heunpp2(step: SamplerStep, x: Tensor, denoised: Tensor) -> Tensor:
    """Heun++: up to three evaluations, later slopes weighted by their sigma.

    The weights are sigma / (n sigma_0) of the n - 1 places ahead; what is left goes to the first.
    Falls to Heun and to Euler in the last two steps. Source: Carzit, sd-webui-samplers-scheduler.
    """
    last = step.sigmas[-1]
    ahead = list(step.sigmas[step.index + 1 : step.index + 3])
    if last in ahead:
        ahead = ahead[: ahead.index(last)]
    direction = slope(x, step.sigma, denoised)
    place, here, total, left = x, step.sigma, direction, 1.0
    slopes: list[tuple[float, Tensor]] = []
    for sigma in ahead:
        place = place + total * (sigma - here)
        total = slope(place, sigma, step.predict(place, sigma))
        weight = sigma / ((len(ahead) + 1) * step.sigmas[0])
        slopes.append((weight, total))
        here, left = sigma, left - weight
    mean = left * direction
    for weight, there in slopes:
        mean = mean + weight * there
    return x + mean * (step.following - step.sigma)


@stepwise()
def dpm_2(step: SamplerStep, x: Tensor, denoised: Tensor) -> Tensor:
    """DPM-Solver-2: midpoint in log sigma, two evaluations. Source: Lu et al. 2022; k-diffusion."""
    return midpoint_step(step.predict, x, step.sigma, step.following, denoised)


def midpoint_step(
    predict: Predict, x: Tensor, sigma: float, following: float, denoised: Tensor
) -> Tensor:
    """From sigma to following through their geometric mean; a plain Euler step onto 0."""
    direction = slope(x, sigma, denoised)
    if following == 0:
        return x + direction * (following - sigma)
    middle = math.sqrt(sigma * following)
    halfway = x + direction * (middle - sigma)
    return x + slope(halfway, middle, predict(halfway, middle)) * (following - sigma)


@stepwise(past=1)
def gradient_estimation(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, ge_gamma: float = 2.0
) -> Tensor:
    """Euler that leans away from the last slope: d + (gamma - 1) (d - d_before).

    Source: Permenter & Yuan 2023, "Interpreting and Improving Diffusion Models from an Optimization
    Perspective".
    """
    if step.following == 0:
        return denoised
    direction = slope(x, step.sigma, denoised)
    if step.past:
        direction = direction + (ge_gamma - 1.0) * (direction - step.past[-1].slope)
    return x + direction * (step.following - step.sigma)
