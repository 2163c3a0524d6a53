"""Hooks: LoRAs that act for single prompts, and in parts of the schedule."""

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
    """Strengths over the schedule."""

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
    """A LoRA for some prompts only.

    It acts for the prompts that carry it (SetClipHooks, ConditioningSetProperties) and for no
    others: a style in one half of the picture, or in one part of the schedule.

    Args:
        prev_hooks: Hooks to add it to.
        lora_name: As in LoadLoRA.
        strength_model: Factor for the denoising network; 1 as trained.
        strength_clip: Factor for the text encoders, where SetClipHooks puts it on them.

    Returns:
        The hooks with this one; as they were if both strengths are 0.

    Raises:
        DiffusionError: The file is no LoRA. Whether it fits is seen when it is used.
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
    """A LoRA for some prompts only, without its part for text encoders.

    Args:
        prev_hooks: Hooks to add it to.
        lora_name: As in LoadLoRA.
        strength_model: Factor for the denoising network; 1 as trained.

    Returns:
        The hooks with this one.

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
    """Another checkpoint's weights for some prompts only.

    Args:
        prev_hooks: Hooks to add it to.
        ckpt_name: A checkpoint of the same family as the model that is sampled.
        strength_model: How far to go from the model's weights to these; 1 = all the way.
        strength_clip: The same for the text encoders, where SetClipHooks puts it on them.

    Returns:
        The hooks with this one; as they were if both strengths are 0.

    Raises:
        ModelError: The file is no checkpoint. Whether it fits is seen when it is used.
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
    """Another checkpoint's denoising network for some prompts only.

    Args:
        prev_hooks: Hooks to add it to.
        ckpt_name: A checkpoint of the same family as the model that is sampled.
        strength_model: How far to go from the model's weights to these; 1 = all the way.

    Returns:
        The hooks with this one.

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
    """A strength for hooks from a part of the schedule on.

    Args:
        prev_hook_kf: Keyframes to add it to.
        strength_mult: Factor on the strength of a hook; 0 = it does not act.
        start_percent: From where on, as a fraction of the schedule. The first keyframe acts from
            the start, wherever it begins. Each acts for one evaluation at least.

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
    """Strengths for hooks that rise or fall over a part of the schedule.

    Every change of strength computes the touched weights anew.

    Args:
        prev_hook_kf: Keyframes to add them to.
        strength_start: Factor at the start.
        strength_end: Factor at the end.
        interpolation: Evenly, slowly at first, slowly at last, or both.
        start_percent: Where the first keyframe begins, as a fraction of the schedule.
        end_percent: Where the last begins.
        keyframes_count: How many there are.
        print_keyframes: Whether to report them.

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
    """Strengths for hooks from a list of numbers.

    Args:
        floats_strength: Factors on the strength of a hook, from the first keyframe to the last.
        prev_hook_kf: Keyframes to add them to.
        start_percent: Where the first keyframe begins, as a fraction of the schedule.
        end_percent: Where the last begins; the others lie evenly between.
        print_keyframes: Whether to report them.

    Returns:
        The keyframes.
    """
    return _keyframes(
        run, prev_hook_kf, floats_strength, start_percent, end_percent, print_keyframes
    )


@node("SetHookKeyframes", category=KEYFRAMES, lane="inline")
def set_hook_keyframes(hooks: Hooks, hook_kf: HookKeyframes | None = None) -> Hooks:
    """Let hooks act with strengths that change over the schedule.

    Args:
        hooks: The hooks; the keyframes they have are replaced.
        hook_kf: When and how strongly; None leaves them as they are.

    Returns:
        The hooks with these keyframes.
    """
    return hooks if hook_kf is None else hooks.scheduled(hook_kf)


@node("CombineHooks2", category=CATEGORY, aliases=["CombineHooks"], lane="inline")
def combine_hooks_2(hooks_A: Hooks | None = None, hooks_B: Hooks | None = None) -> Hooks:
    """Let hooks act together; what several hold acts once.

    Args:
        hooks_A: Some hooks.
        hooks_B: Others.

    Returns:
        All of them.
    """
    return _combined(hooks_A, hooks_B)


@node("CombineHooks4", category=CATEGORY, lane="inline")
def combine_hooks_4(
    hooks_A: Hooks | None = None,
    hooks_B: Hooks | None = None,
    hooks_C: Hooks | None = None,
    hooks_D: Hooks | None = None,
) -> Hooks:
    """Let hooks act together; what several hold acts once.

    Args:
        hooks_A: Some hooks.
        hooks_B: Others.
        hooks_C: Others.
        hooks_D: Others.

    Returns:
        All of them.
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
    """Let hooks act together; what several hold acts once.

    Args:
        hooks_A: Some hooks.
        hooks_B: Others.
        hooks_C: Others.
        hooks_D: Others.
        hooks_E: Others.
        hooks_F: Others.
        hooks_G: Others.
        hooks_H: Others.

    Returns:
        All of them.
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
    """Put hooks on text encoders: prompts are encoded with them, and carry them into sampling.

    Args:
        clip: The text encoders; hooks they have are replaced.
        hooks: The hooks; None leaves the encoders as they are.
        apply_to_conds: Whether prompts carry the hooks into sampling.
        schedule_clip: Whether a prompt is encoded anew for every part of the schedule in which
            keyframes give the text encoders another strength; else the first keyframe counts.

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
