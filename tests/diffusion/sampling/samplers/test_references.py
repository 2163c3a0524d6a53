"""Every sampler, step by step, against float64 references written from the papers.

The references use other terms than the code: integrals are taken numerically, differences are
divided, and nothing of the samplers' own helpers is used.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate

from weft.diffusion.sampling.samplers import SAMPLERS
from weft.diffusion.sampling.schedules import schedule_sigmas
from weft.diffusion.sampling.sigmas import DiscreteSigmas

from .harness import Array, mixture_x0, record, start, unguided_x0

Draw = Callable[[], Array]
Reference = Callable[[Array, list[float], int, dict[str, Any], Draw], Array]


def flow(x: Array, s: float) -> Array:
    return (x - mixture_x0(x, s)) / s


def free_flow(x: Array, s: float) -> Array:
    return (x - unguided_x0(x, s)) / s


def split(s: float, n: float, eta: float = 1.0) -> tuple[float, float]:
    up = min(n, eta * math.sqrt(n**2 * (s**2 - n**2) / s**2))
    return math.sqrt(max(n**2 - up**2, 0.0)), up


def quad(f: Callable[[float], float], a: float, b: float) -> float:
    return float(integrate.quad(f, a, b, epsabs=1e-13, epsrel=1e-12)[0])


def lagrange(points: list[float], k: int, t: float) -> float:
    return math.prod((t - o) / (points[k] - o) for j, o in enumerate(points) if j != k)


def euler(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    r = s[i + 1] / s[i]
    return r * x + (1 - r) * mixture_x0(x, s[i])


def heun(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    predicted = euler(x, s, i, m, draw)
    if s[i + 1] == 0:
        return predicted
    return x + (s[i + 1] - s[i]) * 0.5 * (flow(x, s[i]) + flow(predicted, s[i + 1]))


def heunpp2(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    d = flow(x, s[i])
    step = s[i + 1] - s[i]
    if s[i + 1] == s[-1]:
        return x + step * d
    x_2 = x + step * d
    d_2 = flow(x_2, s[i + 1])
    if s[i + 2] == s[-1]:
        w_2 = s[i + 1] / (2 * s[0])
        return x + step * ((1 - w_2) * d + w_2 * d_2)
    x_3 = x_2 + (s[i + 2] - s[i + 1]) * d_2
    d_3 = flow(x_3, s[i + 2])
    w_2, w_3 = s[i + 1] / (3 * s[0]), s[i + 2] / (3 * s[0])
    return x + step * ((1 - w_2 - w_3) * d + w_2 * d_2 + w_3 * d_3)


def dpm_2(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    return _midpoint(x, s[i], s[i + 1])


def _midpoint(x: Array, s: float, n: float) -> Array:
    if n == 0:
        return mixture_x0(x, s)
    middle = math.exp((math.log(s) + math.log(n)) / 2)
    return x + (n - s) * flow(x + (middle - s) * flow(x, s), middle)


def gradient_estimation(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    if s[i + 1] == 0:
        return mixture_x0(x, s[i])
    d = flow(x, s[i])
    estimate = 2 * d - m["d"] if "d" in m else d
    m["d"] = d
    return x + (s[i + 1] - s[i]) * estimate


def dpmpp_2m(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    x0 = mixture_x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i] / s[i + 1])
    d = x0
    if "x0" in m:
        d = x0 + h / (2 * m["h"]) * (x0 - m["x0"])
    m.update(x0=x0, h=h)
    return (s[i + 1] / s[i]) * x + (1 - math.exp(-h)) * d


def lms(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    if s[i + 1] == 0:
        return mixture_x0(x, s[i])
    slopes = m.setdefault("slopes", [])
    slopes.insert(0, flow(x, s[i]))
    points = [s[i - k] for k in range(min(i + 1, 4))]
    for k in range(len(points)):
        x = x + quad(lambda t, k=k: lagrange(points, k, t), s[i], s[i + 1]) * slopes[k]
    return x


def ipndm(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    if s[i + 1] == 0:
        return mixture_x0(x, s[i])
    slopes = m.setdefault("slopes", [])
    slopes.insert(0, flow(x, s[i]))
    points = [-float(k) for k in range(min(i + 1, 4))]  # as if the steps were even
    for k in range(len(points)):
        weight = quad(lambda t, k=k: lagrange(points, k, t), 0.0, 1.0)
        x = x + (s[i + 1] - s[i]) * weight * slopes[k]
    return x


def ipndm_v(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    if s[i + 1] == 0:
        return mixture_x0(x, s[i])
    d = m.setdefault("slopes", [])
    d.insert(0, flow(x, s[i]))
    h = [s[i + 1 - k] - s[i - k] for k in range(min(i + 1, 4))]
    if i == 0:
        return x + h[0] * d[0]
    a = h[0] / h[1]
    if i == 1:
        return x + h[0] * ((2 + a) / 2 * d[0] - a / 2 * d[1])
    b = h[1] / h[2]
    t1 = (1 - h[0] / (3 * (h[0] + h[1])) * (h[0] * (h[0] + h[1])) / (h[1] * (h[1] + h[2]))) / 2
    c = [(2 + a) / 2 + t1, -a / 2 - (1 + b) * t1, t1 * b]
    if i == 2:
        return x + h[0] * (c[0] * d[0] + c[1] * d[1] + c[2] * d[2])
    t2 = (1 - h[0] / (3 * (h[0] + h[1]))) / 2
    t2 += (1 - h[0] / (2 * (h[0] + h[1]))) * h[0] / (6 * (h[0] + h[1] + h[2]))
    t2 *= h[0] * (h[0] + h[1]) * (h[0] + h[1] + h[2])
    t2 /= h[1] * (h[1] + h[2]) * (h[1] + h[2] + h[3])
    e = h[1] * (h[1] + h[2]) / (h[2] * (h[2] + h[3]))
    c = [c[0] + t2, c[1] - (1 + b + e) * t2, c[2] + (b + e * (1 + h[2] / h[3])) * t2, -t2 * e * b]
    return x + h[0] * sum(weight * slope for weight, slope in zip(c, d, strict=False))


def deis(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    """The integral over sigma itself, with the time as a function of it."""
    if s[i + 1] == 0:
        return mixture_x0(x, s[i])
    log_low, log_high = math.log(1 + 0.002**2), math.log(1 + 80**2)
    beta_d = 2 * (log_low / 1e-3 - log_high) / (1e-3 - 1)
    beta_min = log_high - beta_d / 2

    def time(sigma: float) -> float:
        return max(np.roots([beta_d / 2, beta_min, -math.log(1 + sigma**2)]).real)

    slopes = m.setdefault("slopes", [])
    slopes.insert(0, flow(x, s[i]))
    points = [time(s[i - k]) for k in range(min(i + 1, 3))]
    for k in range(len(points)):
        x = x + quad(lambda g, k=k: lagrange(points, k, time(g)), s[i], s[i + 1]) * slopes[k]
    return x


def _res_weights(s: float, down: float, place: float) -> tuple[float, float]:
    """Integrals of exp(-(h - t)) times the line through two places; `place` is the older one."""
    h = math.log(s / down)
    older = quad(lambda t: math.exp(t - h) * t / place, 0, h)
    return 1 - math.exp(-h) - older, older


def _res(eta: float) -> Reference:
    def reference(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
        x0 = mixture_x0(x, s[i])
        down, up = split(s[i], s[i + 1], eta)
        if down == 0:
            return x0
        if "x0" not in m:
            new = (down / s[i]) * x + (1 - down / s[i]) * x0
        else:
            # The older picture counts from where the last step landed before noise was added.
            place = math.log(m["landed"] / s[i - 1])
            first, second = _res_weights(s[i], down, place)
            new = (down / s[i]) * x + first * x0 + second * m["x0"]
        m.update(x0=x0, landed=down)
        return new + up * draw() if up else new

    return reference


def euler_ancestral(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    if s[i + 1] == 0:
        return mixture_x0(x, s[i])
    down, up = split(s[i], s[i + 1])
    return x + (down - s[i]) * flow(x, s[i]) + up * draw()


def ddpm(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    """Ho et al. 2020, eq. 7, in the variance-preserving space they use."""
    bar, bar_next = 1 / (1 + s[i] ** 2), 1 / (1 + s[i + 1] ** 2)
    alpha = bar / bar_next
    x0 = mixture_x0(x, s[i])
    xt = x * math.sqrt(bar)
    mean = math.sqrt(bar_next) * (1 - alpha) / (1 - bar) * x0
    mean = mean + math.sqrt(alpha) * (1 - bar_next) / (1 - bar) * xt
    variance = (1 - bar_next) / (1 - bar) * (1 - alpha)
    noise = math.sqrt(variance) * draw() if s[i + 1] > 0 else 0.0
    return (mean + noise) / math.sqrt(bar_next)


def dpm_2_ancestral(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    if s[i + 1] == 0:
        return mixture_x0(x, s[i])
    down, up = split(s[i], s[i + 1])
    return _midpoint(x, s[i], down) + up * draw()


def dpmpp_2s_ancestral(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    if s[i + 1] == 0:
        return mixture_x0(x, s[i])
    down, up = split(s[i], s[i + 1])
    middle = math.sqrt(s[i] * down)
    u = (middle / s[i]) * x + (1 - middle / s[i]) * mixture_x0(x, s[i])
    return (down / s[i]) * x + (1 - down / s[i]) * mixture_x0(u, middle) + up * draw()


def lcm(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    return mixture_x0(x, s[i]) + (s[i + 1] * draw() if s[i + 1] > 0 else 0.0)


# SDE rules: d x = (x - x0) / sigma * (1 + eta**2) d sigma + noise, exact for polynomial x0(lambda).


def kernel(h: float, power: int) -> float:
    """Integral of 2 exp(-2 (h - t)) t**power / power! over a step of log sigma."""
    return quad(lambda t: 2 * math.exp(-2 * (h - t)) * t**power / math.factorial(power), 0, h)


def dpmpp_2m_sde(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    x0 = mixture_x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i]) - math.log(s[i + 1])
    target = x0
    if "x0" in m:
        target = x0 + (h / 2) * (x0 - m["x0"]) / m["h"]  # x0 at the middle of the step
    m.update(x0=x0, h=h)
    keep = (s[i + 1] / s[i]) ** 2
    return keep * x + (1 - keep) * target + s[i + 1] * math.sqrt(1 - keep) * draw()


def dpmpp_2m_sde_heun(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    x0 = mixture_x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i]) - math.log(s[i + 1])
    keep = (s[i + 1] / s[i]) ** 2
    made = keep * x + kernel(h, 0) * x0
    if "x0" in m:
        made = made + kernel(h, 1) * (x0 - m["x0"]) / m["h"]
    m.update(x0=x0, h=h)
    return made + s[i + 1] * math.sqrt(1 - keep) * draw()


def dpmpp_3m_sde(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    x0 = mixture_x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i]) - math.log(s[i + 1])
    past = m.setdefault("past", [])
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
    return made + s[i + 1] * math.sqrt(1 - keep) * draw()


def dpmpp_sde(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    if s[i + 1] == 0:
        return mixture_x0(x, s[i])
    middle = math.sqrt(s[i] * s[i + 1])
    down, up = split(s[i], middle)
    u = x + (down - s[i]) * flow(x, s[i]) + up * draw()
    down, up = split(s[i], s[i + 1])
    return (down / s[i]) * x + (1 - down / s[i]) * mixture_x0(u, middle) + up * draw()


def er_sde(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    """Cui et al. 2023, algorithm 3 (VE), with phi(x) = x (exp(x**0.3) + 10)."""
    x0 = mixture_x0(x, s[i])
    if s[i + 1] == 0:
        return x0

    def phi(v: float | Array) -> Any:
        return v * (np.exp(v**0.3) + 10)

    r = phi(s[i + 1]) / phi(s[i])
    past = m.setdefault("past", [])
    past.append((s[i], x0))
    made = r * x + (1 - r) * x0
    width = (s[i] - s[i + 1]) / 200
    grid = s[i + 1] + width * np.arange(200)
    if len(past) > 1:
        slope = (x0 - past[-2][1]) / (s[i] - past[-2][0])
        made = made + (s[i + 1] - s[i] + width * (1 / phi(grid)).sum() * phi(s[i + 1])) * slope
        if len(past) > 2:
            bend = (slope - m["slope"]) / ((s[i] - past[-3][0]) / 2)
            weighted = width * ((grid - s[i]) / phi(grid)).sum() * phi(s[i + 1])
            made = made + ((s[i + 1] - s[i]) ** 2 / 2 + weighted) * bend
        m["slope"] = slope
    return made + math.sqrt(s[i + 1] ** 2 - s[i] ** 2 * r**2) * draw()


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


def seeds_2(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    x0 = mixture_x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    middle = math.sqrt(s[i] * s[i + 1])
    noise = _brownian(s[i], [draw(), draw()], [middle, s[i + 1]])
    keep = (middle / s[i]) ** 2
    x0_middle = mixture_x0(keep * x + (1 - keep) * x0 + noise[0], middle)
    keep = (s[i + 1] / s[i]) ** 2
    return keep * x + (1 - keep) * x0_middle + noise[1]


def _line(h: float, speed: int, power: int) -> float:
    return quad(lambda t: speed * math.exp(-speed * (h - t)) * (t / h) ** power, 0, h)


def exp_heun_2_x0(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    x0 = mixture_x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h, keep = math.log(s[i] / s[i + 1]), s[i + 1] / s[i]
    ahead = mixture_x0(keep * x + _line(h, 1, 0) * x0, s[i + 1])
    # x0 as a line from one end of the step to the other
    return keep * x + (_line(h, 1, 0) - _line(h, 1, 1)) * x0 + _line(h, 1, 1) * ahead


def exp_heun_2_x0_sde(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    x0 = mixture_x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h, keep = math.log(s[i] / s[i + 1]), (s[i + 1] / s[i]) ** 2
    noise = s[i + 1] * math.sqrt(1 - keep) * draw()
    draw()  # for what is left of the step after its end
    ahead = mixture_x0(keep * x + _line(h, 2, 0) * x0 + noise, s[i + 1])
    return keep * x + (_line(h, 2, 0) - _line(h, 2, 1)) * x0 + _line(h, 2, 1) * ahead + noise


def seeds_3(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    x0 = mixture_x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i] / s[i + 1])
    places = [s[i] * math.exp(-h * r) for r in (1 / 3, 2 / 3, 1)]
    noise = _brownian(s[i], [draw(), draw(), draw()], places)
    keep = [(place / s[i]) ** 2 for place in places]
    one = mixture_x0(keep[0] * x + (1 - keep[0]) * x0 + noise[0], places[0])
    line = kernel(h * 2 / 3, 1) / (h / 3) * (one - x0)  # x0 grows along the line through `one`
    two = mixture_x0(keep[1] * x + (1 - keep[1]) * x0 + line + noise[1], places[1])
    line = kernel(h, 1) / (h * 2 / 3) * (two - x0)
    return keep[2] * x + (1 - keep[2]) * x0 + line + noise[2]


# CFG++: the direction is that of the negative side.


def euler_cfg_pp(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    return mixture_x0(x, s[i]) + s[i + 1] * free_flow(x, s[i])


def euler_ancestral_cfg_pp(
    x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw
) -> Array:
    down, up = split(s[i], s[i + 1])
    made = mixture_x0(x, s[i]) + down * free_flow(x, s[i])
    return made + up * draw() if s[i + 1] > 0 else made


def dpmpp_2m_cfg_pp(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
    x0, free = mixture_x0(x, s[i]), unguided_x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i] / s[i + 1])
    mix = -math.exp(-h) * free
    if "free" in m:
        mix = mix + (1 - math.exp(-h)) * h / (2 * m["h"]) * (x0 - m["free"])
    m.update(free=free, h=h)
    return x0 + mix + math.exp(-h) * x


def dpmpp_2s_ancestral_cfg_pp(
    x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw
) -> Array:
    x0, free = mixture_x0(x, s[i]), unguided_x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    down, up = split(s[i], s[i + 1])
    # The plain rule run with the negative side alone; guidance is added to where it ends.
    middle = math.sqrt(s[i] * down)
    u = x + (middle - s[i]) * free_flow(x, s[i])
    landed = x + (down - s[i]) * (x - unguided_x0(u, middle)) / s[i]
    return landed + up * draw() + (x0 - free)


def _res_cfg_pp(eta: float) -> Reference:
    def reference(x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw) -> Array:
        x0, free = mixture_x0(x, s[i]), unguided_x0(x, s[i])
        down, up = split(s[i], s[i + 1], eta)
        if down == 0:
            return x0
        if "free" not in m:
            new = x0 + down * free_flow(x, s[i])
        else:
            first, second = _res_weights(s[i], down, math.log(m["landed"] / s[i - 1]))
            new = (down / s[i]) * (x + x0 - free) + first * free + second * m["free"]
        m.update(free=free, landed=down)
        return new + up * draw() if up else new

    return reference


def gradient_estimation_cfg_pp(
    x: Array, s: list[float], i: int, m: dict[str, Any], draw: Draw
) -> Array:
    d = free_flow(x, s[i])
    made = mixture_x0(x, s[i]) + s[i + 1] * d
    if s[i + 1] > 0 and "d" in m:
        made = made + (s[i + 1] - s[i]) * (d - m["d"])
    m["d"] = d
    return made


REFERENCES: dict[str, Reference] = {
    "euler": euler,
    "ddim": euler,
    "heun": heun,
    "heunpp2": heunpp2,
    "dpm_2": dpm_2,
    "gradient_estimation": gradient_estimation,
    "dpmpp_2m": dpmpp_2m,
    "lms": lms,
    "ipndm": ipndm,
    "ipndm_v": ipndm_v,
    "deis": deis,
    "res_multistep": _res(0.0),
    "res_multistep_ancestral": _res(1.0),
    "euler_ancestral": euler_ancestral,
    "ddpm": ddpm,
    "dpm_2_ancestral": dpm_2_ancestral,
    "dpmpp_2s_ancestral": dpmpp_2s_ancestral,
    "lcm": lcm,
    "lcm_upscale": lcm,  # at its default size
    "dpmpp_sde": dpmpp_sde,
    "dpmpp_2m_sde": dpmpp_2m_sde,
    "dpmpp_2m_sde_heun": dpmpp_2m_sde_heun,
    "dpmpp_3m_sde": dpmpp_3m_sde,
    "er_sde": er_sde,
    "seeds_2": seeds_2,
    "seeds_3": seeds_3,
    "exp_heun_2_x0": exp_heun_2_x0,
    "exp_heun_2_x0_sde": exp_heun_2_x0_sde,
    "euler_cfg_pp": euler_cfg_pp,
    "euler_ancestral_cfg_pp": euler_ancestral_cfg_pp,
    "dpmpp_2m_cfg_pp": dpmpp_2m_cfg_pp,
    "dpmpp_2s_ancestral_cfg_pp": dpmpp_2s_ancestral_cfg_pp,
    "res_multistep_cfg_pp": _res_cfg_pp(0.0),
    "res_multistep_ancestral_cfg_pp": _res_cfg_pp(1.0),
    "gradient_estimation_cfg_pp": gradient_estimation_cfg_pp,
}
ELSEWHERE = {"dpm_fast", "dpm_adaptive", "sa_solver", "sa_solver_pece", "uni_pc", "uni_pc_bh2"}
# Places inside a step are rounded to float32 where the Brownian path is asked.
TOLERANCE = {"dpmpp_sde": 1e-5, "seeds_2": 1e-5, "seeds_3": 1e-5, "lms": 1e-8}


def test_every_sampler_has_a_reference() -> None:
    assert set(REFERENCES) | ELSEWHERE == set(SAMPLERS)


@pytest.mark.parametrize("schedule", ["karras", "normal"])
@pytest.mark.parametrize("name", REFERENCES)
def test_sampler_matches_its_reference_step_by_step(name: str, schedule: str) -> None:
    sigmas = schedule_sigmas(schedule, DiscreteSigmas(), 8)
    x = start(sigmas[0])
    kept = record(name, x, sigmas, mixture_x0)
    draws = iter(kept.draws)
    memory: dict[str, Any] = {}
    for i, _ in enumerate(itertools.pairwise(sigmas)):
        x = REFERENCES[name](x, sigmas, i, memory, lambda: next(draws))
        assert np.abs(x - kept.states[i]).max() < TOLERANCE.get(name, 1e-9), f"step {i}"
    assert list(draws) == []
