"""Samplers that reuse earlier evaluations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .ancestral import ancestral_split
from .protocol import SamplerStep, slope, stepwise
from .quadrature import lagrange_integrals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

ADAMS_BASHFORTH = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)
"""Weights of the newest and older slopes for even steps, by order."""
MOST_LMS = 100
"""Highest order of `lms`; it keeps that many slopes when asked to."""


@stepwise(past=1)
def dpmpp_2m(step: SamplerStep, x: Tensor, denoised: Tensor) -> Tensor:
    """DPM-Solver++(2M): second order, one evaluation per step.

    Source: Lu et al. 2022b; k-diffusion.
    """
    if step.following == 0:
        return denoised  # the limit of the rule for an infinite step in log sigma
    h = step.h
    target = denoised
    if step.past:
        before = step.past[-1]
        ratio = math.log(before.sigma / step.sigma) / h
        target = (1 + 1 / (2 * ratio)) * denoised - (1 / (2 * ratio)) * before.denoised
    return (step.following / step.sigma) * x - math.expm1(-h) * target


@stepwise(past=1)
def res_multistep(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 0.0, s_noise: float = 1.0
) -> Tensor:
    """Refined exponential solver (RES), second order, one evaluation per step.

    Source: Zhang et al. 2023, "Improved Order Analysis and Design of Exponential Integrator for
    Diffusion Models Sampling". eta above 0 adds fresh noise.
    """
    return _res(step, x, denoised, eta, s_noise)


@stepwise(past=1)
def res_multistep_ancestral(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """Refined exponential solver with fresh noise at every step. Source: Zhang et al. 2023."""
    return _res(step, x, denoised, eta, s_noise)


def _res(step: SamplerStep, x: Tensor, denoised: Tensor, eta: float, s_noise: float) -> Tensor:
    down, up = ancestral_split(step.sigma, step.following, eta)
    if down == 0 or not step.past:
        x = x + slope(x, step.sigma, denoised) * (down - step.sigma)
    else:
        first, second = res_weights(step, down, eta)
        h = math.log(step.sigma / down)
        x = math.exp(-h) * x + h * (first * denoised + second * step.past[-1].denoised)
    if step.following > 0 and up > 0:
        x = x + step.noise(x) * (up * s_noise)
    return x


def res_weights(step: SamplerStep, down: float, eta: float) -> tuple[float, float]:
    """Weights of the newest and the last clean picture in a second-order exponential step."""
    before = step.past[-1]
    h = math.log(step.sigma / down)
    landed, _ = ancestral_split(before.sigma, before.following, eta)
    place = math.log(landed / before.sigma) / h  # of the older picture, in units of the step
    phi_1 = math.expm1(-h) / -h
    phi_2 = (phi_1 - 1.0) / -h
    return phi_1 - phi_2 / place, phi_2 / place


@stepwise(past=MOST_LMS - 1)
def lms(step: SamplerStep, x: Tensor, denoised: Tensor, *, order: int = 4) -> Tensor:
    """Linear multistep, by default of order 4, one evaluation per step. Source: k-diffusion."""
    if step.following == 0:
        return denoised
    past = list(step.past)[-(order - 1) :] if order > 1 else []
    slopes = [slope(x, step.sigma, denoised), *(seen.slope for seen in reversed(past))]
    places = [step.sigma, *(seen.sigma for seen in reversed(past))]
    for weight, direction in zip(
        lagrange_integrals(places, step.sigma, step.following), slopes, strict=True
    ):
        x = x + weight * direction
    return x


@stepwise(past=3)
def ipndm(step: SamplerStep, x: Tensor, denoised: Tensor, *, max_order: int = 4) -> Tensor:
    """iPNDM: Adams-Bashforth with the weights of even steps, order up to 4.

    Source: Zhang & Chen 2022, "Fast Sampling of Diffusion Models with Exponential Integrator".
    """
    if step.following == 0:
        return denoised
    slopes = _slopes(step, x, denoised, max_order)
    return _moved(step, x, ADAMS_BASHFORTH[len(slopes) - 1], slopes)


@stepwise(past=3)
def ipndm_v(step: SamplerStep, x: Tensor, denoised: Tensor, *, max_order: int = 4) -> Tensor:
    """iPNDM for uneven steps, order up to 4.

    Source: Zhou et al. 2024 (diff-sampler), whose weights of orders 3 and 4 are kept as published:
    they are those of Adams-Bashforth only for even steps.
    """
    if step.following == 0:
        return denoised
    slopes = _slopes(step, x, denoised, max_order)
    steps = [step.following - step.sigma]
    steps += [seen.following - seen.sigma for seen in reversed(step.past)]
    return _moved(step, x, uneven_weights(steps[: len(slopes)]), slopes)


def uneven_weights(steps: Sequence[float]) -> tuple[float, ...]:
    """iPNDM-v's weights for the newest step and older ones; as many as steps are given."""
    h = [*steps, 1.0, 1.0, 1.0]
    if len(steps) == 1:
        return (1.0,)
    near = h[0] / h[1]
    first = [1.0 + near / 2, -near / 2, 0.0, 0.0]
    if len(steps) == 2:
        return tuple(first[:2])
    two = h[0] + h[1]
    third = (1 - h[0] / (3 * two) * (h[0] * two) / (h[1] * (h[1] + h[2]))) / 2
    ratio = h[1] / h[2]
    first = [first[0] + third, first[1] - (1 + ratio) * third, ratio * third, 0.0]
    if len(steps) == 3:
        return tuple(first[:3])
    three, old = two + h[2], h[1] + h[2]
    fourth = (1 - h[0] / (3 * two)) / 2 + (1 - h[0] / (2 * two)) * h[0] / (6 * three)
    fourth *= (h[0] * two * three) / (h[1] * old * (old + h[3]))
    mixed = h[1] * old / (h[2] * (h[2] + h[3]))
    return (
        first[0] + fourth,
        first[1] - (1 + ratio + mixed) * fourth,
        first[2] + (ratio + mixed * (1 + h[2] / h[3])) * fourth,
        -mixed * ratio * fourth,
    )


@stepwise(past=2)
def deis(step: SamplerStep, x: Tensor, denoised: Tensor, *, max_order: int = 3) -> Tensor:
    """DEIS (tAB): noise extrapolated by a polynomial in diffusion time, order up to 3.

    Source: Zhang & Chen 2022, "Fast Sampling of Diffusion Models with Exponential Integrator";
    times of the linear schedule between sigma 0.002 and 80 as in diff-sampler.
    """
    if step.following == 0:
        return denoised
    slopes = _slopes(step, x, denoised, max_order)
    places = [step.sigma, *(seen.sigma for seen in reversed(step.past))][: len(slopes)]
    for weight, direction in zip(deis_weights(places, step.following), slopes, strict=True):
        x = x + weight * direction
    return x


def deis_weights(places: Sequence[float], following: float) -> list[float]:
    """Integrals over sigma of Lagrange polynomials in diffusion time."""
    import numpy as np

    times = [_vp_time(sigma) for sigma in places]

    def rate(t: NDArray[np.float64]) -> NDArray[np.float64]:  # dsigma / dt
        signal = np.exp(-0.5 * _BETA_D * t**2 - _BETA_MIN * t)
        grown: NDArray[np.float64] = 0.5 * (_BETA_D * t + _BETA_MIN)
        return grown / np.sqrt(signal * (1.0 - signal))

    return lagrange_integrals(times, times[0], _vp_time(following), rate)


_EARLIEST, _LOW, _HIGH = 1e-3, math.log(0.002**2 + 1), math.log(80.0**2 + 1)
_BETA_D = 2 * (_LOW / _EARLIEST - _HIGH) / (_EARLIEST - 1)
_BETA_MIN = _HIGH - 0.5 * _BETA_D


def _vp_time(sigma: float) -> float:
    """Time of a noise level in the variance-preserving process, 1 at sigma 80."""
    return (math.sqrt(_BETA_MIN**2 + 2 * _BETA_D * math.log(sigma**2 + 1)) - _BETA_MIN) / _BETA_D


def _slopes(step: SamplerStep, x: Tensor, denoised: Tensor, most: int) -> list[Tensor]:
    """The newest slope and up to most - 1 older ones."""
    past = list(reversed(step.past))[: most - 1]
    return [slope(x, step.sigma, denoised), *(seen.slope for seen in past)]


def _moved(
    step: SamplerStep, x: Tensor, weights: Sequence[float], slopes: Sequence[Tensor]
) -> Tensor:
    """x moved by the weighted mean of slopes."""
    length = step.following - step.sigma
    for weight, direction in zip(weights, slopes, strict=True):
        x = x + (length * weight) * direction
    return x
