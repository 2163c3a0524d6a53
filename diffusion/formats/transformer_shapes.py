"""Configurations of diffusion transformers, T5 and BERT read from tensor shapes (library names).

Conventions for what shapes do not tell: heads of SD3 are 64 wide, PixArt has 16 heads, BERT's are
64 wide; Flux and SD3.5 say their head width by their norms.
"""

from __future__ import annotations

import math
from typing import Any

from ..errors import ModelError
from .pieces import Shapes

_SD3_HEAD, _PIXART_HEADS, _BERT_HEAD = 64, 16, 64


def flux_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers.FluxTransformer2DModel`."""
    width, channels = shape_of(shapes, "x_embedder.weight")
    head = shape_of(shapes, "transformer_blocks.0.attn.norm_q.weight")[0]
    return {
        "in_channels": channels,
        "out_channels": shape_of(shapes, "proj_out.weight")[0],
        "num_layers": count(shapes, "transformer_blocks.{}.attn.to_q.weight"),
        "num_single_layers": count(shapes, "single_transformer_blocks.{}.attn.to_q.weight"),
        "joint_attention_dim": shape_of(shapes, "context_embedder.weight")[1],
        "pooled_projection_dim": pooled_width(shapes),
        "guidance_embeds": "time_text_embed.guidance_embedder.linear_1.weight" in shapes,
        **flux_head(width, head),
    }


def flux_head(width: int, head: int) -> dict[str, Any]:
    """Heads of a Flux network, and how their places are turned."""
    return {
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "axes_dims_rope": (head // 8, head * 7 // 16, head * 7 // 16),
    }


def sd3_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers.SD3Transformer2DModel`."""
    kernel = shape_of(shapes, "pos_embed.proj.weight")
    width, patch = kernel[0], kernel[2]
    norm = shapes.get("transformer_blocks.0.attn.norm_q.weight")
    layers = count(shapes, "transformer_blocks.{}.attn.to_q.weight")
    return {
        "patch_size": patch,
        "in_channels": kernel[1],
        "out_channels": shape_of(shapes, "proj_out.weight")[0] // patch**2,
        "num_layers": layers,
        **sd3_head(width, norm),
        "joint_attention_dim": shape_of(shapes, "context_embedder.weight")[1],
        "caption_projection_dim": shape_of(shapes, "context_embedder.weight")[0],
        "pooled_projection_dim": pooled_width(shapes),
        "pos_embed_max_size": math.isqrt(shape_of(shapes, "pos_embed.pos_embed")[1]),
        "dual_attention_layers": tuple(
            i for i in range(layers) if f"transformer_blocks.{i}.attn2.to_q.weight" in shapes
        ),
        "qk_norm": "rms_norm" if norm else None,
        "sample_size": 128,
    }


def sd3_head(width: int, norm: tuple[int, ...] | None) -> dict[str, Any]:
    """Heads of an SD3 network, whose width its norms tell where it has them."""
    head = norm[0] if norm else _SD3_HEAD
    return {"attention_head_dim": head, "num_attention_heads": max(1, width // head)}


def pixart_heads(width: int) -> dict[str, Any]:
    """Heads of a PixArt network."""
    return {
        "attention_head_dim": width // _PIXART_HEADS,
        "num_attention_heads": _PIXART_HEADS,
    }


def pixart_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers.PixArtTransformer2DModel`."""
    kernel = shape_of(shapes, "pos_embed.proj.weight")
    width, patch = kernel[0], kernel[2]
    sized = "adaln_single.emb.resolution_embedder.linear_1.weight" in shapes
    return {
        "patch_size": patch,
        "in_channels": kernel[1],
        "out_channels": shape_of(shapes, "proj_out.weight")[0] // patch**2,
        "num_layers": count(shapes, "transformer_blocks.{}.attn1.to_q.weight"),
        **pixart_heads(width),
        "cross_attention_dim": shape_of(shapes, "transformer_blocks.0.attn2.to_k.weight")[1],
        "caption_channels": shape_of(shapes, "caption_projection.linear_1.weight")[1],
        "use_additional_conditions": sized,
        "sample_size": 128,
        "interpolation_scale": 2,
    }


def t5_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `transformers.T5Config` for an encoder."""
    vocabulary, width = shape_of(shapes, "shared.weight")
    first = "encoder.block.0.layer.0.SelfAttention."
    buckets, heads = shape_of(shapes, f"{first}relative_attention_bias.weight")
    gated = "encoder.block.0.layer.1.DenseReluDense.wi_0.weight" in shapes
    wide = f"encoder.block.0.layer.1.DenseReluDense.{'wi_0' if gated else 'wi'}.weight"
    return {
        "vocab_size": vocabulary,
        "d_model": width,
        "d_kv": shape_of(shapes, f"{first}q.weight")[0] // heads,
        "d_ff": shape_of(shapes, wide)[0],
        "num_layers": count(shapes, "encoder.block.{}.layer.0.SelfAttention.q.weight"),
        "num_heads": heads,
        "relative_attention_num_buckets": buckets,
        "relative_attention_max_distance": 128,
        "feed_forward_proj": "gated-gelu" if gated else "relu",
    }


def bert_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `transformers.BertConfig`."""
    vocabulary, width = shape_of(shapes, "embeddings.word_embeddings.weight")
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": count(shapes, "encoder.layer.{}.output.dense.weight"),
        "num_attention_heads": max(1, width // _BERT_HEAD),
        "intermediate_size": shape_of(shapes, "encoder.layer.0.intermediate.dense.weight")[0],
        "max_position_embeddings": shape_of(shapes, "embeddings.position_embeddings.weight")[0],
        "type_vocab_size": shape_of(shapes, "embeddings.token_type_embeddings.weight")[0],
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "projection_dim": shapes["classifier.weight"][0] if "classifier.weight" in shapes else 0,
    }


def pooled_width(shapes: Shapes) -> int:
    """Width of the pooled text that a transformer is told."""
    return shape_of(shapes, "time_text_embed.text_embedder.linear_1.weight")[1]


def count(shapes: Shapes, pattern: str) -> int:
    """How many of a row of tensors there are; "{}" stands for their number."""
    number = 0
    while pattern.format(number) in shapes:
        number += 1
    return number


def shape_of(shapes: Shapes, name: str) -> tuple[int, ...]:
    """Shape of a tensor that must be there.

    Raises:
        ModelError: It is not.
    """
    if name not in shapes:
        raise ModelError(
            "model.missing_tensor",
            f'Tensor "{name}" is missing.',
            hint="The file is incomplete or holds another kind of network.",
        )
    return shapes[name]
