"""ER-SDE: solvers of a stochastic equation whose noise is scaled by a function of sigma.

With a noise scale phi, a step keeps phi(following) / phi(sigma) of the way to the clean picture.

Source: Cui et al. 2023, "Elucidating the Solution Space of Extended Reverse-Time SDE for Diffusion
Models", with their default scale and their sums of 200 terms for the integrals.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from .protocol import SamplerStep, stepwise

if TYPE_CHECKING:
    from torch import Tensor

POINTS = 200
Scale: TypeAlias = Callable[[float], float]
SOLVERS = ("ER-SDE", "Reverse-time SDE", "ODE")


@stepwise(past=2)
def er_sde(
    step: SamplerStep,
    x: Tensor,
    denoised: Tensor,
    *,
    solver_type: str = "ER-SDE",
    max_stage: int = 3,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """ER-SDE: order up to 3, one evaluation and one draw per step. Source: Cui et al. 2023."""
    if step.following == 0:
        return denoised
    sigma, following = step.sigma, step.following
    if solver_type == "ODE":
        eta = 0.0
    scale = _er_sde if solver_type == "ER-SDE" else _power(1.0 + eta)
    ratio = scale(following) / scale(sigma)
    x = ratio * x + (1.0 - ratio) * denoised
    stages = min(max_stage, len(step.past) + 1)
    if stages >= 2:
        one = step.past[-1]
        length = following - sigma
        first = (denoised - one.denoised) / (sigma - one.sigma)
        plain, weighted = _integrals(scale, sigma, following)
        x = x + (length + plain * scale(following)) * first
        if stages >= 3:
            two = step.past[-2]
            before = (one.denoised - two.denoised) / (one.sigma - two.sigma)
            second = (first - before) / ((sigma - two.sigma) / 2)
            x = x + (length**2 / 2 + weighted * scale(following)) * second
    spread = following**2 - (sigma * ratio) ** 2
    if spread > 0 and s_noise > 0 and scale is not _LINEAR:
        x = x + step.noise(x) * (s_noise * math.sqrt(spread))
    return x


def _integrals(scale: Scale, sigma: float, following: float) -> tuple[float, float]:
    """Integrals of 1 / phi and (l - sigma) / phi from following up to sigma, as published."""
    width = (sigma - following) / POINTS
    places = [following + width * k for k in range(POINTS)]
    plain = sum(1.0 / scale(place) for place in places) * width
    weighted = sum((place - sigma) / scale(place) for place in places) * width
    return plain, weighted


def _er_sde(sigma: float) -> float:
    return sigma * (math.exp(sigma**0.3) + 10.0)


def _linear(sigma: float) -> float:
    return sigma


_LINEAR: Scale = _linear
"""The scale of the equation without noise."""


def _power(exponent: float) -> Scale:
    return _LINEAR if exponent == 1.0 else lambda sigma: sigma**exponent
