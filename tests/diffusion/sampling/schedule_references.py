"""Every schedule once more, in float64, from its formula; and the noise levels it counts by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Levels:
    """Noise levels of a kind of model.

    Attributes:
        sigmas: Rising.
        first, last: What the network is told of the highest and of the lowest.
        at: Sigmas of what the network is told.
    """

    sigmas: Array
    first: float
    last: float
    at: Callable[[Array], Array]

    @property
    def top(self) -> float:
        return float(self.sigmas[-1])

    @property
    def bottom(self) -> float:
        return float(self.sigmas[0])


def discrete(
    first: float = 0.00085, last: float = 0.012, *, linear: bool = False, kept: int = 1000
) -> Levels:
    """Those of a model trained on 1000 timesteps; `kept` of them for one distilled on fewer."""
    betas = (
        np.linspace(first, last, 1000) if linear else np.linspace(first**0.5, last**0.5, 1000) ** 2
    )
    signal = np.cumprod(1 - betas)
    stride = 1000 // kept
    told = np.arange(stride - 1, 1000, stride)
    sigmas = np.sqrt((1 - signal) / signal)[told]

    def at(times: Array) -> Array:
        return np.asarray(np.exp(np.interp(times, told, np.log(sigmas))))

    return Levels(sigmas, 999.0, float(told[0]), at)


def flow(shift: float, multiplier: float = 1000.0, count: int = 1000) -> Levels:
    """Those of a flow; the network is told of them times a number."""

    def at(times: Array) -> Array:
        share = np.asarray(times) / multiplier
        return np.asarray(1 / (1 + (1 / share - 1) / shift))

    sigmas = at(np.arange(1, count + 1) / count * multiplier)
    return Levels(sigmas, sigmas[-1] * multiplier, sigmas[0] * multiplier, at)


def continuous(low: float, high: float) -> Levels:
    """Those of a model that is told a quarter of the logarithm."""
    sigmas = np.geomspace(low, high, 1000)
    return Levels(sigmas, math.log(high) / 4, math.log(low) / 4, lambda t: np.exp(4 * t))


def _ramp(n: int) -> Array:
    return np.linspace(0, 1, n)


def _normal(levels: Levels, n: int) -> Array:
    return levels.at(np.linspace(levels.first, levels.last, n))


def _sgm_uniform(levels: Levels, n: int) -> Array:
    return levels.at(np.linspace(levels.first, levels.last, n + 1)[:-1])


def _karras(levels: Levels, n: int) -> Array:
    high, low = levels.top ** (1 / 7), levels.bottom ** (1 / 7)
    return np.asarray((high + _ramp(n) * (low - high)) ** 7)


def _exponential(levels: Levels, n: int) -> Array:
    return levels.top * (levels.bottom / levels.top) ** _ramp(n)


def _simple(levels: Levels, n: int) -> Array:
    count = len(levels.sigmas)
    return levels.sigmas[[count - 1 - int(i * count / n) for i in range(n)]]


def _ddim_uniform(levels: Levels, n: int) -> Array:
    return levels.sigmas[1 :: max(len(levels.sigmas) // n, 1)][::-1]


def _beta(levels: Levels, n: int) -> Array:
    places = stats.beta.ppf(1 - np.arange(n) / n, 0.6, 0.6) * (len(levels.sigmas) - 1)
    return levels.sigmas[np.unique(np.rint(places).astype(int))[::-1]]


def _kl_optimal(levels: Levels, n: int) -> Array:
    high, low = math.atan(levels.top), math.atan(levels.bottom)
    return np.tan(high + _ramp(n) * (low - high))


def _linear_quadratic(levels: Levels, n: int) -> Array:
    """In the terms of Genmo's Mochi: noise gone, a linear half and a quadratic half."""
    if n == 1:
        return np.array([levels.top])
    half, threshold = n // 2, 0.025
    gap, rest = half - threshold * n, n - half
    square = gap / (half * rest**2)
    line = threshold / half - 2 * gap / rest**2
    i = np.arange(n)
    gone = np.where(i < half, i * threshold / half, square * i**2 + line * i + square * half**2)
    return levels.top * (1 - gone)


SCHEDULES: Mapping[str, Callable[[Levels, int], Array]] = {
    "normal": _normal,
    "sgm_uniform": _sgm_uniform,
    "karras": _karras,
    "exponential": _exponential,
    "simple": _simple,
    "ddim_uniform": _ddim_uniform,
    "beta": _beta,
    "kl_optimal": _kl_optimal,
    "linear_quadratic": _linear_quadratic,
}
"""Levels of n steps without the trailing 0."""


def visited(name: str, levels: Levels, steps: int) -> Array:
    """The levels that a run of so many steps visits, the trailing 0 included."""
    return np.append(SCHEDULES[name](levels, steps), 0.0)
