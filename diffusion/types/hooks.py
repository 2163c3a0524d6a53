"""Weight patches that belong to a prompt: which, how strongly, and when.

A hook is a description in a conditioning. The rows of a network call that carry the same hooks run
together, on weights derived from the model's own; the model itself is never changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, TypeAlias

if TYPE_CHECKING:
    from .encoders import Clip
    from .models import Model


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
    """The effect of hooks on text encoders.

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
