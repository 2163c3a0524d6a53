"""Hooks: weight patches that act on single prompts, and in parts of the schedule."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from ...diffusion.patches.hooks import Interpolation
from ...diffusion.types import Clip
from ...diffusion.types.hooks import HookKeyframes, Hooks
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import ModelFile, Range
from ..models.model_files import model_path
from ..text.conditioning import Fraction

CATEGORY = "adapter/hooks"
KEYFRAMES = "adapter/hooks/keyframes"
Strength = Annotated[float, Range(-20, 20, step=0.01)]
Factor = Annotated[float, Range(0, 10, step=0.001)]


class Keyframes(NamedTuple):
    """Strengths of hooks over the schedule."""

    HOOK_KF: HookKeyframes


@node("CreateHookLora", category=CATEGORY, effects=["reads"], lane="io", version=2)
def create_hook_lora(
    run: Run,
    prev_hooks: Hooks | None = None,
    *,
    lora_name: Annotated[str, ModelFile("loras")],
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
) -> Hooks:
    """Load a LoRA that acts on some prompts only.

    Use it to give one region of the image, or one part of the schedule, its own style. SetClipHooks
    or ConditioningSetProperties attach the LoRA to a prompt; it acts on no other.

    Args:
        prev_hooks: Hooks that this one is added to; empty starts a new group.
        lora_name: The LoRA file. LoadLoRA lists the formats.
        strength_model: Strength on the denoising network. 1 is as trained, 0 is off.
        strength_clip: Strength on the text encoders. It needs SetClipHooks. 1 is as trained, 0 is
            off.

    Returns:
        The hooks with this one added; unchanged if both strengths are 0.

    Raises:
        DiffusionError: The file is no LoRA. Whether it fits the model is checked when it is used.
    """
    from ...diffusion.patches.lora.file import load_lora
    from ...diffusion.types.hooks import Hook, LoraChange

    hooks = prev_hooks or Hooks()
    lora = load_lora(model_path(run, "loras", lora_name))
    if strength_model == strength_clip == 0.0:
        return hooks
    change = LoraChange(str(lora.path), lora.content_digest)
    return hooks.chained(Hook(change, strength_model, strength_clip))


@node("CreateHookLoraModelOnly", category=CATEGORY, effects=["reads"], lane="io", version=2)
def create_hook_lora_model_only(
    run: Run,
    prev_hooks: Hooks | None = None,
    *,
    lora_name: Annotated[str, ModelFile("loras")],
    strength_model: Strength = 1.0,
) -> Hooks:
    """Load a LoRA that acts on some prompts only, and not on the text encoders.

    Args:
        prev_hooks: Hooks that this one is added to; empty starts a new group.
        lora_name: The LoRA file. LoadLoRA lists the formats.
        strength_model: Strength on the denoising network. 1 is as trained, 0 is off.

    Returns:
        The hooks with this one added.

    Raises:
        DiffusionError: The file is no LoRA.
    """
    return create_hook_lora(
        run,
        prev_hooks,
        lora_name=lora_name,
        strength_model=strength_model,
        strength_clip=0.0,
    )


@node("CreateHookModelAsLora", category=CATEGORY, effects=["reads"], lane="io")
def create_hook_model_as_lora(
    run: Run,
    prev_hooks: Hooks | None = None,
    *,
    ckpt_name: Annotated[str, ModelFile("checkpoints")],
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
) -> Hooks:
    """Use another checkpoint's weights for some prompts only.

    Args:
        prev_hooks: Hooks that this one is added to; empty starts a new group.
        ckpt_name: A checkpoint of the same family as the sampled model.
        strength_model: Blend from the model's weights to those of this checkpoint: 0 is the model,
            1 is this checkpoint.
        strength_clip: The same blend for the text encoders. It needs SetClipHooks.

    Returns:
        The hooks with this one added; unchanged if both strengths are 0.

    Raises:
        ModelError: The file is no checkpoint. Whether it fits the model is checked when it is used.
    """
    from ...diffusion import load_checkpoint
    from ...diffusion.types.hooks import Hook, ModelChange

    hooks = prev_hooks or Hooks()
    model, clip, _ = load_checkpoint(model_path(run, "checkpoints", ckpt_name))
    if strength_model == strength_clip == 0.0:
        return hooks
    return hooks.chained(Hook(ModelChange(model, clip), strength_model, strength_clip))


@node("CreateHookModelAsLoraModelOnly", category=CATEGORY, effects=["reads"], lane="io")
def create_hook_model_as_lora_model_only(
    run: Run,
    prev_hooks: Hooks | None = None,
    *,
    ckpt_name: Annotated[str, ModelFile("checkpoints")],
    strength_model: Strength = 1.0,
) -> Hooks:
    """Use another checkpoint's denoising network for some prompts only.

    Args:
        prev_hooks: Hooks that this one is added to; empty starts a new group.
        ckpt_name: A checkpoint of the same family as the sampled model.
        strength_model: Blend from the model's weights to those of this checkpoint: 0 is the model,
            1 is this checkpoint.

    Returns:
        The hooks with this one added.

    Raises:
        ModelError: The file is no checkpoint.
    """
    return create_hook_model_as_lora(
        run, prev_hooks, ckpt_name=ckpt_name, strength_model=strength_model, strength_clip=0.0
    )


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
    from ...diffusion.types.hooks import Keyframe

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
    from ...diffusion.patches.hooks import interpolated

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

    from ...diffusion.types.hooks import ClipHooks

    if hooks is None:
        return clip
    return replace(clip, hooks=ClipHooks(hooks, apply_to_conds, schedule_clip))


def _combined(*several: Hooks | None) -> Hooks:
    found = Hooks()
    for hooks in several:
        found = found.combined(hooks)
    return found


def _keyframes(
    run: Run,
    before: HookKeyframes | None,
    strengths: tuple[float, ...] | list[float],
    start: float,
    end: float,
    report: bool,
) -> Keyframes:
    from ...diffusion.patches.hooks import keyframes_over

    more = keyframes_over(strengths, start, end)
    if report:
        words = ", ".join(f"{frame.start:.3f}: {frame.strength:.3f}" for frame in more)
        run.progress(1, 1, words)
    return Keyframes((before or HookKeyframes()).plus(*more))
