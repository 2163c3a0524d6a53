"""Operations on given sigmas. Plain numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

SPACINGS: Mapping[str, Callable[[float], float]] = {
    "linear": lambda part: part,
    "cosine": lambda part: math.sin(part * math.pi / 2),
    "sine": lambda part: 1 - math.cos(part * math.pi / 2),
}
"""How far along a step a part of its number lies."""


def extended(
    sigmas: Sequence[float], steps: int, high: float, low: float, spacing: str
) -> list[float]:
    """Levels whose steps that begin between low and high are divided.

    Args:
        sigmas: The levels.
        steps: How many steps each becomes, 1 or more.
        high, low: Bounds of where such a step begins.
        spacing: A key of `SPACINGS`.
    """
    place = SPACINGS[spacing]
    found: list[float] = []
    for sigma, following in pairwise(sigmas):
        found.append(sigma)
        if low <= sigma <= high:
            found += [sigma + place(k / steps) * (following - sigma) for k in range(1, steps)]
    return [*found, *sigmas[-1:]]
