"""Changes of weights that belong to a prompt: what, how strongly, and when. Plain values, no torch.

A hook is a description in a conditioning. The rows of a network call that carry the same hooks run
together, on weights derived from the model's own; the model itself is never changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

if TYPE_CHECKING:
    from ..types import Clip, Model

Interpolation = Literal["linear", "ease_in", "ease_out", "ease_in_out"]


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A strength from a part of the schedule on.

    Attributes:
        start: Fraction of the schedule, 0 to 1.
        strength: Factor on the hook's own strength.
        steps: Evaluations it acts for at least, even if the next one is due; 0 = none.
    """

    start: float = 0.0
    strength: float = 1.0
    steps: int = 1


@dataclass(frozen=True, slots=True)
class HookKeyframes:
    """Keyframes in the order of their starts; those that start together as they were given."""

    __socket__: ClassVar[str] = "HOOK_KEYFRAMES"

    frames: tuple[Keyframe, ...] = ()

    def plus(self, *more: Keyframe) -> HookKeyframes:
        """With more keyframes."""
        return HookKeyframes(tuple(sorted((*self.frames, *more), key=lambda frame: frame.start)))


@dataclass(frozen=True, slots=True)
class LoraChange:
    """A LoRA file, known by its content; opened when it is used."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class ModelChange:
    """The way to another model's weights: strength 1 is that model."""

    model: Model
    clip: Clip | None = None


Change: TypeAlias = LoraChange | ModelChange


@dataclass(frozen=True, slots=True)
class Hook:
    """A change of weights.

    Attributes:
        change: What is changed.
        strength_model: Factor for the denoising network.
        strength_clip: Factor for the text encoders.
        frames: Factors over the schedule; none = 1 throughout.
        copy: Tells apart hooks that are otherwise equal and were chained on purpose.
    """

    change: Change
    strength_model: float = 1.0
    strength_clip: float = 1.0
    frames: tuple[Keyframe, ...] = ()
    copy: int = 0


@dataclass(frozen=True, slots=True)
class Hooks:
    """Changes that act together."""

    __socket__: ClassVar[str] = "HOOKS"

    hooks: tuple[Hook, ...] = ()

    def chained(self, hook: Hook) -> Hooks:
        """With one more, also if it has an equal one already."""
        while hook in self.hooks:
            hook = replace(hook, copy=hook.copy + 1)
        return Hooks((*self.hooks, hook))

    def combined(self, other: Hooks | None) -> Hooks:
        """With others; what both hold acts once."""
        if other is None or not other.hooks:
            return self
        return Hooks(tuple(dict.fromkeys((*self.hooks, *other.hooks))))

    def scheduled(self, keyframes: HookKeyframes) -> Hooks:
        """All with the same keyframes in place of their own."""
        return Hooks(tuple(replace(hook, frames=keyframes.frames) for hook in self.hooks))


@dataclass(frozen=True, slots=True)
class ClipHooks:
    """What hooks do to text encoders.

    Attributes:
        hooks: The hooks.
        mark: Whether prompts that are encoded carry them into sampling.
        scheduled: Whether a prompt is encoded anew for every part of the schedule in which
            strengths differ; else the first keyframe counts.
    """

    hooks: Hooks
    mark: bool = True
    scheduled: bool = False


NO_HOOKS = Hooks()

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
