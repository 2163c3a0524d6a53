"""DPM-Solver++ for the stochastic equation: steps to a lower noise level plus new noise.

With eta 1 a step of length h = log(sigma / following) keeps exp(-2h) of x's way to the clean
picture and adds noise of variance following**2 * (1 - exp(-2h)); eta 0 leaves the plain equation.

Source: Lu et al. 2022b, "DPM-Solver++"; k-diffusion for the third-order rule and the noise.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .ancestral import ancestral_split
from .protocol import SamplerStep, glide, stepwise

if TYPE_CHECKING:
    from torch import Tensor


@stepwise()
def dpmpp_sde(
    step: SamplerStep,
    x: Tensor,
    denoised: Tensor,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
) -> Tensor:
    """DPM-Solver++ SDE: through a place between, two evaluations and two draws per step."""
    if step.following == 0:
        return denoised
    sigma, following = step.sigma, step.following
    middle = between(sigma, following, r)
    down, up = ancestral_split(sigma, middle, eta)
    halfway = glide(x, sigma, down, denoised)
    if up > 0:
        halfway = halfway + step.draw(x, sigma, middle) * (up * s_noise)
    target = step.predict(halfway, middle)
    if r != 0.5:
        share = 1.0 / (2.0 * r)
        target = (1.0 - share) * denoised + share * target
    down, up = ancestral_split(sigma, following, eta)
    x = glide(x, sigma, down, target)
    return x + step.noise(x) * (up * s_noise) if up > 0 else x


def between(sigma: float, following: float, part: float) -> float:
    """A sigma between two by logarithm, in float32 as k-diffusion takes it.

    The path is asked at this place to six decimals: another rounding would draw other noise.
    """
    import torch

    high, low = torch.tensor(sigma).log().neg(), torch.tensor(following).log().neg()
    return float(torch.lerp(high, low, part).neg().exp())


@stepwise(past=1)
def dpmpp_2m_sde(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """DPM-Solver++(2M) SDE: second order (midpoint form), one evaluation and one draw per step."""
    return _second_order(step, x, denoised, eta, s_noise, midpoint=True)


@stepwise(past=1)
def dpmpp_2m_sde_heun(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """DPM-Solver++(2M) SDE: second order (Heun's form), one evaluation and one draw per step."""
    return _second_order(step, x, denoised, eta, s_noise, midpoint=False)


def _second_order(
    step: SamplerStep, x: Tensor, denoised: Tensor, eta: float, s_noise: float, *, midpoint: bool
) -> Tensor:
    if step.following == 0:
        return denoised
    h = step.h
    whole = h * (1.0 + eta)
    gain = -math.expm1(-whole)
    x = math.exp(-whole) * x + gain * denoised
    if step.past:
        before = step.past[-1]
        h_before = math.log(before.sigma / step.sigma)
        weight = 0.5 * gain if midpoint else 1.0 - gain / whole
        x = x + weight * (h / h_before) * (denoised - before.denoised)
    return _with_noise(step, x, eta, s_noise)


@stepwise(past=2)
def dpmpp_3m_sde(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """DPM-Solver++(3M) SDE: third order, one evaluation and one draw per step."""
    if step.following == 0:
        return denoised
    h = step.h
    whole = h * (1.0 + eta)
    x = math.exp(-whole) * x - math.expm1(-whole) * denoised
    second = math.expm1(-whole) / whole + 1.0
    if step.past:
        one = step.past[-1]
        near = math.log(one.sigma / step.sigma) / h
        slope = (denoised - one.denoised) / near
        if len(step.past) > 1:
            two = step.past[-2]
            far = math.log(two.sigma / one.sigma) / h
            bend = (slope - (one.denoised - two.denoised) / far) / (near + far)
            x = x + second * (slope + bend * near) - (second / whole - 0.5) * bend
        else:
            x = x + second * slope
    return _with_noise(step, x, eta, s_noise)


def _with_noise(step: SamplerStep, x: Tensor, eta: float, s_noise: float) -> Tensor:
    """x with the noise of a whole step; without drawing any at eta 0."""
    if eta == 0:
        return x
    spread = step.following * math.sqrt(-math.expm1(-2.0 * eta * step.h))
    return x + step.noise(x) * (spread * s_noise)
