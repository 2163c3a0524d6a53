"""AnimateDiff: motion modules, LoRAs for them, and UNets that hold them."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import CONTROL_MARKS, Names

_UNET_MARKS = ("conv_in.weight", "conv_out.weight", "time_embedding.linear_1.weight")


def _module(names: Names) -> Identity | None:
    names = names.bare
    if not _is_motion(names) or names.has(*_UNET_MARKS) or names.has_lora:
        return None
    return Identity("motion_module", _family(names))


def _lora(names: Names) -> Identity | None:
    names = names.bare
    if not _is_motion(names) or names.has(*_UNET_MARKS) or not names.has_lora:
        return None
    return Identity("motion_lora", _family(names))


def _unet(names: Names) -> Identity | None:
    names = names.bare
    if not _is_motion(names) or not names.has(*_UNET_MARKS):
        return None
    return Identity("motion_unet", names.text(".attn2.to_k.weight"))


def _is_motion(names: Names) -> bool:
    return names.has_motion and not names.hold(*CONTROL_MARKS)


def _family(names: Names) -> str:
    """The family of the UNet that motion modules are for, by its number of levels."""
    deepest = names.deepest(r"(?:^|\.)down_blocks\.(\d+)\.")
    return {3: "sd1", 2: "sdxl"}.get(deepest, "unknown")


MODULE = NetworkKind(
    "motion_module", "an AnimateDiff motion module", recognise=_module, usable=False
)
LORA = NetworkKind(
    "motion_lora", "a LoRA for AnimateDiff motion modules", recognise=_lora, usable=False
)
UNET = NetworkKind(
    "motion_unet",
    "a denoising network with motion modules (AnimateDiff)",
    recognise=_unet,
    usable=False,
)
KINDS = (MODULE, LORA, UNET)
