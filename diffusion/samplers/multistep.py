"""Samplers that reuse earlier evaluations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from .protocol import AfterStep, Noise, Predict, slope

if TYPE_CHECKING:
    from torch import Tensor


def dpmpp_2m(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """DPM-Solver++(2M): second order, one evaluation per step.

    Source: Lu et al. 2022b; k-diffusion.
    """
    earlier: Tensor | None = None
    h_before = 0.0
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = predict(x, sigma)
        if following == 0:
            x = denoised  # the limit of the rule for an infinite step in log sigma
        else:
            h = math.log(sigma) - math.log(following)
            target = denoised
            if earlier is not None:
                ratio = h_before / h
                target = (1 + 1 / (2 * ratio)) * denoised - (1 / (2 * ratio)) * earlier
            x = (following / sigma) * x - math.expm1(-h) * target
            h_before = h
        earlier = denoised
        after_step(i, sigma, denoised, x)
    return x


def lms(
    predict: Predict, x: Tensor, sigmas: Sequence[float], *, noise: Noise, after_step: AfterStep
) -> Tensor:
    """Linear multistep of order 4, one evaluation per step. Source: k-diffusion."""
    order = 4
    slopes: list[Tensor] = []
    for i, sigma in enumerate(sigmas[:-1]):
        denoised = predict(x, sigma)
        slopes = [*slopes, slope(x, sigma, denoised)][-order:]
        weights = adams_weights(sigmas, i, len(slopes))
        for weight, past in zip(weights, reversed(slopes), strict=True):
            x = x + weight * past
        after_step(i, sigma, denoised, x)
    return x


def adams_weights(sigmas: Sequence[float], step: int, order: int) -> list[float]:
    """Integrals of the Lagrange polynomials through the last `order` sigmas over one step.

    Returns:
        Weights of the slopes at sigmas[step], sigmas[step - 1], ...; they add up to the step.
    """
    from numpy.polynomial import Polynomial

    points = [sigmas[step - k] for k in range(order)]
    weights = []
    for k, here in enumerate(points):
        basis = Polynomial([1.0])
        for j, other in enumerate(points):
            if j != k:
                basis = basis * Polynomial([-other, 1.0]) / (here - other)
        whole = basis.integ()
        weights.append(float(whole(sigmas[step + 1]) - whole(sigmas[step])))
    return weights
