"""Rules for one step that add fresh noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..harness import Array
from .deterministic import line, midpoint
from .problem import Problem, Rule, quad, res_weights, split


def res(eta: float) -> Rule:
    def reference(x: Array, s: list[float], i: int, p: Problem) -> Array:
        x0 = p.x0(x, s[i])
        down, up = split(s[i], s[i + 1], eta)
        if down == 0:
            return x0
        if "x0" not in p.past:
            new = (down / s[i]) * x + (1 - down / s[i]) * x0
        else:
            # The older picture counts from where the last step landed before noise was added.
            place = math.log(p.past["landed"] / s[i - 1])
            first, second = res_weights(s[i], down, place)
            new = (down / s[i]) * x + first * x0 + second * p.past["x0"]
        p.past.update(x0=x0, landed=down)
        return new + up * p.draw() if up else new

    return reference


def euler_ancestral(x: Array, s: list[float], i: int, p: Problem) -> Array:
    if s[i + 1] == 0:
        return p.x0(x, s[i])
    down, up = split(s[i], s[i + 1])
    return x + (down - s[i]) * p.flow(x, s[i]) + up * p.draw()


def ddpm(x: Array, s: list[float], i: int, p: Problem) -> Array:
    """Ho et al. 2020, eq. 7, in the variance-preserving space they use."""
    bar, bar_next = 1 / (1 + s[i] ** 2), 1 / (1 + s[i + 1] ** 2)
    alpha = bar / bar_next
    x0 = p.x0(x, s[i])
    xt = x * math.sqrt(bar)
    mean = math.sqrt(bar_next) * (1 - alpha) / (1 - bar) * x0
    mean = mean + math.sqrt(alpha) * (1 - bar_next) / (1 - bar) * xt
    variance = (1 - bar_next) / (1 - bar) * (1 - alpha)
    noise = math.sqrt(variance) * p.draw() if s[i + 1] > 0 else 0.0
    return (mean + noise) / math.sqrt(bar_next)


def dpm_2_ancestral(x: Array, s: list[float], i: int, p: Problem) -> Array:
    if s[i + 1] == 0:
        return p.x0(x, s[i])
    down, up = split(s[i], s[i + 1])
    return midpoint(p, x, s[i], down) + up * p.draw()


def dpmpp_2s_ancestral(x: Array, s: list[float], i: int, p: Problem) -> Array:
    if s[i + 1] == 0:
        return p.x0(x, s[i])
    down, up = split(s[i], s[i + 1])
    middle = math.sqrt(s[i] * down)
    u = (middle / s[i]) * x + (1 - middle / s[i]) * p.x0(x, s[i])
    return (down / s[i]) * x + (1 - down / s[i]) * p.x0(u, middle) + up * p.draw()


def lcm(x: Array, s: list[float], i: int, p: Problem) -> Array:
    return p.x0(x, s[i]) + (s[i + 1] * p.draw() if s[i + 1] > 0 else 0.0)


# SDE rules: d x = (x - x0) / sigma * (1 + eta**2) d sigma + noise, exact for polynomial x0(lambda).


def kernel(h: float, power: int) -> float:
    """Integral of 2 exp(-2 (h - t)) t**power / power! over a step of log sigma."""
    return quad(lambda t: 2 * math.exp(-2 * (h - t)) * t**power / math.factorial(power), 0, h)


def dpmpp_2m_sde(x: Array, s: list[float], i: int, p: Problem) -> Array:
    x0 = p.x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i]) - math.log(s[i + 1])
    target = x0
    if "x0" in p.past:
        target = x0 + (h / 2) * (x0 - p.past["x0"]) / p.past["h"]  # x0 at the middle of the step
    p.past.update(x0=x0, h=h)
    keep = (s[i + 1] / s[i]) ** 2
    return keep * x + (1 - keep) * target + s[i + 1] * math.sqrt(1 - keep) * p.draw()


def dpmpp_2m_sde_heun(x: Array, s: list[float], i: int, p: Problem) -> Array:
    x0 = p.x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i]) - math.log(s[i + 1])
    keep = (s[i + 1] / s[i]) ** 2
    made = keep * x + kernel(h, 0) * x0
    if "x0" in p.past:
        made = made + kernel(h, 1) * (x0 - p.past["x0"]) / p.past["h"]
    p.past.update(x0=x0, h=h)
    return made + s[i + 1] * math.sqrt(1 - keep) * p.draw()


def dpmpp_3m_sde(x: Array, s: list[float], i: int, p: Problem) -> Array:
    x0 = p.x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i]) - math.log(s[i + 1])
    past = p.past.setdefault("past", [])
    # Divided differences of x0 over lambda at the last three places.
    slope, bend = np.zeros_like(x0), np.zeros_like(x0)
    if past:
        one, h_one = past[-1]
        slope = (x0 - one) / h_one
        if len(past) > 1:
            two, h_two = past[-2]
            second = (slope - (one - two) / h_two) / (h_one + h_two)
            slope, bend = slope + second * h_one, 2 * second
    past.append((x0, h))
    keep = (s[i + 1] / s[i]) ** 2
    made = keep * x + kernel(h, 0) * x0 + kernel(h, 1) * slope
    # k-diffusion's third-order term takes half of the exact integral.
    made = made + 0.5 * kernel(h, 2) * bend
    return made + s[i + 1] * math.sqrt(1 - keep) * p.draw()


def dpmpp_sde(x: Array, s: list[float], i: int, p: Problem) -> Array:
    if s[i + 1] == 0:
        return p.x0(x, s[i])
    middle = math.sqrt(s[i] * s[i + 1])
    down, up = split(s[i], middle)
    u = x + (down - s[i]) * p.flow(x, s[i]) + up * p.draw()
    down, up = split(s[i], s[i + 1])
    return (down / s[i]) * x + (1 - down / s[i]) * p.x0(u, middle) + up * p.draw()


def er_sde(x: Array, s: list[float], i: int, p: Problem) -> Array:
    """Cui et al. 2023, algorithm 3 (VE), with phi(x) = x (exp(x**0.3) + 10)."""
    x0 = p.x0(x, s[i])
    if s[i + 1] == 0:
        return x0

    def phi(v: float | Array) -> Any:
        return v * (np.exp(v**0.3) + 10)

    r = phi(s[i + 1]) / phi(s[i])
    past = p.past.setdefault("past", [])
    past.append((s[i], x0))
    made = r * x + (1 - r) * x0
    width = (s[i] - s[i + 1]) / 200
    grid = s[i + 1] + width * np.arange(200)
    if len(past) > 1:
        slope = (x0 - past[-2][1]) / (s[i] - past[-2][0])
        made = made + (s[i + 1] - s[i] + width * (1 / phi(grid)).sum() * phi(s[i + 1])) * slope
        if len(past) > 2:
            bend = (slope - p.past["slope"]) / ((s[i] - past[-3][0]) / 2)
            weighted = width * ((grid - s[i]) / phi(grid)).sum() * phi(s[i + 1])
            made = made + ((s[i + 1] - s[i]) ** 2 / 2 + weighted) * bend
        p.past["slope"] = slope
    return made + math.sqrt(s[i + 1] ** 2 - s[i] ** 2 * r**2) * p.draw()


def _brownian(s: float, draws: list[Array], places: list[float]) -> list[Array]:
    """Noise of the equation d x = ... + sqrt(2) sigma d w at several places of a step.

    In lambda the noise that arrives is sigma times an integral of sqrt(2) exp(l - lambda'), which
    is a sum over segments, each of variance 1 - exp(-2 length), faded by what follows.
    """
    arrived, before = [], s
    total = np.zeros_like(draws[0])
    for place, drawn in zip(places, draws, strict=True):
        h = math.log(before / place)
        total = math.exp(-h) * total + math.sqrt(1 - math.exp(-2 * h)) * drawn
        arrived.append(place * total)
        before = place
    return arrived


def seeds_2(x: Array, s: list[float], i: int, p: Problem) -> Array:
    x0 = p.x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    middle = math.sqrt(s[i] * s[i + 1])
    noise = _brownian(s[i], [p.draw(), p.draw()], [middle, s[i + 1]])
    keep = (middle / s[i]) ** 2
    x0_middle = p.x0(keep * x + (1 - keep) * x0 + noise[0], middle)
    keep = (s[i + 1] / s[i]) ** 2
    return keep * x + (1 - keep) * x0_middle + noise[1]


def exp_heun_2_x0_sde(x: Array, s: list[float], i: int, p: Problem) -> Array:
    x0 = p.x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h, keep = math.log(s[i] / s[i + 1]), (s[i + 1] / s[i]) ** 2
    noise = s[i + 1] * math.sqrt(1 - keep) * p.draw()
    p.draw()  # for what is left of the step after its end
    ahead = p.x0(keep * x + line(h, 2, 0) * x0 + noise, s[i + 1])
    return keep * x + (line(h, 2, 0) - line(h, 2, 1)) * x0 + line(h, 2, 1) * ahead + noise


def seeds_3(x: Array, s: list[float], i: int, p: Problem) -> Array:
    x0 = p.x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i] / s[i + 1])
    places = [s[i] * math.exp(-h * r) for r in (1 / 3, 2 / 3, 1)]
    noise = _brownian(s[i], [p.draw(), p.draw(), p.draw()], places)
    keep = [(place / s[i]) ** 2 for place in places]
    one = p.x0(keep[0] * x + (1 - keep[0]) * x0 + noise[0], places[0])
    line = kernel(h * 2 / 3, 1) / (h / 3) * (one - x0)  # x0 grows along the line through `one`
    two = p.x0(keep[1] * x + (1 - keep[1]) * x0 + line + noise[1], places[1])
    line = kernel(h, 1) / (h * 2 / 3) * (two - x0)
    return keep[2] * x + (1 - keep[2]) * x0 + line + noise[2]
