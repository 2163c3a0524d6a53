"""DPM-Solver++ for the stochastic equation (eta 1): steps to a lower noise level plus new noise.

A step of length h = log(sigma / following) keeps exp(-2h) of x's way to the clean picture and
adds noise of variance following**2 * (1 - exp(-2h)).

Source: Lu et al. 2022b, "DPM-Solver++"; k-diffusion for the third-order rule and the noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from .ancestral import ancestral_split
from .protocol import AfterStep, Noise, Predict

if TYPE_CHECKING:
    from torch import Tensor


def dpmpp_sde(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """DPM-Solver++ SDE: through the geometric mean, two evaluations and two draws per step."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        if following == 0:
            x = denoised
        else:
            middle = half_way(sigma, following)
            down, up = ancestral_split(sigma, middle)
            halfway = (down / sigma) * x + (1 - down / sigma) * denoised
            halfway = halfway + noise(x, sigma, middle) * up
            target = predict(halfway, middle)
            down, up = ancestral_split(sigma, following)
            x = (down / sigma) * x + (1 - down / sigma) * target
            x = x + noise(x, sigma, following) * up
        after_step(i, sigma, denoised, x)
    return x


def half_way(sigma: float, following: float) -> float:
    """The geometric mean, in float32 and by way of logarithms as k-diffusion takes it.

    The path is asked at this place to six decimals: another rounding would draw other noise.
    """
    import torch

    high, low = torch.tensor(sigma).log().neg(), torch.tensor(following).log().neg()
    return float(torch.lerp(high, low, 0.5).neg().exp())


def dpmpp_2m_sde(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """DPM-Solver++(2M) SDE: second order (midpoint form), one evaluation and one draw per step."""
    earlier: Tensor | None = None
    h_before = 0.0
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        if following == 0:
            x = denoised
        else:
            h = math.log(sigma / following)
            gain = -math.expm1(-2 * h)
            x = math.exp(-2 * h) * x + gain * denoised
            if earlier is not None:
                x = x + 0.5 * gain * (h / h_before) * (denoised - earlier)
            x = x + noise(x, sigma, following) * (following * math.sqrt(gain))
            h_before = h
        earlier = denoised
        after_step(i, sigma, denoised, x)
    return x


def dpmpp_3m_sde(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """DPM-Solver++(3M) SDE: third order, one evaluation and one draw per step."""
    past: list[tuple[Tensor, float]] = []  # clean pictures and the steps that led away from them
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        if following == 0:
            x = denoised
        else:
            h = math.log(sigma / following)
            twice = 2 * h
            x = math.exp(-twice) * x - math.expm1(-twice) * denoised
            second = math.expm1(-twice) / twice + 1
            if len(past) == 1:
                (one, h_one) = past[-1]
                x = x + second * (denoised - one) * (h / h_one)
            elif past:
                (two, h_two), (one, h_one) = past
                near, far = h_one / h, h_two / h
                first_slope = (denoised - one) / near
                older_slope = (one - two) / far
                bend = (first_slope - older_slope) / (near + far)
                x = x + second * (first_slope + bend * near) - (second / twice - 0.5) * bend
            x = x + noise(x, sigma, following) * (following * math.sqrt(-math.expm1(-twice)))
            past = [*past, (denoised, h)][-2:]
        after_step(i, sigma, denoised, x)
    return x
