"""CFG++: rules for one step in which the direction is that of the negative side."""

from __future__ import annotations

import math

from ..harness import Array
from .problem import Problem, Rule, res_weights, split


def euler_cfg_pp(x: Array, s: list[float], i: int, p: Problem) -> Array:
    return p.x0(x, s[i]) + s[i + 1] * p.free_flow(x, s[i])


def euler_ancestral_cfg_pp(x: Array, s: list[float], i: int, p: Problem) -> Array:
    down, up = split(s[i], s[i + 1])
    made = p.x0(x, s[i]) + down * p.free_flow(x, s[i])
    return made + up * p.draw() if s[i + 1] > 0 else made


def dpmpp_2m_cfg_pp(x: Array, s: list[float], i: int, p: Problem) -> Array:
    x0, free = p.x0(x, s[i]), p.free(x, s[i])
    if s[i + 1] == 0:
        return x0
    h = math.log(s[i] / s[i + 1])
    mix = -math.exp(-h) * free
    if "free" in p.past:
        mix = mix + (1 - math.exp(-h)) * h / (2 * p.past["h"]) * (x0 - p.past["free"])
    p.past.update(free=free, h=h)
    return x0 + mix + math.exp(-h) * x


def dpmpp_2s_ancestral_cfg_pp(x: Array, s: list[float], i: int, p: Problem) -> Array:
    x0, free = p.x0(x, s[i]), p.free(x, s[i])
    if s[i + 1] == 0:
        return x0
    down, up = split(s[i], s[i + 1])
    # The plain rule run with the negative side alone; guidance is added to where it ends.
    middle = math.sqrt(s[i] * down)
    u = x + (middle - s[i]) * p.free_flow(x, s[i])
    landed = x + (down - s[i]) * (x - p.free(u, middle)) / s[i]
    return landed + up * p.draw() + (x0 - free)


def res_cfg_pp(eta: float) -> Rule:
    def reference(x: Array, s: list[float], i: int, p: Problem) -> Array:
        x0, free = p.x0(x, s[i]), p.free(x, s[i])
        down, up = split(s[i], s[i + 1], eta)
        if down == 0:
            return x0
        if "free" not in p.past:
            new = x0 + down * p.free_flow(x, s[i])
        else:
            first, second = res_weights(s[i], down, math.log(p.past["landed"] / s[i - 1]))
            new = (down / s[i]) * (x + x0 - free) + first * free + second * p.past["free"]
        p.past.update(free=free, landed=down)
        return new + up * p.draw() if up else new

    return reference


def gradient_estimation_cfg_pp(x: Array, s: list[float], i: int, p: Problem) -> Array:
    d = p.free_flow(x, s[i])
    made = p.x0(x, s[i]) + s[i + 1] * d
    if s[i + 1] > 0 and "d" in p.past:
        made = made + (s[i + 1] - s[i]) * (d - p.past["d"])
    p.past["d"] = d
    return made
