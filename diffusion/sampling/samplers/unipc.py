"""UniPC: a predictor and a corrector that share one evaluation per step.

In lambda = -log sigma, with m the clean pictures seen so far, a step of length h goes to
    x' = (following / sigma) x + (1 - exp(-h)) m0 - B(h) * sum of rho_k (m_k - m0) / r_k,
where r_k places the earlier m's in units of h and rho solves a small linear system.

Source: Zhao et al. 2023, "UniPC", multistep with data prediction, order up to 3. As in ComfyUI the
last sigma is 0.001 in place of 0, and orders fall towards the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from .protocol import AfterStep, Noise, Predict

if TYPE_CHECKING:
    from torch import Tensor

MOST_ORDER = 3
LAST_SIGMA = 0.001


def uni_pc(
    predict: Predict,
    x: Tensor,
    sigmas: Sequence[float],
    *,
    noise: Noise,
    after_step: AfterStep,
    flow: bool = False,
    **_: Any,
) -> Tensor:
    """UniPC with B(h) = h: third order, one evaluation per step."""
    return _uni_pc(predict, x, sigmas, after_step, "bh1")


def uni_pc_bh2(
    predict: Predict,
    x: Tensor,
    sigmas: Sequence[float],
    *,
    noise: Noise,
    after_step: AfterStep,
    flow: bool = False,
    **_: Any,
) -> Tensor:
    """UniPC with B(h) = exp(h) - 1: third order, one evaluation per step."""
    return _uni_pc(predict, x, sigmas, after_step, "bh2")


def _uni_pc(
    predict: Predict,
    x: Tensor,
    sigmas: Sequence[float],
    after_step: AfterStep,
    variant: Literal["bh1", "bh2"],
) -> Tensor:
    places = [*sigmas[:-1], sigmas[-1] or min(LAST_SIGMA, sigmas[-2] / 2)]
    steps = len(places) - 1
    most = max(1, min(MOST_ORDER, steps - 1))
    seen = [predict(x, places[0])]  # clean pictures at places[0], places[1], ...
    for i in range(steps):
        order = min(most, i + 1, steps - i)
        sigma, following = places[i], places[i + 1]
        h = math.log(sigma / following)
        ratios = [math.log(sigma / places[i - k]) / h for k in range(1, order)]
        slopes = [(seen[i - k] - seen[i]) / ratios[k - 1] for k in range(1, order)]
        base = (following / sigma) * x - math.expm1(-h) * seen[i]
        gain = -h if variant == "bh1" else math.expm1(-h)
        x = base
        for weight, slope in zip(_weights(ratios, h, gain), slopes, strict=True):
            x = x - gain * weight * slope
        if i + 1 < steps:
            ahead = predict(x, following)
            *weights, last = _weights([*ratios, 1.0], h, gain)
            x = base - gain * last * (ahead - seen[i])
            for weight, slope in zip(weights, slopes, strict=True):
                x = x - gain * weight * slope
            seen.append(ahead)
        after_step(i, sigma, seen[i], x)
    return x


def _weights(ratios: Sequence[float], h: float, gain: float) -> list[float]:
    """rho of the predictor (ratios of the past) or the corrector (with 1 for the place ahead)."""
    import numpy as np

    count = len(ratios)
    if count == 0:
        return []
    if count == 1:
        return [0.5]  # what the paper takes for both functions B
    phi = math.expm1(-h) / -h - 1.0
    factorial = 1.0
    right: list[float] = []
    for k in range(1, count + 1):
        right.append(phi * factorial / gain)
        factorial *= k + 1
        phi = phi / -h - 1.0 / factorial
    rows = np.vander(np.array(ratios), count, increasing=True).T
    return [float(weight) for weight in np.linalg.solve(rows, np.array(right))]
