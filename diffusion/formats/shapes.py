"""Network configurations from tensor shapes (diffusers names), and from metadata.

Conventions of the families for the rest: 8 heads everywhere in UNets and ControlNets of SD1.x, head
width 64 in those of SD2.x and SDXL, head width 64 in CLIP, quick_gelu in OpenAI's text encoder
(width 768) and gelu in LAION's (1024, 1280), 32 groups in every group norm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from ..errors import ModelError
from .vision_shapes import clip_heads

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]

UNET_HEADS = 8
HEAD_WIDTH = 64
SIZE_EMBEDDING = 256
"""Width of the sines of each size that SDXL is told."""
NORM_GROUPS = 32
_GELU_WIDTHS = {1024, 1280}
SD1_SCALE = 0.18215
SD1_CONTEXT, SD2_CONTEXT = 768, 1024


def unet_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers.UNet2DConditionModel` for these tensors."""
    config = _trunk_config(shapes, "UNet")
    levels = len(config["block_out_channels"])
    config["out_channels"] = _shape(shapes, "conv_out.weight", "UNet")[0]
    config["up_block_types"] = tuple(
        "CrossAttnUpBlock2D" if f"up_blocks.{i}.attentions.0.norm.weight" in shapes else "UpBlock2D"
        for i in range(levels)
    )
    if "transformer_layers_per_block" in config:
        layers = config["layers_per_block"] + 1
        config["reverse_transformer_layers_per_block"] = tuple(
            _short([_depth(shapes, f"up_blocks.{i}.attentions.{j}") for j in range(layers)])
            for i in range(levels)
        )
    if "class_embedding.linear_1.weight" in shapes:
        config["class_embed_type"] = "projection"
        config["projection_class_embeddings_input_dim"] = shapes["class_embedding.linear_1.weight"][
            1
        ]
    if "time_embedding.cond_proj.weight" in shapes:
        config["time_cond_proj_dim"] = shapes["time_embedding.cond_proj.weight"][1]
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
    config["controlnet_conditioning_channel_order"] = "rgb"
    if "task_embedding" not in shapes:
        config["global_pool_conditions"] = False
    return config


def controlnet_union_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers.ControlNetUnionModel`; its own attention has 8 heads."""
    kinds, width = _shape(shapes, "task_embedding", "ControlNet")
    return controlnet_config(shapes) | {
        "num_control_type": kinds,
        "num_trans_channel": width,
        "num_trans_layer": _count(shapes, "transformer_layes.{}.ln_1.weight"),
        "num_proj_channel": _shape(shapes, "spatial_ch_projs.weight", "ControlNet")[0],
    }


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
    config: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": _shape(shapes, "encoder.layers.0.mlp.fc1.weight", what)[0],
        "num_hidden_layers": layers,
        "num_attention_heads": clip_heads(width, what),
        "max_position_embeddings": positions,
        "hidden_act": "gelu" if width in _GELU_WIDTHS else "quick_gelu",
    }
    if "text_projection.weight" in shapes:
        config["projection_dim"] = shapes["text_projection.weight"][0]
    return config


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
            "This IP-Adapter does not have the base layout.",
            expected="image_proj.proj and image_proj.norm",
            got="others",
            hint="weft supports the base IP-Adapter (ip-adapter_sd15) today.",
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
            hint="weft supports networks with the same number of layers on every level.",
        )
    added = shapes.get("add_embedding.linear_1.weight", (0, 0))[1]
    context = next((shapes[n][1] for n in shapes if n.endswith(".attn2.to_k.weight")), None)
    projection: tuple[int, ...] = ()
    if context is not None:
        projection = next(shapes[n] for n in shapes if n.endswith(".proj_in.weight"))
    elif not added or any(".attentions." in name for name in shapes):
        # SDXL's small ControlNets have no attention at all.
        raise _missing("...transformer_blocks.0.attn2.to_k.weight", what)
    linear = len(projection) != 4
    modern = (linear and context != SD1_CONTEXT) or context == SD2_CONTEXT or added > 0
    config: dict[str, Any] = {
        "in_channels": _shape(shapes, "conv_in.weight", what)[1],
        "block_out_channels": widths,
        "layers_per_block": layers[0],
        "down_block_types": tuple(
            "CrossAttnDownBlock2D"
            if f"down_blocks.{i}.attentions.0.norm.weight" in shapes
            else "DownBlock2D"
            for i in range(levels)
        ),
        **({"cross_attention_dim": context} if context is not None else {}),
        # diffusers keeps the number of heads under this name
        "attention_head_dim": tuple(max(1, w // HEAD_WIDTH) for w in widths)
        if modern
        else UNET_HEADS,
        "norm_num_groups": NORM_GROUPS,
        "use_linear_projection": linear,
    }
    if added:
        config["addition_embed_type"] = "text_time"
        config["addition_time_embed_dim"] = SIZE_EMBEDDING
        config["projection_class_embeddings_input_dim"] = added
    return config | _depths(shapes, what, levels, layers[0])


def _depths(shapes: Shapes, what: str, levels: int, layers: int) -> dict[str, Any]:
    """Transformer blocks per attention layer; nothing where it is one everywhere (SD1.x)."""
    found = [
        [_depth(shapes, f"down_blocks.{i}.attentions.{j}") for j in range(layers)]
        for i in range(levels)
    ]
    middle = _depth(shapes, "mid_block.attentions.0")
    config: dict[str, Any] = {}
    if middle == 0:
        whole = "mid_block.resnets.0.conv1.weight" in shapes
        config["mid_block_type"] = "UNetMidBlock2D" if whole else None
    attends = any(found[-1])
    if middle and attends and set(found[-1]) != {middle}:
        raise ModelError(
            "model.unsupported_layout",
            f"The middle block of this {what} has {middle} transformer blocks, unlike the last "
            "level.",
            expected=str(middle),
            got=str(found[-1]),
            hint="weft supports networks whose middle block is as deep as their last level.",
        )
    if {depth for level in found for depth in level} <= {0, 1} and middle <= 1:
        return config
    if not attends and middle:
        found[-1] = [middle]
    config["transformer_layers_per_block"] = tuple(_short(level) for level in found)
    return config


def _depth(shapes: Shapes, attention: str) -> int:
    return _count(shapes, attention + ".transformer_blocks.{}.attn1.to_k.weight")


def _short(depths: list[int]) -> int | tuple[int, ...]:
    """One number for a level whose layers are alike; 1 for a level without attention."""
    if len(set(depths)) == 1:
        return max(1, depths[0])
    return tuple(depths)


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
