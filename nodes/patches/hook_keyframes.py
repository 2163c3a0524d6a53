"""Keyframes: the strength of hooks over the course of sampling."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from weft.diffusion.patches.hooks import Interpolation
from weft.diffusion.types.hooks import HookKeyframes, Hooks
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

from ..text.conditioning import Fraction
from .hooks import Strength

KEYFRAMES = "adapter/hooks/keyframes"
Factor = Annotated[float, Range(0, 10, step=0.001)]


class Keyframes(NamedTuple):
    """Strengths of hooks over the schedule."""

    HOOK_KF: HookKeyframes


@node("CreateHookKeyframe", category=KEYFRAMES, lane="inline")
def create_hook_keyframe(
    prev_hook_kf: HookKeyframes | None = None,
    *,
    strength_mult: Strength = 1.0,
    start_percent: Fraction = 0.0,
) -> Keyframes:
    """Set the strength of hooks from one point of the schedule on.

    Args:
        prev_hook_kf: Keyframes that this one is added to; empty starts a new list.
        strength_mult: Factor on a hook's strength. 1 leaves it unchanged, 0 switches the hook off.
        start_percent: Where the keyframe begins, as a fraction of the schedule: 0 is the start. The
            first keyframe always acts from the start. Each acts for at least one evaluation of the
            model.

    Returns:
        The keyframes.
    """
    from weft.diffusion.types.hooks import Keyframe

    frames = prev_hook_kf or HookKeyframes()
    return Keyframes(frames.plus(Keyframe(start_percent, strength_mult)))


@node("CreateHookKeyframesInterpolated", category=KEYFRAMES, lane="inline")
def create_hook_keyframes_interpolated(
    run: Run,
    prev_hook_kf: HookKeyframes | None = None,
    *,
    strength_start: Factor = 1.0,
    strength_end: Factor = 1.0,
    interpolation: Interpolation = "linear",
    start_percent: Fraction = 0.0,
    end_percent: Fraction = 1.0,
    keyframes_count: Annotated[int, Range(2, 100)] = 5,
    print_keyframes: bool = False,
) -> Keyframes:
    """Raise or lower the strength of hooks over a part of the schedule.

    Each change of strength patches the affected weights again, which takes time.

    Args:
        prev_hook_kf: Keyframes that these are added to; empty starts a new list.
        strength_start: Factor on a hook's strength at the first keyframe.
        strength_end: Factor on a hook's strength at the last keyframe.
        interpolation: The curve between start and end: `linear` is even, `ease_in` starts slowly,
            `ease_out` ends slowly, `ease_in_out` does both.
        start_percent: Where the first keyframe begins, as a fraction of the schedule.
        end_percent: Where the last keyframe begins, as a fraction of the schedule.
        keyframes_count: Number of keyframes.
        print_keyframes: Whether to show the keyframes on the node.

    Returns:
        The keyframes.
    """
    from weft.diffusion.patches.hooks import interpolated

    strengths = interpolated(keyframes_count, strength_start, strength_end, interpolation)
    return _keyframes(run, prev_hook_kf, strengths, start_percent, end_percent, print_keyframes)


@node("CreateHookKeyframesFromFloats", category=KEYFRAMES, lane="inline")
def create_hook_keyframes_from_floats(
    run: Run,
    floats_strength: list[float],
    prev_hook_kf: HookKeyframes | None = None,
    *,
    start_percent: Fraction = 0.0,
    end_percent: Fraction = 1.0,
    print_keyframes: bool = False,
) -> Keyframes:
    """Set the strength of hooks over the schedule from a list of numbers.

    Args:
        floats_strength: Factors on a hook's strength, from the first keyframe to the last.
        prev_hook_kf: Keyframes that these are added to; empty starts a new list.
        start_percent: Where the first keyframe begins, as a fraction of the schedule.
        end_percent: Where the last keyframe begins; the others are spaced evenly between.
        print_keyframes: Whether to show the keyframes on the node.

    Returns:
        The keyframes.
    """
    return _keyframes(
        run, prev_hook_kf, floats_strength, start_percent, end_percent, print_keyframes
    )


@node("SetHookKeyframes", category=KEYFRAMES, lane="inline")
def set_hook_keyframes(hooks: Hooks, hook_kf: HookKeyframes | None = None) -> Hooks:
    """Change the strength of hooks over the schedule.

    Args:
        hooks: The hooks. Keyframes that they already have are replaced.
        hook_kf: The keyframes. Empty leaves the hooks unchanged.

    Returns:
        The hooks with these keyframes.
    """
    return hooks if hook_kf is None else hooks.scheduled(hook_kf)


def _keyframes(
    run: Run,
    before: HookKeyframes | None,
    strengths: tuple[float, ...] | list[float],
    start: float,
    end: float,
    report: bool,
) -> Keyframes:
    from weft.diffusion.patches.hooks import keyframes_over

    more = keyframes_over(strengths, start, end)
    if report:
        words = ", ".join(f"{frame.start:.3f}: {frame.strength:.3f}" for frame in more)
        run.progress(1, 1, words)
    return Keyframes((before or HookKeyframes()).plus(*more))
