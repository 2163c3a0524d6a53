"""What a file holds, told from tensor names and shapes alone, never from its name. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KIND_WORDS: Mapping[str, str] = {
    "checkpoint": "a full checkpoint (UNet, VAE and text encoder)",
    "unet": "a denoising network alone",
    "vae": "a VAE",
    "text_encoder": "a text encoder",
    "controlnet": "a ControlNet",
    "ip_adapter": "an IP-Adapter",
    "clip_vision": "a CLIP image encoder",
    "lora": "a LoRA",
    "t2i_adapter": "a T2I-Adapter",
    "embedding": "a textual inversion embedding",
    "upscaler": "an upscaler",
    "unknown": "a network that weft does not know",
}

FAMILY_WORDS: Mapping[str, str] = {
    "sd1": "SD1.x",
    "sd1_inpaint": "SD1.x inpainting",
    "sd2": "SD2.x",
    "sdxl": "SDXL",
    "sd3": "SD3",
    "flux": "Flux",
    "unknown": "an unknown family",
}


def family_words(family: str) -> str:
    """A family's name for people."""
    return FAMILY_WORDS.get(family, family)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file holds.

    Attributes:
        kind: A key of `KIND_WORDS`.
        family: A key of `FAMILY_WORDS`.
        layout: "ldm" or "diffusers" for networks that exist in both, else "".
        prefix: What stands in front of the names of a single network, often "".
    """

    kind: str
    family: str
    layout: str = ""
    prefix: str = ""

    def words(self) -> str:
        """For messages: "a VAE (SD1.x)"."""
        family = "" if self.family == "unknown" else f" ({FAMILY_WORDS[self.family]})"
        return KIND_WORDS[self.kind] + family


def identify(shapes: Mapping[str, tuple[int, ...]]) -> Identity:
    """Tell kind and family of a set of tensors, by name -> shape."""
    names = _Names(shapes)
    unet = "model.diffusion_model."
    if names.start(unet):
        whole = names.start("first_stage_model.") and names.start(
            "cond_stage_model.", "conditioner."
        )
        kind = "checkpoint" if whole or names.start("conditioner.") else "unet"
        return Identity(kind, _ldm_family(names, unet), "ldm", unet)
    if names.end("lora_up.weight", "lora_A.weight", "lora.up.weight", "hada_w1_a", "lokr_w1"):
        return Identity("lora", "sdxl" if names.start("lora_te2_") else "sd1")
    if names.start("image_proj.") and names.start("ip_adapter."):
        width = shapes.get("image_proj.norm.weight", (0,))[0]
        return Identity("ip_adapter", "sdxl" if width == 2048 else "sd1")
    if (control := _control(names)) is not None:
        return control
    if (tower := _towers(names)) is not None:
        return tower
    if (vae := _vae(names, shapes)) is not None:
        return vae
    return _lone_network(names, shapes)


def _control(names: _Names) -> Identity | None:
    if names.start("control_model.zero_convs.", "control_model.input_hint_block."):
        family = "sdxl" if names.start("control_model.label_emb.") else "sd1"
        return Identity("controlnet", family, "ldm", "control_model.")
    if names.start("zero_convs.", "input_hint_block."):
        return Identity("controlnet", "sdxl" if names.start("label_emb.") else "sd1", "ldm")
    if names.start("controlnet_cond_embedding.", "controlnet_down_blocks."):
        family = "sdxl" if names.start("add_embedding.") else "sd1"
        return Identity("controlnet", family, "diffusers")
    if names.start("controlnet_blocks.", "controlnet_x_embedder."):
        flux = names.start("single_transformer_blocks.", "context_embedder.", "x_embedder.")
        return Identity("controlnet", "flux" if flux else "sd3")
    return None


def _towers(names: _Names) -> Identity | None:
    patch = "embeddings.patch_embedding.weight"
    if names.has(f"vision_model.{patch}"):
        return Identity("clip_vision", "unknown", "diffusers", "vision_model.")
    if names.has(patch) and names.has("embeddings.class_embedding"):
        return Identity("clip_vision", "unknown", "diffusers", "")
    if names.start("visual.transformer.resblocks."):
        return Identity("clip_vision", "unknown", "open_clip", "visual.")
    token = "embeddings.token_embedding.weight"  # noqa: S105 - a tensor name
    for prefix in ("cond_stage_model.transformer.text_model.", "text_model.", ""):
        if names.has(prefix + token):
            return Identity("text_encoder", "sd1", "diffusers", prefix)
    return None


def _vae(names: _Names, shapes: Mapping[str, tuple[int, ...]]) -> Identity | None:
    for prefix in ("first_stage_model.", ""):
        for layout, mark in (
            ("ldm", "encoder.down.0.block.0.conv1.weight"),
            ("diffusers", "encoder.down_blocks.0.resnets.0.conv1.weight"),
        ):
            if names.has(prefix + mark):
                latents = shapes.get(f"{prefix}decoder.conv_in.weight", (0, 0))[1]
                return Identity("vae", "flux" if latents == 16 else "sd1", layout, prefix)
    return None


def _lone_network(names: _Names, shapes: Mapping[str, tuple[int, ...]]) -> Identity:
    if names.has("input_blocks.0.0.weight"):
        return Identity("unet", _ldm_family(names, ""), "ldm")
    if names.has("conv_in.weight") and names.start("down_blocks.0.resnets.0."):
        family = "sdxl" if names.start("add_embedding.") else "sd1"
        if family == "sd1" and shapes["conv_in.weight"][1] == 9:
            family = "sd1_inpaint"
        return Identity("unet", family, "diffusers")
    if names.start("double_blocks."):
        return Identity("unet", "flux", "ldm")
    if names.start("joint_blocks."):
        return Identity("unet", "sd3", "ldm")
    if names.has("emb_params") or names.has("clip_g"):
        return Identity("embedding", "sdxl" if names.has("clip_g") else "sd1")
    if names.start("adapter.body.", "body.0.resnets.", "body.0.block1."):
        return Identity("t2i_adapter", "sd1")
    if names.start("conv_first.", "model.0.weight", "params_ema."):
        return Identity("upscaler", "unknown")
    return Identity("unknown", "unknown")


def _ldm_family(names: _Names, prefix: str) -> str:
    if names.start(f"{prefix}joint_blocks."):
        return "sd3"
    if names.start(f"{prefix}double_blocks."):
        return "flux"
    if names.start(f"{prefix}label_emb.", "conditioner."):
        return "sdxl"
    first = names.shapes.get(f"{prefix}input_blocks.0.0.weight", (0, 0))
    context = names.shapes.get(
        f"{prefix}middle_block.1.transformer_blocks.0.attn2.to_k.weight", (0, 0)
    )[1]
    if names.start("cond_stage_model.model.") or (first[0] == 320 and context == 1024):
        return "sd2"
    if first[1] == 9:
        return "sd1_inpaint"
    return "sd1" if names.start(f"{prefix}input_blocks.") else "unknown"


class _Names:
    """Questions about a set of tensor names."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.shapes = shapes

    def has(self, name: str) -> bool:
        return name in self.shapes

    def start(self, *prefixes: str) -> bool:
        return any(name.startswith(prefixes) for name in self.shapes)

    def end(self, *suffixes: str) -> bool:
        return any(name.endswith(suffixes) for name in self.shapes)
