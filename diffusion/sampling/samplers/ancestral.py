"""Samplers that step below the next sigma and add fresh noise to come back up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .protocol import SamplerStep, glide, slope, stepwise
from .single_step import midpoint_step

if TYPE_CHECKING:
    from torch import Tensor

NEARLY_ONE = 0.9999
"""Where a flow's first step is halved, as its start (1) has no logarithm."""


def ancestral_split(sigma: float, following: float, eta: float = 1.0) -> tuple[float, float]:
    """Where to step down to, and how much noise to add then: down**2 + up**2 = following**2."""
    if eta == 0.0:
        return following, 0.0
    up = min(following, eta * math.sqrt(following**2 * (sigma**2 - following**2) / sigma**2))
    return math.sqrt(following**2 - up**2), up


def renoising(step: SamplerStep, eta: float) -> tuple[float, float, float]:
    """Where to step down to; then x times `keep` plus `up` times noise is at the next sigma.

    Source: k-diffusion for added noise. In a flow the way down is lengthened by eta, and the
    picture is faded so that signal and noise keep adding up to 1.
    """
    if not step.flow:
        down, up = ancestral_split(step.sigma, step.following, eta)
        return down, 1.0, up
    down = step.following * (1.0 + (step.following / step.sigma - 1.0) * eta)
    keep = (1.0 - step.following) / (1.0 - down)
    return down, keep, math.sqrt(max(0.0, step.following**2 - (down * keep) ** 2))


@stepwise()
def euler_ancestral(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """Euler with fresh noise at every step. Source: k-diffusion."""
    down, keep, up = renoising(step, eta)
    if down == 0:
        return denoised
    x = x + slope(x, step.sigma, denoised) * (down - step.sigma)
    return raised(step, x, keep, up * s_noise)


@stepwise()
def ddpm(step: SamplerStep, x: Tensor, denoised: Tensor) -> Tensor:
    """DDPM with the smaller variance, which in sigma space is Euler ancestral.

    Source: Ho et al. 2020, eq. 6 and 7, between any two noise levels.
    """
    down, keep, up = renoising(step, 1.0)
    return raised(step, glide(x, step.sigma, down, denoised), keep, up)


@stepwise()
def dpm_2_ancestral(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """DPM-Solver-2 with fresh noise at every step. Source: k-diffusion."""
    down, keep, up = renoising(step, eta)
    x = midpoint_step(step.predict, x, step.sigma, down, denoised)
    return raised(step, x, keep, up * s_noise) if down > 0 else x


@stepwise()
def dpmpp_2s_ancestral(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """DPM-Solver++(2S) with fresh noise; two evaluations. Source: Lu et al. 2022b; k-diffusion."""
    down, keep, up = renoising(step, eta)
    target = denoised
    if down > 0:
        middle = halfway(step.sigma, down, flow=step.flow)
        target = step.predict(glide(x, step.sigma, middle, denoised), middle)
    x = glide(x, step.sigma, down, target)
    return raised(step, x, keep, up * s_noise)


def halfway(sigma: float, to: float, *, flow: bool) -> float:
    """The sigma in the middle between two, by their signal-to-noise ratio."""
    if not flow:
        return math.sqrt(sigma * to)
    if sigma >= 1.0:
        return NEARLY_ONE
    level = math.sqrt(sigma / (1.0 - sigma) * to / (1.0 - to))
    return level / (1.0 + level)


@stepwise()
def lcm(step: SamplerStep, x: Tensor, denoised: Tensor) -> Tensor:
    """Jump to the clean picture and noise it again; for LCM models. Source: Luo et al. 2023."""
    keep = 1.0 - step.following if step.flow else 1.0
    return raised(step, denoised, keep, step.following)


def raised(step: SamplerStep, x: Tensor, keep: float, up: float) -> Tensor:
    """x with noise added; unchanged, without drawing any, when there is none to add."""
    if step.following == 0 or up == 0:
        return x
    if keep != 1.0:
        x = keep * x
    return x + step.noise(x) * up
