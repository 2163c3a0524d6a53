"""DPM-Solver with steps of its own choosing: a fixed number of evaluations, or a fixed error.

Works in t = -log(sigma) with the noise that the model sees, eps = (x - x0) / sigma. The schedule
gives only the first and the last sigma; in place of 0 the run ends at the last one above 0.

Source: Lu et al. 2022, "DPM-Solver", algorithms 1, 2 and appendix C; k-diffusion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .protocol import AfterStep, Noise, Predict

if TYPE_CHECKING:
    from torch import Tensor


def dpm_fast(
    predict: Predict,
    x: Tensor,
    sigmas: Sequence[float],
    *,
    noise: Noise,
    after_step: AfterStep,
    flow: bool = False,
    **_: Any,
) -> Tensor:
    """DPM-Solver-fast: third-order steps, as many evaluations as the schedule has steps."""
    start, end = _ends(sigmas)
    if end == start:
        return _whole(predict, x, start, after_step)
    evaluations = len(sigmas) - 1
    orders = fast_orders(evaluations)
    t0, t1 = -math.log(start), -math.log(end)
    times = [t0 + (t1 - t0) * k / len(orders) for k in range(len(orders) + 1)]
    for i, order in enumerate(orders):
        solver = _Solver(predict, x, times[i])
        x = solver.step(times[i + 1], order)
        after_step(i, math.exp(-times[i]), solver.denoised, x)
    return x


def fast_orders(evaluations: int) -> list[int]:
    """Orders of the steps that use up exactly so many evaluations."""
    steps = evaluations // 3 + 1
    if evaluations % 3 == 0:
        return [*([3] * (steps - 2)), 2, 1]
    return [*([3] * (steps - 1)), evaluations % 3]


def dpm_adaptive(
    predict: Predict,
    x: Tensor,
    sigmas: Sequence[float],
    *,
    noise: Noise,
    after_step: AfterStep,
    flow: bool = False,
    order: int = 3,
    rtol: float = 0.05,
    atol: float = 0.0078,
    h_init: float = 0.05,
    pcoeff: float = 0.0,
    icoeff: float = 1.0,
    dcoeff: float = 0.0,
    accept_safety: float = 0.81,
    eta: float = 0.0,
    s_noise: float = 1.0,
) -> Tensor:
    """DPM-Solver with adaptive steps: as many evaluations as the error asks for.

    The error is the difference between two orders, measured against rtol and atol; a PID controller
    chooses the next step. Source: Lu et al. 2022, appendix C; k-diffusion.
    """
    from .ancestral import ancestral_split

    start, end = _ends(sigmas)
    if end == start:
        return _whole(predict, x, start, after_step)
    time, final = -math.log(start), -math.log(end)
    control = StepControl(h_init, pcoeff, icoeff, dcoeff, 1.5 if eta else order, accept_safety)
    before = x
    taken = 0
    while time < final - 1e-5:
        ahead = min(final, time + control.h)
        landing, up = ahead, 0.0
        if eta:
            down, up = ancestral_split(math.exp(-time), math.exp(-ahead), eta)
            landing = min(final, -math.log(down)) if down > 0 else final
            up = math.sqrt(math.exp(-2 * ahead) - math.exp(-2 * landing))
        solver = _Solver(predict, x, time)
        low = solver.step(landing, order - 1, r1=1 / 3 if order == 3 else 1 / 2)
        high = solver.step(landing, order)
        bound = (low.abs().maximum(before.abs()) * rtol).clamp(min=atol)
        error = float(((low - high) / bound).norm()) / math.sqrt(x.numel())
        if not math.isfinite(error):  # no step size would help; whoever looks at the step says so
            after_step(taken, math.exp(-time), solver.denoised, high)
            return high
        if control.accepts(error):
            before, x = low, high
            if up:
                x = x + noise(x, math.exp(-time), math.exp(-ahead)) * (up * s_noise)
            sigma, time = math.exp(-time), ahead
            after_step(taken, sigma, solver.denoised, x)
            taken += 1
    return x


class StepControl:
    """A PID controller of the step size. Source: k-diffusion.

    Args:
        h: First step in log sigma.
        p, i, d: Its three coefficients.
        order: Order of the error.
        safety: A step is taken when the next would be at least this times as long.
    """

    def __init__(self, h: float, p: float, i: float, d: float, order: float, safety: float) -> None:
        self.h = h
        self._powers = ((p + i + d) / order, -(p + 2 * d) / order, d / order)
        self._safety = safety
        self._errors: list[float] = []

    def accepts(self, error: float) -> bool:
        """Whether a step with this error is taken; sets the size of the next try."""
        inverse = 1.0 / (error + 1e-8)
        past = self._errors or [inverse, inverse]
        factor = math.prod(e**p for e, p in zip([inverse, *past], self._powers, strict=True))
        factor = 1.0 + math.atan(factor - 1.0)
        taken = factor >= self._safety
        self._errors = [inverse, past[0]] if taken else past
        self.h *= factor
        return taken


@dataclass(slots=True)
class _Solver:
    """Steps of several orders from one place, sharing evaluations."""

    predict: Predict
    x: Tensor
    time: float
    _seen: dict[float, Tensor] = field(default_factory=dict)

    @property
    def denoised(self) -> Tensor:
        """The clean picture seen where the steps begin."""
        return self.x - math.exp(-self.time) * self._eps(self.x, self.time)

    def step(self, to: float, order: int, r1: float | None = None) -> Tensor:
        """x at another time; order 1, 2 or 3."""
        x, h, sigma = self.x, to - self.time, math.exp(-to)
        eps = self._eps(x, self.time)
        whole = sigma * math.expm1(h)
        if order == 1:
            return x - whole * eps
        if order == 2:
            r1 = 1 / 2 if r1 is None else r1
            return x - whole * eps - whole / (2 * r1) * (self._inner(r1, h, eps) - eps)
        r1, r2 = 1 / 3, 2 / 3
        inner = self._inner(r1, h, eps)
        place = self.time + r2 * h
        grown = math.expm1(r2 * h)
        u2 = x - math.exp(-place) * (
            grown * eps + (r2 / r1) * (grown / (r2 * h) - 1) * (inner - eps)
        )
        last = self._eps(u2, place)
        return x - whole * eps - sigma / r2 * (math.expm1(h) / h - 1) * (last - eps)

    def _inner(self, part: float, h: float, eps: Tensor) -> Tensor:
        place = self.time + part * h
        return self._eps(self.x - math.exp(-place) * math.expm1(part * h) * eps, place)

    def _eps(self, x: Tensor, time: float) -> Tensor:
        if time not in self._seen:
            sigma = math.exp(-time)
            self._seen[time] = (x - self.predict(x, sigma)) / sigma
        return self._seen[time]


def _whole(predict: Predict, x: Tensor, sigma: float, after_step: AfterStep) -> Tensor:
    """A run of one step, which has no length here: onto the clean picture."""
    denoised = predict(x, sigma)
    after_step(0, sigma, denoised, denoised)
    return denoised


def _ends(sigmas: Sequence[float]) -> tuple[float, float]:
    """First sigma, and the last above 0."""
    return sigmas[0], sigmas[-1] if sigmas[-1] > 0 else sigmas[-2]
