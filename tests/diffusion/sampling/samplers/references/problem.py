"""What a reference is given, and what several of them need."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from scipy import integrate

from ..harness import Array, Model

Reference = Callable[["Problem", Array, list[float]], Iterator[Array]]
"""states = reference(problem, x, sigmas): x after each step."""
Rule = Callable[[Array, list[float], int, "Problem"], Array]
"""new x = rule(x, sigmas, number of the step, problem)."""


@dataclass
class Problem:
    """A run to be made.

    Attributes:
        x0: The clean picture seen at a noise level, with guidance.
        free: The same of the negative side alone.
        draw: The next fresh noise, of unit variance.
        window: Noise levels (high, low) between which a windowed sampler adds noise.
        past: What a rule remembers of earlier steps.
    """

    x0: Model
    free: Model
    draw: Callable[[], Array]
    window: tuple[float, float] = (math.inf, 0.0)
    past: dict[str, Any] = field(default_factory=dict)

    def flow(self, x: Array, s: float) -> Array:
        return (x - self.x0(x, s)) / s

    def free_flow(self, x: Array, s: float) -> Array:
        return (x - self.free(x, s)) / s


def stepwise(rule: Rule) -> Reference:
    """A rule for one step as a whole run."""

    def run(p: Problem, x: Array, s: list[float]) -> Iterator[Array]:
        for i, _ in enumerate(itertools.pairwise(s)):
            x = rule(x, s, i, p)
            yield x

    return run


def split(s: float, n: float, eta: float = 1.0) -> tuple[float, float]:
    """Where an ancestral step lands, and the noise that leads from there to n."""
    up = min(n, eta * math.sqrt(n**2 * (s**2 - n**2) / s**2))
    return math.sqrt(max(n**2 - up**2, 0.0)), up


def quad(f: Callable[[float], float], a: float, b: float) -> float:
    return float(integrate.quad(f, a, b, epsabs=1e-13, epsrel=1e-12)[0])


def lagrange(points: list[float], k: int, t: float) -> float:
    """The polynomial that is 1 at point k and 0 at the others."""
    return math.prod((t - o) / (points[k] - o) for j, o in enumerate(points) if j != k)


def res_weights(s: float, down: float, place: float) -> tuple[float, float]:
    """Integrals of exp(-(h - t)) times the line through two places; `place` is the older one."""
    h = math.log(s / down)
    older = quad(lambda t: math.exp(t - h) * t / place, 0, h)
    return 1 - math.exp(-h) - older, older
