"""Marks by which the kinds of adapter files are told from each other. No torch.

Each rule is strict: it names what its files have and what files of other kinds do not have, so that
no file is claimed by two of them. `claims` gives all rules that claim a file; the tests hold every
known layout to exactly one.

Source: tensor names and shapes of the published files; facts only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..formats.lora_family import is_lora, lora_family
from .identity import Identity

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]

_WRAPPINGS = ("module.", "adapter.", "model.")
"""What trainers put in front of every name of a file."""
_TEXT = {768: "sd1", 1024: "sd2", 2048: "sdxl"}
"""Width of the text that a network reads -> its family."""
_CONTROL = ("controlnet_cond_embedding.", "controlnet_down_blocks.", "zero_convs.")
_FACE, _VIT_H, _CLIP_336 = 512, 1280, 1024
"""Widths of what IP-Adapters read: a face's embedding, tokens of ViT-H and of CLIP-L at 336 px."""
_KOLORS = (2048, 4096)
"""Widths inside of Kolors' resamplers."""
_OLD_LORA = re.compile(r"(unet|text_encoder):\d+:(up|down)\Z")


@dataclass(frozen=True, slots=True)
class Names:
    """Questions about the tensors of a file."""

    shapes: Shapes

    def has(self, *names: str) -> bool:
        return all(name in self.shapes for name in names)

    def start(self, *prefixes: str) -> bool:
        return any(name.startswith(prefixes) for name in self.shapes)

    def hold(self, *parts: str) -> bool:
        return any(part in name for name in self.shapes for part in parts)

    def end(self, *suffixes: str) -> bool:
        return any(name.endswith(suffixes) for name in self.shapes)

    def size(self, name: str, axis: int) -> int:
        """One side of a tensor; 0 if there is none."""
        shape = self.shapes.get(name, ())
        return shape[axis] if -len(shape) <= axis < len(shape) else 0

    def text(self, *suffixes: str) -> str:
        """The family whose text the first tensor of such a name reads; "unknown" if none does."""
        for name, shape in self.shapes.items():
            if name.endswith(suffixes) and len(shape) == 2:
                return _TEXT.get(shape[1], "unknown")
        return "unknown"


Rule: TypeAlias = Callable[[Names], Identity | None]


def claims(shapes: Shapes) -> list[Identity]:
    """Every adapter kind that claims the tensors of a file; [] for files of other kinds."""
    names = Names(_unwrapped(shapes))
    return [found for rule in RULES if (found := rule(names)) is not None]


def _unwrapped(shapes: Shapes) -> Shapes:
    for wrapping in _WRAPPINGS:
        if shapes and all(name.startswith(wrapping) for name in shapes):
            return {name.removeprefix(wrapping): shape for name, shape in shapes.items()}
    return shapes


# --- ControlNets and what resembles them ---


def _controlnet_xs(names: Names) -> Identity | None:
    ours = names.has("control_to_base_for_conv_in.weight") or names.start(
        "up_connections.", "enc_zero_convs_out.", "control_model.enc_zero_convs_out."
    )
    if not ours:
        return None
    return Identity("controlnet_xs", names.text(".attn2.to_k.weight"))


def _sparse_ctrl(names: Names) -> Identity | None:
    if not names.hold("motion_modules.") or not names.hold(*_CONTROL):
        return None
    rgb = names.end("controlnet_cond_embedding.weight")
    return Identity("sparse_ctrl", "sd1", variant="rgb" if rgb else "scribble")


def _controlnext(names: Names) -> Identity | None:
    ours = names.has("embedding.0.weight", "down_res.0.conv1.weight")
    return Identity("controlnext", "unknown") if ours and names.start("mid_convs.") else None


def _lllite(names: Names) -> Identity | None:
    if names.start("lllite_dit_"):
        return Identity("lllite", "unknown")
    if not names.start("lllite_unet_"):
        return None
    # SDXL has no attention in its first three blocks.
    first = names.start("lllite_unet_input_blocks_1_1_", "lllite_unet_input_blocks_2_1_")
    return Identity("lllite", "sd1" if first else "sdxl")


def _anytext(names: Names) -> Identity | None:
    ours = names.hold("glyph_block.") and names.hold("position_block.")
    return Identity("anytext", "sd1") if ours else None


def _ctrlora(names: Names) -> Identity | None:
    ours = names.hold(".lora_layer.") and names.hold(*_CONTROL, "input_hint_block.")
    return Identity("ctrlora", names.text(".attn2.to_k.weight")) if ours else None


def _t2i_style(names: Names) -> Identity | None:
    ours = names.has("style_embedding", "proj") and names.start("transformer_layes.")
    return Identity("t2i_style", "sd1") if ours else None


def _coadapter(names: Names) -> Identity | None:
    ours = names.start("spatial_feat_mapping.") and names.start("transformer_layes.")
    return Identity("coadapter_fuser", "sd1") if ours else None


# --- motion ---


def _motion(names: Names) -> Identity | None:
    attentions = names.hold(".temporal_attentions.")
    if not (names.hold("motion_modules.") or attentions) or names.hold(*_CONTROL):
        return None
    if names.has("conv_in.weight", "conv_out.weight", "time_embedding.linear_1.weight"):
        return Identity("motion_unet", names.text(".attn2.to_k.weight"))
    levels = re.compile(r"(?:^|\.)down_blocks\.(\d+)\.")
    deepest = max((int(m[1]) for name in names.shapes if (m := levels.search(name))), default=-1)
    family = {3: "sd1", 2: "sdxl"}.get(deepest, "unknown")
    return Identity("motion_lora" if is_lora(names.shapes) else "motion_module", family)


# --- what reads a picture or a face ---


def _ip_adapter(names: Names) -> Identity | None:
    if not names.start("image_proj.") or not names.start("ip_adapter."):
        return None
    family = names.text(".to_k_ip.weight")
    if names.end(".norm_ip.linear.weight"):
        return Identity("ip_adapter_instantx", "sd3")
    if names.size("ip_adapter.0.to_k_ip.weight", 1) == 4096:
        return Identity("ip_adapter_instantx", "flux")
    if names.start("image_proj.perceiver_resampler."):
        inner = names.size("image_proj.perceiver_resampler.layers.0.0.to_out.weight", 0)
        if inner in _KOLORS[1:]:
            return Identity("ip_adapter_faceid", "kolors")
        return Identity("ip_adapter_faceid_plus", family)
    if names.end("_lora.down.weight"):
        return Identity("ip_adapter_faceid", family)
    if names.has("image_proj.latents"):
        return Identity(*_resampled(names, family))
    if names.has("image_proj.proj.2.weight"):
        if names.size("image_proj.proj.0.weight", 1) == _FACE:
            return Identity("ip_adapter_portrait", family)
        return Identity("ip_adapter_full_face", family)
    if len(names.shapes.get("image_proj.proj.weight", ())) == 2:
        # SD1.x is also what networks of its layout and another width are made as.
        deep = names.start("ip_adapter.101.")
        told = family if family != "unknown" else "sdxl" if deep else "sd1"
        return Identity("ip_adapter", told)
    return Identity("ip_adapter_other", family)


def _resampled(names: Names, family: str) -> tuple[str, str]:
    reads = names.size("image_proj.proj_in.weight", 1)
    inner = names.size("image_proj.layers.0.0.to_out.weight", 0)
    if reads == _CLIP_336 and _KOLORS[0] in (names.size("image_proj.latents", 2), inner):
        return "ip_adapter_plus", "kolors"
    if reads == _FACE:
        return "instantid", family
    return ("ip_adapter_plus" if reads == _VIT_H else "ip_adapter_other"), family


def _xlabs(names: Names) -> Identity | None:
    ours = names.has("ip_adapter_proj_model.proj.weight")
    return Identity("ip_adapter_xlabs", "flux") if ours else None


def _pulid(names: Names) -> Identity | None:
    if not names.start("id_adapter.", "pulid_encoder.", "pulid_ca."):
        return None
    return Identity("pulid", "flux" if names.start("pulid_ca.") else "sdxl")


def _photomaker(names: Names) -> Identity | None:
    return Identity("photomaker", "sdxl") if names.start("id_encoder.") else None


# --- LoRAs ---


def _lora(names: Names) -> Identity | None:
    others = ("image_proj.", "ip_adapter.", "id_encoder.", "lora_weights.")
    if not is_lora(names.shapes) or names.start(*others):
        return None
    if names.hold("motion_modules.", ".temporal_attentions.", ".lora_layer."):
        return None
    return Identity("lora", lora_family(names.shapes))


def _numbered_lora(names: Names) -> Identity | None:
    ours = any(_OLD_LORA.match(name) for name in names.shapes)
    return Identity("numbered_lora", "unknown") if ours else None


RULES: tuple[Rule, ...] = (
    _controlnet_xs,
    _sparse_ctrl,
    _controlnext,
    _lllite,
    _anytext,
    _ctrlora,
    _t2i_style,
    _coadapter,
    _motion,
    _ip_adapter,
    _xlabs,
    _pulid,
    _photomaker,
    _lora,
    _numbered_lora,
)
