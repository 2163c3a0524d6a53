"""OpenCLIP's names for text encoders (SD2.x, SDXL's second) and image encoders into transformers'.

Source: the layouts of open_clip and transformers; facts only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import ModelError
from .pieces import Piece, Pieces, Shapes, thirds

PLAIN_NAMES: Mapping[str, str] = {
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_final.weight": "final_layer_norm.weight",
    "ln_final.bias": "final_layer_norm.bias",
}
LAYER_NAMES: Mapping[str, str] = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}
_UNUSED = frozenset({"logit_scale", "attn_mask", "text_projection.bias"})
_BLOCK = re.compile(r"transformer\.resblocks\.(\d+)\.(.+)\.(weight|bias)\Z")
_JOINED = re.compile(r"transformer\.resblocks\.(\d+)\.attn\.in_proj_(weight|bias)\Z")


_VISION_NAMES: Mapping[str, str] = {
    "conv1.weight": "embeddings.patch_embedding.weight",
    "class_embedding": "embeddings.class_embedding",
    "positional_embedding": "embeddings.position_embedding.weight",
    **{
        f"{old}.{end}": f"{new}.{end}"
        for old, new in (("ln_pre", "pre_layrnorm"), ("ln_post", "post_layernorm"))
        for end in ("weight", "bias")
    },
}


def open_clip_text(shapes: Shapes) -> dict[str, Pieces]:
    """A plan for an OpenCLIP text encoder, names without prefix.

    Raises:
        ModelError: A tensor that belongs to no layer of such an encoder.
    """
    plan: dict[str, Pieces] = {}
    for name in shapes:
        if name in _UNUSED:
            continue
        if name in PLAIN_NAMES:
            plan[PLAIN_NAMES[name]] = (Piece(name),)
        elif name == "text_projection":  # used from the right there, from the left here
            plan["text_projection.weight"] = (Piece(name, turned=True),)
        elif name == "text_projection.weight":
            plan[name] = (Piece(name),)
        else:
            plan |= _layer(name, shapes, "text")
    return plan


def open_clip_vision(shapes: Shapes) -> dict[str, Pieces]:
    """A plan for an OpenCLIP image encoder, names without prefix ("visual.").

    Raises:
        ModelError: A tensor that belongs to no layer of such an encoder.
    """
    plan: dict[str, Pieces] = {}
    for name in shapes:
        if name in _VISION_NAMES:
            plan[f"vision_model.{_VISION_NAMES[name]}"] = (Piece(name),)
        elif name == "proj":
            plan["visual_projection.weight"] = (Piece(name, turned=True),)
        else:
            layer = _layer(name, shapes, "image")
            plan |= {f"vision_model.{new}": pieces for new, pieces in layer.items()}
    return plan


def _layer(name: str, shapes: Shapes, what: str) -> dict[str, Pieces]:
    """A tensor of one of the blocks, which are alike in both encoders."""
    if match := _JOINED.match(name):
        stem = f"encoder.layers.{match[1]}.self_attn"
        return thirds(name, [f"{stem}.{part}_proj.{match[2]}" for part in "qkv"], shapes)
    if (match := _BLOCK.match(name)) and match[2] in LAYER_NAMES:
        return {f"encoder.layers.{match[1]}.{LAYER_NAMES[match[2]]}.{match[3]}": (Piece(name),)}
    raise ModelError(
        "model.unknown_key",
        f'Tensor "{name}" belongs to no layer of an OpenCLIP {what} encoder.',
        hint="The file holds another network, or a variant that weft does not support yet.",
    )
