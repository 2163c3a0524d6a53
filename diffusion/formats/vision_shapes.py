"""Configurations of image encoders and of networks that read them, from tensor shapes.

CLIP vision towers say neither head count nor activation: widths 1280 and 1664 (ViT-H and ViT-bigG
of LAION) have 16 heads and gelu, all others head width 64 and quick_gelu as OpenAI's. SigLIP's have
gelu by tanh; those of widths 1152 and 1536 have 16 heads, others head width 64.
"""

from __future__ import annotations

import math
from typing import Any

from ..errors import ModelError
from .pieces import Shapes
from .transformer_shapes import count, shape_of

CLIP_HEAD_WIDTH = 64
_WIDE_VISION_TOWERS = {1280: 16, 1664: 16}
_SIGLIP_HEADS = {1152: 16, 1536: 16}
_SIGLIP_SIDES = {(27, 14): 384}
"""Pixels a side where patches do not fill them: by patches a side and their size."""


def clip_vision_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `transformers.CLIPVisionConfig` for these tensors ("vision_model." names)."""
    what = "CLIP vision encoder"
    patch = shape_of(shapes, "vision_model.embeddings.patch_embedding.weight")
    positions = shape_of(shapes, "vision_model.embeddings.position_embedding.weight")[0]
    fc1 = shape_of(shapes, "vision_model.encoder.layers.0.mlp.fc1.weight")
    width, patch_size = patch[0], patch[2]
    side = math.isqrt(positions - 1)
    wide = width in _WIDE_VISION_TOWERS
    return {
        "hidden_size": width,
        "intermediate_size": fc1[0],
        "projection_dim": shape_of(shapes, "visual_projection.weight")[0],
        "num_hidden_layers": count(shapes, "vision_model.encoder.layers.{}.mlp.fc1.weight"),
        "num_attention_heads": _WIDE_VISION_TOWERS[width] if wide else clip_heads(width, what),
        "hidden_act": "gelu" if wide else "quick_gelu",
        "image_size": side * patch_size,
        "patch_size": patch_size,
        "num_channels": patch[1],
    }


def siglip_vision_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `transformers.SiglipVisionConfig` for these tensors (flat names), without head.

    Raises:
        ModelError: Its patches are of another layout (SigLIP 2 of free sizes).
    """
    what = "SigLIP vision encoder"
    patch = shape_of(shapes, "embeddings.patch_embedding.weight")
    positions, width = shape_of(shapes, "embeddings.position_embedding.weight")
    side = math.isqrt(positions)
    if len(patch) != 4 or 0 in (*patch, positions) or side * side != positions:
        raise ModelError(
            "model.unsupported_layout",
            f"The patches of this {what} form no square.",
            expected="a kernel for patches, and a square number of places",
            got=f"{patch}, {positions} places",
            hint="weft supports SigLIP of one size, as in sigclip_vision_patch14_384.",
        )
    size = _SIGLIP_SIDES.get((side, patch[2]), side * patch[2])
    return {
        "hidden_size": width,
        "intermediate_size": shape_of(shapes, "encoder.layers.0.mlp.fc1.weight")[0],
        "num_hidden_layers": count(shapes, "encoder.layers.{}.mlp.fc1.weight"),
        "num_attention_heads": _SIGLIP_HEADS.get(width) or clip_heads(width, what),
        "hidden_act": "gelu_pytorch_tanh",
        "layer_norm_eps": 1e-6,
        "image_size": size,
        "patch_size": patch[2],
        "num_channels": patch[1],
        "vision_use_head": False,
    }


def redux_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers`' `ReduxImageEncoder` for these tensors."""
    return {
        "redux_dim": shape_of(shapes, "redux_up.weight")[1],
        "txt_in_features": shape_of(shapes, "redux_down.weight")[0],
    }


def clip_heads(width: int, what: str) -> int:
    """Heads of a CLIP encoder of a width: 64 wide each."""
    if width % CLIP_HEAD_WIDTH and width > CLIP_HEAD_WIDTH:
        raise ModelError(
            "model.unsupported_layout",
            f"This {what} is {width} wide.",
            expected=f"a multiple of {CLIP_HEAD_WIDTH}",
            got=str(width),
        )
    return max(1, width // CLIP_HEAD_WIDTH)
