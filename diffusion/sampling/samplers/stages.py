"""SEEDS: exponential solvers of the stochastic equation with stages inside a step.

A stage at the part r of a step of length h = log(sigma / following) holds noise of its own segment
and what is left of the segments before it, as one path would give them.

Source: Gonzalez et al. 2023, "SEEDS: Exponential SDE Solvers for Fast High-Quality Sampling from
Diffusion Models", with data prediction; eta scales the noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import ParameterError
from .protocol import SamplerStep, stepwise
from .sde import between

if TYPE_CHECKING:
    from torch import Tensor


SOLVER_TYPES = ("phi_1", "phi_2")


@stepwise()
def seeds_2(
    step: SamplerStep,
    x: Tensor,
    denoised: Tensor,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
    solver_type: str = "phi_1",
) -> Tensor:
    """SEEDS-2: two stages, two evaluations and two draws per step.

    Clean pictures are mixed as if the mean stayed ("phi_1") or as if they grew linearly ("phi_2").
    """
    return _two_stages(step, x, denoised, eta, s_noise, r, solver_type)


@stepwise()
def exp_heun_2_x0(
    step: SamplerStep, x: Tensor, denoised: Tensor, *, solver_type: str = "phi_2"
) -> Tensor:
    """Exponential Heun: both ends of a step in log sigma, two evaluations. SEEDS-2 without noise.

    Source: Hochbruck & Ostermann 2005, "Explicit exponential Runge-Kutta methods", with c2 = 1.
    """
    return _two_stages(step, x, denoised, 0.0, 0.0, 1.0, solver_type)


@stepwise()
def exp_heun_2_x0_sde(
    step: SamplerStep,
    x: Tensor,
    denoised: Tensor,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    solver_type: str = "phi_2",
) -> Tensor:
    """Exponential Heun with noise: SEEDS-2 with its inner stage at the end of the step."""
    return _two_stages(step, x, denoised, eta, s_noise, 1.0, solver_type)


def _two_stages(
    step: SamplerStep,
    x: Tensor,
    denoised: Tensor,
    eta: float,
    s_noise: float,
    r: float,
    solver_type: str,
) -> Tensor:
    if solver_type not in SOLVER_TYPES:
        raise ParameterError(
            "sampler.bad_option",
            "There is no such solver_type.",
            expected=" or ".join(SOLVER_TYPES),
            got=solver_type,
        )
    if step.following == 0:
        return denoised
    path = _Path(step, x, (r, 1.0), eta, s_noise)
    place = path.kept(0) * x - path.gain(0) * denoised
    second = step.predict(path.noised(place, 0), path.sigmas[0])
    x = path.kept(1) * x - path.gain(1) * denoised
    share = path.bend(1) / r if solver_type == "phi_2" else -path.gain(1) / (2.0 * r)
    return path.noised(x + share * (second - denoised), 1)


@stepwise()
def seeds_3(
    step: SamplerStep,
    x: Tensor,
    denoised: Tensor,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r_1: float = 1 / 3,
    r_2: float = 2 / 3,
) -> Tensor:
    """SEEDS-3: three stages, three evaluations and three draws per step."""
    if step.following == 0:
        return denoised
    path = _Path(step, x, (r_1, r_2, 1.0), eta, s_noise)
    place = path.kept(0) * x - path.gain(0) * denoised
    second = step.predict(path.noised(place, 0), path.sigmas[0])
    place = path.kept(1) * x - path.gain(1) * denoised
    place = place + (r_2 / r_1) * path.bend(1) * (second - denoised)
    third = step.predict(path.noised(place, 1), path.sigmas[1])
    x = path.kept(2) * x - path.gain(2) * denoised
    x = x + (1.0 / r_2) * path.bend(2) * (third - denoised)
    return path.noised(x, 2)


class _Path:
    """The stages of one step: where they lie, what they keep, the noise that reaches them."""

    def __init__(
        self, step: SamplerStep, like: Tensor, parts: Sequence[float], eta: float, s_noise: float
    ) -> None:
        self.parts = parts
        self.sigmas = [
            between(step.sigma, step.following, r) if r < 1.0 else step.following for r in parts
        ]
        self._eta, self._s_noise, self._h, self._sigma = eta, s_noise, step.h, step.sigma
        self._draws: list[Tensor] = []
        if eta > 0 and s_noise > 0:
            begin = step.sigma
            for sigma in self.sigmas:
                self._draws.append(step.draw(like, begin, sigma))
                begin = sigma

    def kept(self, stage: int) -> float:
        """Factor on x."""
        return self.sigmas[stage] / self._sigma * math.exp(-self._eta * self._length(stage))

    def gain(self, stage: int) -> float:
        """Minus the factor on a clean picture that stays."""
        return math.expm1(-(1.0 + self._eta) * self._length(stage))

    def bend(self, stage: int) -> float:
        """Factor on a clean picture that grows linearly to 1 at the stage."""
        whole = (1.0 + self._eta) * self._length(stage)
        return math.expm1(-whole) / whole + 1.0

    def noised(self, x: Tensor, stage: int) -> Tensor:
        """x with the noise of all segments up to the stage."""
        if not self._draws:
            return x
        total: Tensor | None = None
        begin = 0.0
        for draw, part in zip(self._draws[: stage + 1], self.parts, strict=False):
            fresh = math.sqrt(-math.expm1(-2.0 * self._eta * (part - begin) * self._h))
            fading = math.exp(-self._eta * (self.parts[stage] - part) * self._h)
            share = (fresh * fading) * draw
            total = share if total is None else total + share
            begin = part
        assert total is not None
        return x + (self.sigmas[stage] * self._s_noise) * total

    def _length(self, stage: int) -> float:
        return self.parts[stage] * self._h
