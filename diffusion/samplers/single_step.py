"""Deterministic samplers without memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from .protocol import AfterStep, Noise, Predict, slope

if TYPE_CHECKING:
    from torch import Tensor


def euler(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """Euler: one evaluation per step, first order. Source: Karras et al. 2022, without churn."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        x = x + slope(x, sigma, denoised) * (following - sigma)
        after_step(i, sigma, denoised, x)
    return x


def ddim(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """DDIM without noise (eta 0), which in sigma space is Euler. Source: Song et al. 2020."""
    return euler(predict, x, sigmas, noise=noise, after_step=after_step)


def heun(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """Heun: two evaluations per step, second order. Source: Karras et al. 2022, algorithm 1."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        direction = slope(x, sigma, denoised)
        ahead = x + direction * (following - sigma)
        if following > 0:
            there = slope(ahead, following, predict(ahead, following))
            ahead = x + (direction + there) / 2 * (following - sigma)
        x = ahead
        after_step(i, sigma, denoised, x)
    return x


def dpm_2(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """DPM-Solver-2: midpoint in log sigma, two evaluations. Source: Lu et al. 2022; k-diffusion."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        x = midpoint_step(predict, x, sigma, following, denoised)
        after_step(i, sigma, denoised, x)
    return x


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
