"""AnimateDiff: motion modules, LoRAs for them, and UNets that hold them."""

from __future__ import annotations

import re

from ..formats.lora_family import is_lora
from .identity import Identity
from .kind import NetworkKind
from .names import CONTROL_MARKS, Names


def _motion(names: Names) -> Identity | None:
    attentions = names.hold(".temporal_attentions.")
    if not (names.hold("motion_modules.") or attentions) or names.hold(*CONTROL_MARKS):
        return None
    if names.has("conv_in.weight", "conv_out.weight", "time_embedding.linear_1.weight"):
        return Identity("motion_unet", names.text(".attn2.to_k.weight"))
    levels = re.compile(r"(?:^|\.)down_blocks\.(\d+)\.")
    deepest = max((int(m[1]) for name in names.shapes if (m := levels.search(name))), default=-1)
    family = {3: "sd1", 2: "sdxl"}.get(deepest, "unknown")
    return Identity("motion_lora" if is_lora(names.shapes) else "motion_module", family)


MODULE = NetworkKind(
    "motion_module", "an AnimateDiff motion module", recognise=_motion, usable=False
)
LORA = NetworkKind("motion_lora", "a LoRA for AnimateDiff motion modules", usable=False)
UNET = NetworkKind(
    "motion_unet", "a denoising network with motion modules (AnimateDiff)", usable=False
)
KINDS = (MODULE, LORA, UNET)
"""One rule tells all three."""
