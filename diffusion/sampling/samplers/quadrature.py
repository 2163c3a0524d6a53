"""Integrals of Lagrange polynomials: the weights of earlier evaluations in multistep samplers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

NODES = 32
"""Enough for smooth kernels over a step; exact for polynomials of degree up to 63."""


def lagrange_integrals(
    points: Sequence[float],
    start: float,
    end: float,
    kernel: Callable[[Values], Values] | None = None,
) -> list[float]:
    """For every point the integral from start to end of its Lagrange polynomial times a kernel.

    Args:
        points: Distinct places.
        start, end: Bounds.
        kernel: Function of an array of places; None = 1, so that the integrals add up to the way.
    """
    import numpy as np

    nodes, shares = _gauss(NODES)
    half = (end - start) / 2
    t = start + half * (nodes + 1)
    weight = shares * half if kernel is None else shares * half * kernel(t)
    found = []
    for k, here in enumerate(points):
        basis = np.ones_like(t)
        for j, other in enumerate(points):
            if j != k:
                basis = basis * ((t - other) / (here - other))
        found.append(float(basis @ weight))
    return found


@cache
def _gauss(count: int) -> tuple[Any, Any]:
    import numpy as np

    return np.polynomial.legendre.leggauss(count)
