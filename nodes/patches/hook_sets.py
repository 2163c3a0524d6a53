"""Hooks combined, and hooks set on a text encoder."""

from __future__ import annotations

from weft.diffusion.types import Clip
from weft.diffusion.types.hooks import Hooks
from weft.engine.declaration.node import node

from .hooks import CATEGORY


@node("CombineHooks2", category=CATEGORY, aliases=["CombineHooks"], lane="inline")
def combine_hooks_2(hooks_A: Hooks | None = None, hooks_B: Hooks | None = None) -> Hooks:
    """Combine several groups of hooks; a hook that is in several groups acts once.

    Args:
        hooks_A: A group of hooks.
        hooks_B: Another group of hooks.

    Returns:
        One group with all hooks.
    """
    return _combined(hooks_A, hooks_B)


@node("CombineHooks4", category=CATEGORY, lane="inline")
def combine_hooks_4(
    hooks_A: Hooks | None = None,
    hooks_B: Hooks | None = None,
    hooks_C: Hooks | None = None,
    hooks_D: Hooks | None = None,
) -> Hooks:
    """Combine several groups of hooks; a hook that is in several groups acts once.

    Args:
        hooks_A: A group of hooks.
        hooks_B: Another group of hooks.
        hooks_C: Another group of hooks.
        hooks_D: Another group of hooks.

    Returns:
        One group with all hooks.
    """
    return _combined(hooks_A, hooks_B, hooks_C, hooks_D)


@node("CombineHooks8", category=CATEGORY, lane="inline")
def combine_hooks_8(
    hooks_A: Hooks | None = None,
    hooks_B: Hooks | None = None,
    hooks_C: Hooks | None = None,
    hooks_D: Hooks | None = None,
    hooks_E: Hooks | None = None,
    hooks_F: Hooks | None = None,
    hooks_G: Hooks | None = None,
    hooks_H: Hooks | None = None,
) -> Hooks:
    """Combine several groups of hooks; a hook that is in several groups acts once.

    Args:
        hooks_A: A group of hooks.
        hooks_B: Another group of hooks.
        hooks_C: Another group of hooks.
        hooks_D: Another group of hooks.
        hooks_E: Another group of hooks.
        hooks_F: Another group of hooks.
        hooks_G: Another group of hooks.
        hooks_H: Another group of hooks.

    Returns:
        One group with all hooks.
    """
    return _combined(hooks_A, hooks_B, hooks_C, hooks_D, hooks_E, hooks_F, hooks_G, hooks_H)


@node("SetClipHooks", category=CATEGORY, lane="inline")
def set_clip_hooks(
    clip: Clip,
    hooks: Hooks | None = None,
    *,
    apply_to_conds: bool = True,
    schedule_clip: bool = False,
) -> Clip:
    """Attach hooks to text encoders, and to the prompts that they encode.

    Args:
        clip: The text encoders. Hooks that they already have are replaced.
        hooks: The hooks. Empty leaves the text encoders unchanged.
        apply_to_conds: Whether the encoded prompts carry the hooks into sampling.
        schedule_clip: Whether to encode the prompt once for each part of the schedule, where
            keyframes change the strength on the text encoders. If off, the strength of the first
            keyframe is used throughout.

    Returns:
        The text encoders with the hooks.
    """
    from dataclasses import replace

    from weft.diffusion.types.hooks import ClipHooks

    if hooks is None:
        return clip
    return replace(clip, hooks=ClipHooks(hooks, apply_to_conds, schedule_clip))


def _combined(*several: Hooks | None) -> Hooks:
    found = Hooks()
    for hooks in several:
        found = found.combined(hooks)
    return found
