"""Hooks: weight patches that act on single prompts, and in parts of the schedule."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types.hooks import Hooks
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import ModelFile, Range

from ..models.model_files import model_path

CATEGORY = "adapter/hooks"
Strength = Annotated[float, Range(-20, 20, step=0.01)]


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
    from weft.diffusion.patches.lora.file import load_lora
    from weft.diffusion.types.hooks import Hook, LoraChange

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
    from weft.diffusion import load_checkpoint
    from weft.diffusion.types.hooks import Hook, ModelChange

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
