"""The family that a LoRA was made for, by its tensors. No torch."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TEXT_WIDTHS: Mapping[int, str] = {768: "sd1", 1024: "sd2", 2048: "sdxl", 1280: "sdxl_refiner"}
_SUFFIXES = (
    "lora_up.weight",
    "lora_B.weight",
    "lora.up.weight",
    "lora_B.default.weight",
    "lora_linear_layer.up.weight",
    "_lora1.up.weight",
    "_lora2.up.weight",
    ".hada_w1_a",
    ".lokr_w1",
    ".lokr_w1_a",
    ".lokr_w2",
    ".diff",
    ".diff_b",
    ".oft_blocks",
    ".on_input",
)


def is_lora(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether tensors of these names are differences to a network."""
    glora = (".a1.weight", ".b1.weight")
    return any(name.endswith(_SUFFIXES) for name in shapes) or all(
        any(name.endswith(half) for name in shapes) for half in glora
    )


def lora_family(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """ "sd1", "sd2", "sdxl", "sd3", "flux", "pixart" or "unknown"."""
    plain = [name.replace(".", "_") for name in shapes]
    if any("single_transformer_blocks" in n or "double_blocks" in n for n in plain):
        return "flux"
    if any("joint_blocks" in n or "attn_add_q_proj" in n for n in plain):
        return "sd3"
    if any(n.startswith(("lora_te2_", "text_encoder_2_")) for n in plain):
        return "sdxl"
    for name, shape in shapes.items():
        # The width of the prompt is what a cross-attention's key takes in.
        if re.search(r"attn2[._](processor\.)?to_[kv]", name) and len(shape) >= 2:
            down = name.endswith(("down.weight", "lora_A.weight", "hada_w1_b", ".diff"))
            if down and shape[1] in _TEXT_WIDTHS:
                return _TEXT_WIDTHS[shape[1]]
    texts = [n for n in shapes if re.match(r"lora_te_|text_encoder[._]", n)]
    for name in texts:
        # So is the width that the text encoder works in, where nothing else is told.
        if re.search(r"q_proj.*(down\.weight|lora_A\.weight|hada_w1_b)\Z", name):
            return _TEXT_WIDTHS.get(shapes[name][1], "sd1")
    return "sd1" if texts else "unknown"
