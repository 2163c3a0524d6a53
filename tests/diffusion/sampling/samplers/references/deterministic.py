"""Deterministic rules for one step."""

from __future__ import annotations

import math

import numpy as np

from ..harness import Array
from .problem import Problem, lagrange, quad


def euler(x: Array, s: list[float], i: int, p: Problem) -> Array:
    r = s[i + 1] / s[i]
    return r * x + (1 - r) * p.x0(x, s[i])


def heun(x: Array, s: list[float], i: int, p: Problem) -> Array:
    predicted = euler(x, s, i, p)
    if s[i + 1] == 0:
        return predicted
    return x + (s[i + 1] - s[i]) * 0.5 * (p.flow(x, s[i]) + p.flow(predicted, s[i + 1]))


def heunpp2(x: Array, s: list[float], i: int, p: Problem) -> Array:
    d = p.flow(x, s[i])
    step = s[i + 1] - s[i]
    if s[i + 1] == s[-1]:
        return x + step * d
    x_2 = x + step * d
    d_2 = p.flow(x_2, s[i + 1])
    if s[i + 2] == s[-1]:
        w_2 = s[i + 1] / (2 * s[0])
        return x + step * ((1 - w_2) * d + w_2 * d_2)
    x_3 = x_2 + (s[i + 2] - s[i + 1]) * d_2
    d_3 = p.flow(x_3, s[i + 2])
    w_2, w_3 = s[i + 1] / (3 * s[0]), s[i + 2] / (3 * s[0])
    return x + step * ((1 - w_2 - w_3) * d + w_2 * d_2 + w_3 * d_3)


def dpm_2(x: Array, s: list[float], i: int, p: Problem) -> Array:
    return midpoint(p, x, s[i], s[i + 1])


def midpoint(p: Problem, x: Array, s: float, n: float) -> Array:
    if n == 0:
        return p.x0(x, s)
    middle = math.exp((math.log(s) + math.log(n)) / 2)
    return x + (n - s) * p.flow(x + (middle - s) * p.flow(x, s), middle)


def gradient_estimation(x: Array, s: list[float], i: int, p: Problem) -> Array:
    if s[i + 1] == 0:
        return p.x0(x, s[i])
    d = p.flow(x, s[i])
    estimate = 2 * d - p.past["d"] if "d" in p.past else d
    p.past["d"] = d
    return x + (s[i + 1] - s[i]) * estimate


def dpmpp_2m(x: Array, s: list[float], i: int, p: Problem) -> Array:
    x0 = p.x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i] / s[i + 1])
    d = x0
    if "x0" in p.past:
        d = x0 + h / (2 * p.past["h"]) * (x0 - p.past["x0"])
    p.past.update(x0=x0, h=h)
    return (s[i + 1] / s[i]) * x + (1 - math.exp(-h)) * d


def lms(x: Array, s: list[float], i: int, p: Problem) -> Array:
    if s[i + 1] == 0:
        return p.x0(x, s[i])
    slopes = p.past.setdefault("slopes", [])
    slopes.insert(0, p.flow(x, s[i]))
    points = [s[i - k] for k in range(min(i + 1, 4))]
    for k in range(len(points)):
        x = x + quad(lambda t, k=k: lagrange(points, k, t), s[i], s[i + 1]) * slopes[k]
    return x


def ipndm(x: Array, s: list[float], i: int, p: Problem) -> Array:
    if s[i + 1] == 0:
        return p.x0(x, s[i])
    slopes = p.past.setdefault("slopes", [])
    slopes.insert(0, p.flow(x, s[i]))
    points = [-float(k) for k in range(min(i + 1, 4))]  # as if the steps were even
    for k in range(len(points)):
        weight = quad(lambda t, k=k: lagrange(points, k, t), 0.0, 1.0)
        x = x + (s[i + 1] - s[i]) * weight * slopes[k]
    return x


def ipndm_v(x: Array, s: list[float], i: int, p: Problem) -> Array:
    if s[i + 1] == 0:
        return p.x0(x, s[i])
    d = p.past.setdefault("slopes", [])
    d.insert(0, p.flow(x, s[i]))
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


def deis(x: Array, s: list[float], i: int, p: Problem) -> Array:
    """The integral over sigma itself, with the time as a function of it."""
    if s[i + 1] == 0:
        return p.x0(x, s[i])
    log_low, log_high = math.log(1 + 0.002**2), math.log(1 + 80**2)
    beta_d = 2 * (log_low / 1e-3 - log_high) / (1e-3 - 1)
    beta_min = log_high - beta_d / 2

    def time(sigma: float) -> float:
        return max(np.roots([beta_d / 2, beta_min, -math.log(1 + sigma**2)]).real)

    slopes = p.past.setdefault("slopes", [])
    slopes.insert(0, p.flow(x, s[i]))
    points = [time(s[i - k]) for k in range(min(i + 1, 3))]
    for k in range(len(points)):
        x = x + quad(lambda g, k=k: lagrange(points, k, time(g)), s[i], s[i + 1]) * slopes[k]
    return x


def line(h: float, speed: int, power: int) -> float:
    return quad(lambda t: speed * math.exp(-speed * (h - t)) * (t / h) ** power, 0, h)


def exp_heun_2_x0(x: Array, s: list[float], i: int, p: Problem) -> Array:
    x0 = p.x0(x, s[i])
    if s[i + 1] == 0:
        return x0
    h, keep = math.log(s[i] / s[i + 1]), s[i + 1] / s[i]
    ahead = p.x0(keep * x + line(h, 1, 0) * x0, s[i + 1])
    # x0 as a line from one end of the step to the other
    return keep * x + (line(h, 1, 0) - line(h, 1, 1)) * x0 + line(h, 1, 1) * ahead
