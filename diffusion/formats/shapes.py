"""Network configurations read from tensor shapes (diffusers names), plus what shapes cannot tell.

Conventions of the families for the rest: 8 heads everywhere in UNets and ControlNets of SD1.x, head
width 64 in those of SD2.x and SDXL, head width 64 in CLIP, quick_gelu in OpenAI's text encoder
(width 768) and gelu in LAION's (1024, 1280), 32 groups in every group norm.

A network may differ from these. Its file says so in the header's metadata, key "config": JSON such
as {"vae": {"norm_num_groups": 4}}; a diffusers folder says so in config.json. What shapes do tell
is compared with such statements, not overruled by them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ..errors import ModelError
from .control_shapes import (
    control_class,
    flux_control_config,
    pixart_control_config,
    sd3_control_config,
)
from .gligen_names import gligen_config
from .t2i_names import t2i_config
from .transformer_shapes import bert_config, flux_config, pixart_config, sd3_config, t5_config
from .upscaler_names import upscaler_config
from .vision_shapes import clip_heads, clip_vision_config, redux_config, siglip_vision_config

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]

UNET_HEADS = 8
HEAD_WIDTH = 64
SIZE_EMBEDDING = 256
"""Width of the sines of each size that SDXL is told."""
NORM_GROUPS = 32
_GELU_WIDTHS = {1024, 1280}
_UNSEEN = frozenset(
    {
        "norm_num_groups",
        "attention_head_dim",
        "num_attention_heads",
        "hidden_act",
        "scaling_factor",
        "sample_size",
        "interpolation_scale",
        "axes_dims_rope",
        "relative_attention_max_distance",
        "layer_norm_eps",
        "feed_forward_proj",
        "force_zeros_for_pooled_projection",
        "global_pool_conditions",
        "controlnet_conditioning_channel_order",
    }
)
"""What shapes do not tell: statements about it are followed."""
SD1_SCALE = 0.18215
SD1_CONTEXT, SD2_CONTEXT = 768, 1024


def network_config(
    kind: str,
    shapes: Shapes,
    metadata: Mapping[str, str] | None = None,
    stated: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The configuration of a network.

    Args:
        kind: A key of `networks.SHELLS`, or "text_encoder_2", "text_encoder_3".
        shapes: Shapes by diffusers (transformers) name.
        metadata: Free text of the file's header.
        stated: The config.json of a diffusers folder; read for what shapes do not tell.

    Returns:
        Arguments of the network's class; for the IP-Adapter see `ip_adapter_config`.

    Raises:
        ModelError: Tensors are missing, or the layout is one that weft does not read.
    """
    config = _RULES[network_class(kind, shapes)](shapes)
    for key, value in header_config(kind, metadata or {}).items():
        if key not in config:
            continue
        if key in _UNSEEN and _plain(value):
            config[key] = tuple(value) if isinstance(value, list) else value
        elif json.loads(json.dumps(config[key])) != value:  # tuples as lists
            raise ModelError(
                "model.unsupported_layout",
                f'The file says that {key} of its {kind} is "{value}".',
                expected=str(config[key]),
                got=str(value),
                hint="The tensors of the file say otherwise: it was put together wrongly.",
            )
    for key, value in (stated or {}).items():
        if key in _UNSEEN and key in config and value is not None:
            config[key] = tuple(value) if isinstance(value, list) else value
    _check_groups(kind, config)
    return config


def untold_config(kind: str, shapes: Shapes, config: Mapping[str, Any]) -> dict[str, Any]:
    """What a configuration says that shapes do not tell: for the header's key "config"."""
    usual = _RULES[network_class(kind, shapes)](shapes)
    return {
        key: value
        for key, value in config.items()
        if key in _UNSEEN and usual.get(key, value) != value
    }


def _plain(value: Any) -> bool:
    """Whether a statement is of a kind that a network's class can take."""
    if isinstance(value, list):
        return all(_plain(item) for item in value)
    return isinstance(value, str) or (isinstance(value, (int, float)) and value > 0)


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
            "This IP-Adapter has not the base layout.",
            expected="image_proj.proj and image_proj.norm",
            got="others",
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
            f"The middle of this {what} has {middle} transformer blocks, the last level others.",
            expected=str(middle),
            got=str(found[-1]),
            hint="weft reads networks whose middle is as deep as their last level.",
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


def network_class(kind: str, shapes: Shapes) -> str:
    """Which network it is: a key of `networks.SHELLS`."""
    if kind == "transformer":
        if "single_transformer_blocks.0.attn.to_q.weight" in shapes:
            return "flux"
        return "pixart" if "caption_projection.linear_1.weight" in shapes else "sd3"
    if kind == "controlnet":
        return control_class(shapes)
    if kind == "clip_vision":
        return "siglip_vision" if "embeddings.patch_embedding.weight" in shapes else kind
    if kind == "upscaler":
        return "rrdb" if "conv_first.weight" in shapes else "srvgg"
    if kind.startswith("text_encoder"):
        if any(name.startswith("encoder.block.") for name in shapes):
            return "t5"
        return "bert" if "embeddings.word_embeddings.weight" in shapes else "text_encoder"
    return kind


def header_config(kind: str, metadata: Mapping[str, str]) -> Mapping[str, Any]:
    """What the header's metadata says of one network; nothing if it is not ours to understand."""
    try:
        stated = json.loads(metadata.get("config", "{}"))
    except (ValueError, RecursionError):
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
    "controlnet_union": controlnet_union_config,
    "control_lora": lambda shapes: {"tensors": tuple(sorted(shapes.items()))},
    "t2i_adapter": t2i_config,
    "sd3_controlnet": sd3_control_config,
    "flux_controlnet": flux_control_config,
    "pixart_controlnet": pixart_control_config,
    "clip_vision": clip_vision_config,
    "siglip_vision": siglip_vision_config,
    "redux": redux_config,
    "gligen": gligen_config,
    "ip_adapter": ip_adapter_config,
    "rrdb": upscaler_config,
    "srvgg": upscaler_config,
    "flux": flux_config,
    "sd3": sd3_config,
    "pixart": pixart_config,
    "t5": t5_config,
    "bert": bert_config,
}
