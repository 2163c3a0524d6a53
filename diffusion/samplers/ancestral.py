"""Samplers that step below the next sigma and add fresh noise to come back up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from .protocol import AfterStep, Noise, Predict, slope
from .single_step import midpoint_step

if TYPE_CHECKING:
    from torch import Tensor


def ancestral_split(sigma: float, following: float) -> tuple[float, float]:
    """Where to step down to, and how much noise to add then: down**2 + up**2 = following**2."""
    up = min(following, math.sqrt(following**2 * (sigma**2 - following**2) / sigma**2))
    return math.sqrt(following**2 - up**2), up


def euler_ancestral(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """Euler with fresh noise at every step. Source: k-diffusion."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        down, up = ancestral_split(sigma, following)
        if down == 0:
            x = denoised
        else:
            x = x + slope(x, sigma, denoised) * (down - sigma)
            x = x + noise(x, sigma, following) * up
        after_step(i, sigma, denoised, x)
    return x


def dpm_2_ancestral(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """DPM-Solver-2 with fresh noise at every step. Source: k-diffusion."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        down, up = ancestral_split(sigma, following)
        x = midpoint_step(predict, x, sigma, down, denoised)
        if down > 0:
            x = x + noise(x, sigma, following) * up
        after_step(i, sigma, denoised, x)
    return x


def dpmpp_2s_ancestral(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """DPM-Solver++(2S) with fresh noise; two evaluations. Source: Lu et al. 2022b; k-diffusion."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        down, up = ancestral_split(sigma, following)
        if down == 0:
            x = x + slope(x, sigma, denoised) * (down - sigma)
        else:
            # h is the step in log signal-to-noise; half of it leads to the geometric mean.
            h = math.log(sigma) - math.log(down)
            middle = math.sqrt(sigma * down)
            halfway = (middle / sigma) * x - math.expm1(-h / 2) * denoised
            x = (down / sigma) * x - math.expm1(-h) * predict(halfway, middle)
        if following > 0:
            x = x + noise(x, sigma, following) * up
        after_step(i, sigma, denoised, x)
    return x


def lcm(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """Jump to the clean picture and noise it again; for LCM models. Source: Luo et al. 2023."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        x = denoised
        if following > 0:
            x = x + noise(x, sigma, following) * following
        after_step(i, sigma, denoised, x)
    return x
