"""Solvers that share evaluations between steps, or choose their own steps."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from ..harness import Array
from .problem import Problem, Reference, lagrange, quad


def uni_pc(variant: str) -> Reference:
    """Zhao et al. 2023, algorithms 5 to 8 (data prediction), third order, ending at 0.001.

    With two or more differences the paper's linear system makes a step exact for the polynomial
    through the clean pictures, whatever B is: so it is integrated here. With one difference the
    paper takes a weight of 1/2, and B counts.
    """

    def step(x: Array, s: float, n: float, seen: list[tuple[float, Array]]) -> Array:
        """From s to n by clean pictures and their places, the one at s first."""
        h = math.log(s / n)
        lams = [-math.log(place) for place, _ in seen]
        x0 = seen[0][1]
        made: Array = (n / s) * x + (1 - math.exp(-h)) * x0
        if len(seen) == 2:
            b = h if variant == "bh1" else 1 - math.exp(-h)
            return made + b * 0.5 * (seen[1][1] - x0) * h / (lams[1] - lams[0])
        end = -math.log(n)
        for k in range(1, len(seen)):
            weight = quad(lambda t, k=k: math.exp(t - end) * lagrange(lams, k, t), lams[0], end)
            made = made + weight * (seen[k][1] - x0)
        return made

    def run(p: Problem, x: Array, s: list[float]) -> Iterator[Array]:
        places = [*s[:-1], s[-1] or min(0.001, s[-2] / 2)]
        steps = len(places) - 1
        past = [(places[0], p.x0(x, places[0]))]
        for i in range(steps):
            order = min(3, max(1, steps - 1), i + 1, steps - i)
            x_predicted = step(x, places[i], places[i + 1], past[:order])
            if i + 1 == steps:
                yield x_predicted
                return
            ahead = (places[i + 1], p.x0(x_predicted, places[i + 1]))
            x = step(x, places[i], places[i + 1], [past[0], *past[1:order], ahead])
            past.insert(0, ahead)
            yield x

    return run


def exponential_step(
    p: Problem, x: Array, s: float, n: float, order: int, inner: float = 1 / 2
) -> Array:
    """Lu et al. 2022, algorithms 1 and 2 (and DDIM), in terms of eps and lambda = -log sigma."""
    h = math.log(s / n)
    e = p.flow(x, s)
    if order == 1:
        return x - n * (math.exp(h) - 1) * e
    if order == 2:
        place = s * math.exp(-h * inner)
        u = x - place * (math.exp(h * inner) - 1) * e
        return x - n * (math.exp(h) - 1) * (e + (p.flow(u, place) - e) / (2 * inner))
    one, two = s * math.exp(-h / 3), s * math.exp(-2 * h / 3)
    u = x - one * (math.exp(h / 3) - 1) * e
    d_1 = p.flow(u, one) - e
    factor = (math.exp(2 * h / 3) - 1) / (2 * h / 3) - 1
    u = x - two * (math.exp(2 * h / 3) - 1) * e - 2 * two * factor * d_1
    d_2 = p.flow(u, two) - e
    return x - n * (math.exp(h) - 1) * e - 1.5 * n * ((math.exp(h) - 1) / h - 1) * d_2


def dpm_fast(p: Problem, x: Array, s: list[float]) -> Iterator[Array]:
    """Lu et al. 2022, section 3.4: steps of third order, then what is left over."""
    evaluations, end = len(s) - 1, s[-1] or s[-2]
    if end == s[0]:
        yield p.x0(x, s[0])
        return
    thirds, rest = divmod(evaluations, 3)
    orders = [*[3] * (thirds - 1), 2, 1] if rest == 0 else [*[3] * thirds, rest]
    places = np.geomspace(s[0], end, len(orders) + 1).tolist()
    for (one, other), order in zip(itertools.pairwise(places), orders, strict=True):
        x = exponential_step(p, x, one, other, order)
        yield x


def dpm_adaptive(p: Problem, x: Array, s: list[float]) -> Iterator[Array]:
    """Lu et al. 2022, appendix C, with k-diffusion's controller: I alone, arctangent limiter."""
    end = s[-1] or s[-2]
    if end == s[0]:
        yield p.x0(x, s[0])
        return
    h, lam, before = 0.05, -math.log(s[0]), x
    while lam < -math.log(end) - 1e-5:
        one, other = math.exp(-lam), max(end, math.exp(-lam - h))
        low = exponential_step(p, x, one, other, 2, inner=1 / 3)
        high = exponential_step(p, x, one, other, 3)
        bound = np.maximum(0.0078, 0.05 * np.maximum(abs(low), abs(before)))
        error = math.sqrt(float(np.mean(((low - high) / bound) ** 2)))
        factor = 1 + math.atan((error + 1e-8) ** (-1 / 3) - 1)
        h *= factor
        if factor >= 0.81:
            x, before, lam = high, low, -math.log(other)
            yield x


def _stochastic_adams(
    x: Array, s: float, n: float, seen: list[tuple[float, Array]], tau: float
) -> Array:
    """Xue et al. 2023, eq. 13 (data prediction), the integrals taken numerically over lambda."""
    speed, end = 1 + tau**2, -math.log(n)
    lams = [-math.log(place) for place, _ in seen]
    made: Array = (n / s) * math.exp(-(tau**2) * math.log(s / n)) * x
    for k, (_, picture) in enumerate(seen):

        def integrand(t: float, k: int = k) -> float:
            return speed * math.exp(speed * (t - end)) * lagrange(lams, k, t)

        made = made + quad(integrand, -math.log(s), end) * picture
    return made


def sa_solver(*, pece: bool) -> Reference:
    """Xue et al. 2023, algorithm 1; orders 3 and 4, which fall towards a clean end only."""

    def run(p: Problem, x: Array, s: list[float]) -> Iterator[Array]:
        steps, seen = len(s) - 1, list[tuple[float, Array]]()
        corrected = predicted = x
        tau, noise = 0.0, np.zeros_like(x)
        for i, (here, following) in enumerate(itertools.pairwise(s)):
            seen.insert(0, (here, p.x0(predicted, here)))
            left = steps - i if s[-1] == 0 else steps + 4
            if i > 0 and (following > 0 or pece):
                order = min(4, i + 1, left)
                made = _stochastic_adams(corrected, s[i - 1], here, seen[:order], tau)
                corrected = noise + made
                if pece:
                    seen[0] = here, p.x0(corrected, here)
            else:
                corrected = predicted
            if following == 0:
                predicted = seen[0][1]
            else:
                order = max(1, min(3, i + 1, left - 1))
                tau = 1.0 if p.window[1] <= following <= p.window[0] else 0.0
                noise = np.zeros_like(x)
                if tau:
                    noise = following * math.sqrt(1 - (following / here) ** 2) * p.draw()
                predicted = noise + _stochastic_adams(corrected, here, following, seen[:order], tau)
            yield predicted

    return run
