"""Network configurations read from tensor shapes (diffusers names), plus what shapes cannot tell.

Conventions of Stable Diffusion 1.x for the rest: 8 heads everywhere in the UNet and ControlNet,
head width 64 and quick_gelu in CLIP, 32 groups in every group norm.

CLIP vision towers say neither head count nor activation either: widths 1280 and 1664 (ViT-H and
ViT-bigG of LAION) have 16 heads and gelu, all others head width 64 and quick_gelu as OpenAI's.

A small network may need fewer norm groups. Its file says so in the header's metadata, key "config":
JSON such as {"vae": {"norm_num_groups": 4}}. Other statements there are compared, not followed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ..errors import ModelError

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]

UNET_HEADS = 8
CLIP_HEAD_WIDTH = 64
NORM_GROUPS = 32
SD1_SCALE = 0.18215
_WIDE_VISION_TOWERS = {1280: 16, 1664: 16}


def network_config(
    kind: str, shapes: Shapes, metadata: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The configuration of a network.

    Args:
        kind: "unet", "vae", "text_encoder", "controlnet", "clip_vision" or "ip_adapter".
        shapes: Shapes by diffusers (transformers) name.
        metadata: Free text of the file's header.

    Returns:
        Arguments of the network's class; for the IP-Adapter see `ip_adapter_config`.

    Raises:
        ModelError: Tensors are missing, or the layout is one that weft does not read.
    """
    config = _RULES[kind](shapes)
    for key, value in _stated(kind, metadata or {}).items():
        if key == "norm_num_groups" and key in config and isinstance(value, int) and value > 0:
            config[key] = value
        elif key in config and json.loads(json.dumps(config[key])) != value:  # tuples as lists
            raise ModelError(
                "model.unsupported_layout",
                f'The file says that {key} of its {kind} is "{value}".',
                expected=str(config[key]),
                got=str(value),
                hint="weft reads SD1.x conventions today.",
            )
    _check_groups(kind, config)
    return config


def unet_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers.UNet2DConditionModel` for these tensors."""
    config = _trunk_config(shapes, "UNet")
    levels = len(config["block_out_channels"])
    config["out_channels"] = _shape(shapes, "conv_out.weight", "UNet")[0]
    config["up_block_types"] = tuple(
        "CrossAttnUpBlock2D" if f"up_blocks.{i}.attentions.0.norm.weight" in shapes else "UpBlock2D"
        for i in range(levels)
    )
    return config


def controlnet_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers.ControlNetModel` for these tensors."""
    config = _trunk_config(shapes, "ControlNet")
    hint = "controlnet_cond_embedding"
    first = _shape(shapes, f"{hint}.conv_in.weight", "ControlNet")
    blocks = _count(shapes, f"{hint}.blocks.{{}}.weight")
    widths = [first[0]]
    widths += [shapes[f"{hint}.blocks.{i}.weight"][0] for i in range(1, blocks, 2)]
    config["conditioning_channels"] = first[1]
    config["conditioning_embedding_out_channels"] = tuple(widths)
    return config


def vae_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers.AutoencoderKL` for these tensors."""
    levels = _count(shapes, "encoder.down_blocks.{}.resnets.0.conv1.weight")
    layers = _count(shapes, "encoder.down_blocks.0.resnets.{}.conv1.weight")
    widths = tuple(
        shapes[f"encoder.down_blocks.{i}.resnets.0.conv1.weight"][0] for i in range(levels)
    )
    return {
        "in_channels": _shape(shapes, "encoder.conv_in.weight", "VAE")[1],
        "out_channels": _shape(shapes, "decoder.conv_out.weight", "VAE")[0],
        "latent_channels": _shape(shapes, "decoder.conv_in.weight", "VAE")[1],
        "block_out_channels": widths,
        "layers_per_block": layers,
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "mid_block_add_attention": any(".attentions." in name for name in shapes),
        "use_quant_conv": "quant_conv.weight" in shapes,
        "use_post_quant_conv": "post_quant_conv.weight" in shapes,
        "norm_num_groups": NORM_GROUPS,
        "scaling_factor": SD1_SCALE,
    }


def clip_text_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `transformers.CLIPTextConfig` for these tensors (flat names)."""
    what = "CLIP text encoder"
    vocabulary, width = _shape(shapes, "embeddings.token_embedding.weight", what)
    positions = _shape(shapes, "embeddings.position_embedding.weight", what)[0]
    layers = _count(shapes, "encoder.layers.{}.mlp.fc1.weight")
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": _shape(shapes, "encoder.layers.0.mlp.fc1.weight", what)[0],
        "num_hidden_layers": layers,
        "num_attention_heads": _clip_heads(width, what),
        "max_position_embeddings": positions,
        "hidden_act": "quick_gelu",
    }


def clip_vision_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `transformers.CLIPVisionConfig` for these tensors ("vision_model." names)."""
    what = "CLIP vision encoder"
    patch = _shape(shapes, "vision_model.embeddings.patch_embedding.weight", what)
    positions = _shape(shapes, "vision_model.embeddings.position_embedding.weight", what)[0]
    fc1 = _shape(shapes, "vision_model.encoder.layers.0.mlp.fc1.weight", what)
    width, patch_size = patch[0], patch[2]
    side = math.isqrt(positions - 1)
    wide = width in _WIDE_VISION_TOWERS
    return {
        "hidden_size": width,
        "intermediate_size": fc1[0],
        "projection_dim": _shape(shapes, "visual_projection.weight", what)[0],
        "num_hidden_layers": _count(shapes, "vision_model.encoder.layers.{}.mlp.fc1.weight"),
        "num_attention_heads": _WIDE_VISION_TOWERS[width] if wide else _clip_heads(width, what),
        "hidden_act": "gelu" if wide else "quick_gelu",
        "image_size": side * patch_size,
        "patch_size": patch_size,
        "num_channels": patch[1],
    }


def ip_adapter_config(shapes: Shapes) -> dict[str, Any]:
    """Sizes of a base-layout IP-Adapter ("image_proj." and "ip_adapter." names).

    Returns:
        tokens (always 4), image_width D, cross_attention_dim C, and the ids and widths of the
        attention layers it adds to, in the UNet's order.

    Raises:
        ModelError: Another layout (Plus, FaceID, Full-Face), which weft does not read yet.
    """
    if "image_proj.proj.weight" not in shapes or "image_proj.norm.weight" not in shapes:
        raise ModelError(
            "model.unsupported_layout",
            "This IP-Adapter has not the base layout.",
            expected="image_proj.proj and image_proj.norm",
            got=_ip_layout(shapes),
            hint="weft reads the base IP-Adapter (ip-adapter_sd15) today.",
        )
    rows, image_width = shapes["image_proj.proj.weight"]
    context = shapes["image_proj.norm.weight"][0]
    keys = [name for name in shapes if name.startswith("ip_adapter.") and "to_k_ip.weight" in name]
    ids = sorted(int(name.split(".")[1]) for name in keys)
    if rows != 4 * context or not ids:
        raise ModelError(
            "model.unsupported_layout",
            "This IP-Adapter does not make 4 image tokens.",
            expected=f"{4 * context} rows in image_proj.proj.weight",
            got=str(rows),
        )
    return {
        "tokens": 4,
        "image_width": image_width,
        "cross_attention_dim": context,
        "ids": tuple(ids),
        "widths": tuple(shapes[f"ip_adapter.{i}.to_k_ip.weight"][0] for i in ids),
    }


def _ip_layout(shapes: Shapes) -> str:
    if "image_proj.latents" in shapes:
        return "the Plus layout (resampler)"
    if any(name.startswith("image_proj.proj.") for name in shapes):
        return "the Full-Face or FaceID layout"
    return "no image projection"


def _trunk_config(shapes: Shapes, what: str) -> dict[str, Any]:
    levels = _count(shapes, "down_blocks.{}.resnets.0.conv1.weight")
    if levels == 0:
        raise _missing("down_blocks.0.resnets.0.conv1.weight", what)
    widths = tuple(shapes[f"down_blocks.{i}.resnets.0.conv1.weight"][0] for i in range(levels))
    layers = tuple(
        _count(shapes, f"down_blocks.{i}.resnets.{{}}.conv1.weight") for i in range(levels)
    )
    if len(set(layers)) > 1:
        raise ModelError(
            "model.unsupported_layout",
            f"This {what} has different numbers of layers per level: {layers}.",
            hint="weft reads networks with one number of layers for all levels.",
        )
    depths = {
        int(name.split("transformer_blocks.")[1].split(".")[0]) + 1
        for name in shapes
        if ".transformer_blocks." in name
    }
    if not depths:
        raise _missing("mid_block.attentions.0.transformer_blocks.0...", what)
    if max(depths) > 1:
        raise ModelError(
            "model.unsupported_family",
            f"This {what} has up to {max(depths)} transformer blocks per attention layer.",
            expected="1, as in SD1.x",
            got=str(max(depths)),
            hint="It looks like SDXL; weft reads SD1.x today.",
        )
    attention = "mid_block.attentions.0"
    return {
        "in_channels": _shape(shapes, "conv_in.weight", what)[1],
        "block_out_channels": widths,
        "layers_per_block": layers[0],
        "down_block_types": tuple(
            "CrossAttnDownBlock2D"
            if f"down_blocks.{i}.attentions.0.norm.weight" in shapes
            else "DownBlock2D"
            for i in range(levels)
        ),
        "cross_attention_dim": _shape(
            shapes, f"{attention}.transformer_blocks.0.attn2.to_k.weight", what
        )[1],
        "attention_head_dim": UNET_HEADS,  # diffusers keeps the number of heads under this name
        "norm_num_groups": NORM_GROUPS,
        "use_linear_projection": len(_shape(shapes, f"{attention}.proj_in.weight", what)) == 2,
    }


def _clip_heads(width: int, what: str) -> int:
    if width % CLIP_HEAD_WIDTH and width > CLIP_HEAD_WIDTH:
        raise ModelError(
            "model.unsupported_layout",
            f"This {what} is {width} wide.",
            expected=f"a multiple of {CLIP_HEAD_WIDTH}",
            got=str(width),
        )
    return max(1, width // CLIP_HEAD_WIDTH)


def _count(shapes: Shapes, pattern: str) -> int:
    number = 0
    while pattern.format(number) in shapes:
        number += 1
    return number


def _shape(shapes: Shapes, name: str, what: str) -> tuple[int, ...]:
    if name not in shapes:
        raise _missing(name, what)
    return shapes[name]


def _missing(name: str, what: str) -> ModelError:
    return ModelError(
        "model.missing_tensor",
        f'Tensor "{name}" of the {what} is missing.',
        hint="The file is incomplete or holds another kind of network.",
    )


def _stated(kind: str, metadata: Mapping[str, str]) -> Mapping[str, Any]:
    """What the header's metadata says of one network; nothing if it is not ours to understand."""
    try:
        stated = json.loads(metadata.get("config", "{}"))
    except ValueError:
        return {}
    part = stated.get(kind, {}) if isinstance(stated, dict) else {}
    return part if isinstance(part, dict) else {}


def _check_groups(kind: str, config: Mapping[str, Any]) -> None:
    groups = config.get("norm_num_groups")
    if groups and any(width % groups for width in config["block_out_channels"]):
        raise ModelError(
            "model.unsupported_layout",
            f"The {kind} has levels of widths {config['block_out_channels']}.",
            expected=f"multiples of {groups} (the groups of its norms)",
            got=str(config["block_out_channels"]),
            hint='If it has fewer groups, its file must say so in metadata key "config".',
        )


_RULES: Mapping[str, Callable[[Shapes], dict[str, Any]]] = {
    "unet": unet_config,
    "vae": vae_config,
    "text_encoder": clip_text_config,
    "controlnet": controlnet_config,
    "clip_vision": clip_vision_config,
    "ip_adapter": ip_adapter_config,
}
