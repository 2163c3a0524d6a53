"""How strongly hooks act, and when: keyframes over the schedule. Plain numbers, no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from ..types.hooks import Hook, Hooks, Keyframe

Interpolation = Literal["linear", "ease_in", "ease_out", "ease_in_out"]

State: TypeAlias = tuple[tuple[Hook, float], ...]
"""Hooks with their strength for the denoising network, those of strength 0 left out."""


class Walk:
    """Which keyframe acts, from evaluation to evaluation of a run.

    The first one acts from the start of the run on, wherever it begins. As in ComfyUI a keyframe
    that is due waits until the one before has acted for its number of evaluations; those that began
    before the run owe none.

    Args:
        frames: In their order.
        at: Fraction of the model's schedule -> sigma.
    """

    def __init__(self, frames: Sequence[Keyframe], at: Callable[[float], float]) -> None:
        self._frames = frames
        self._starts = [at(frame.start) for frame in frames]
        self._now = self._acted = 0
        self._sigma: float | None = None
        self._first = math.inf

    def strength(self, sigma: float) -> float:
        """The factor at a noise level; to be asked with falling ones."""
        if not self._frames:
            return 1.0
        if sigma != self._sigma:
            if self._sigma is None:
                self._first = sigma
            if self._acted >= self._owed(self._now):
                self._advance(sigma)
            self._acted += 1
            self._sigma = sigma
        return self._frames[self._now].strength

    def _owed(self, number: int) -> int:
        return 0 if self._starts[number] > self._first else self._frames[number].steps

    def _advance(self, sigma: float) -> None:
        for number in range(self._now + 1, len(self._frames)):
            if self._starts[number] < sigma:
                return
            self._now, self._acted = number, 0
            if self._owed(number) > 0:
                return


def interpolated(
    count: int, first: float, last: float, how: Interpolation = "linear"
) -> tuple[float, ...]:
    """So many numbers from one to another; how they are spaced is a square or a cosine."""
    shapes: dict[str, Callable[[float], float]] = {
        "linear": lambda t: t,
        "ease_in": lambda t: t**2,
        "ease_out": lambda t: 1 - (1 - t) ** 2,
        "ease_in_out": lambda t: (1 - math.cos(t * math.pi)) / 2,
    }
    parts = [k / (count - 1) for k in range(count)] if count > 1 else [0.0]
    return tuple(first + (last - first) * shapes[how](part) for part in parts)


def keyframes_over(strengths: Sequence[float], start: float, end: float) -> tuple[Keyframe, ...]:
    """Keyframes evenly from start to end; only the first acts for at least one evaluation."""
    places = interpolated(len(strengths), start, end)
    return tuple(
        Keyframe(place, float(strength), steps=int(number == 0))
        for number, (place, strength) in enumerate(zip(places, strengths, strict=True))
    )


def clip_parts(hooks: Hooks) -> list[tuple[float, float, tuple[tuple[Hook, float], ...]]]:
    """Parts of the schedule with the strength that each hook has for text encoders there.

    Returns:
        (start, end, strengths) from 0 to 1 without gaps; strengths of 0 stay in.
    """
    starts = sorted({0.0, *(frame.start for hook in hooks.hooks for frame in hook.frames)} - {1.0})
    found: list[tuple[float, float, tuple[tuple[Hook, float], ...]]] = []
    for start, end in zip(starts, [*starts[1:], 1.0], strict=True):
        strengths = tuple(
            (hook, hook.strength_clip * _frame_at(hook, start)) for hook in hooks.hooks
        )
        if found and found[-1][2] == strengths:
            found[-1] = (found[-1][0], end, strengths)
        else:
            found.append((start, end, strengths))
    return found


def _frame_at(hook: Hook, start: float) -> float:
    """The factor of the last keyframe that has begun; before all, that of the first."""
    begun = [frame for frame in hook.frames if frame.start <= start] or list(hook.frames[:1])
    return begun[-1].strength if begun else 1.0
