"""CFG++: the guided prediction, re-noised along the direction of the unconditional one.

Guidance is thus an interpolation, and small values of cfg (about 1) do what large ones did.

Source: Chung et al. 2024, "CFG++: Manifold-Constrained Classifier Free Guidance for Diffusion
Models"; the other rules carry the same change over, as ComfyUI has them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .ancestral import ancestral_split, halfway, raised, renoising
from .multistep import res_weights
from .protocol import SamplerStep, glide, slope, stepwise

if TYPE_CHECKING:
    from torch import Tensor


@stepwise(unguided=True)
def euler_cfg_pp(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, alternative: bool = False
) -> Tensor:
    """Euler with CFG++: for small cfg. Source: Chung et al. 2024.

    The alternative takes Euler's step with the direction turned by the whole of guidance.
    """
    if alternative:
        direction = slope(x - denoised + step.free, step.sigma, denoised)
        return x + direction * (step.following - step.sigma)
    return denoised + slope(x, step.sigma, step.free) * step.following


@stepwise(unguided=True)
def euler_ancestral_cfg_pp(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """Euler with CFG++ and fresh noise at every step. Source: Chung et al. 2024; k-diffusion."""
    down, up = ancestral_split(step.sigma, step.following, eta)
    x = denoised + slope(x, step.sigma, step.free) * down
    return raised(step, x, 1.0, up * s_noise)


@stepwise(past=1, unguided=True)
def dpmpp_2m_cfg_pp(step: SamplerStep, x: Tensor, denoised: Tensor) -> Tensor:
    """DPM-Solver++(2M) with CFG++: for small cfg."""
    if step.following == 0:
        return denoised
    h = step.h
    direction = math.exp(-h) * (x - step.free)
    if step.past:
        before = step.past[-1]
        assert before.unguided is not None
        ratio = math.log(before.sigma / step.sigma) / h
        direction = direction - math.expm1(-h) / (2 * ratio) * (denoised - before.unguided)
    return denoised + direction


@stepwise(unguided=True)
def dpmpp_2s_ancestral_cfg_pp(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """DPM-Solver++(2S) with CFG++ and fresh noise; two evaluations.

    The whole step is taken on the negative side; guidance is added to its end. Source: Chung et al.
    2024, eq. 14 and 15, as ComfyUI since its pull request 14814 of 2026.
    """
    if step.following == 0:
        return denoised
    down, keep, up = renoising(step, eta)
    target = step.free
    if down > 0:
        middle = halfway(step.sigma, down, flow=step.flow)
        _, target = step.predict.both(glide(x, step.sigma, middle, target), middle)
    x = raised(step, glide(x, step.sigma, down, target), keep, up * s_noise)
    signal = 1.0 - step.following if step.flow else 1.0
    return x + signal * (denoised - step.free)


@stepwise(past=1, unguided=True)
def res_multistep_cfg_pp(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 0.0, s_noise: float = 1.0
) -> Tensor:
    """Refined exponential solver with CFG++: for small cfg."""
    return _res(step, x, denoised, eta, s_noise)


@stepwise(past=1, unguided=True)
def res_multistep_ancestral_cfg_pp(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """Refined exponential solver with CFG++ and fresh noise at every step."""
    return _res(step, x, denoised, eta, s_noise)


def _res(step: SamplerStep, x: Tensor, denoised: Tensor, eta: float, s_noise: float) -> Tensor:
    down, up = ancestral_split(step.sigma, step.following, eta)
    if down == 0 or not step.past:
        x = denoised + slope(x, step.sigma, step.free) * down
    else:
        older = step.past[-1].unguided
        assert older is not None
        first, second = res_weights(step, down, eta)
        h = math.log(step.sigma / down)
        x = x + (denoised - step.free)
        x = math.exp(-h) * x + h * (first * step.free + second * older)
    return raised(step, x, 1.0, up * s_noise)


@stepwise(past=1, unguided=True)
def gradient_estimation_cfg_pp(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, ge_gamma: float = 2.0
) -> Tensor:
    """Gradient estimation with CFG++: for small cfg. Source: Permenter & Yuan 2023; Chung 2024."""
    if step.following == 0:
        return denoised
    direction = slope(x, step.sigma, step.free)
    moved = denoised + direction * step.following
    if step.past:
        before = step.past[-1]
        assert before.unguided is not None
        turn = direction - slope(before.x, before.sigma, before.unguided)
        moved = moved + (ge_gamma - 1.0) * turn * (step.following - step.sigma)
    return moved
