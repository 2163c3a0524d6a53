"""Configurations of the ControlNets of diffusion transformers, read from tensor shapes.

Conventions are those of the transformers themselves (`transformer_shapes`). Which network it is,
its tensors say: those of SD3 embed their picture with "pos_embed_input", those of Flux with
"controlnet_x_embedder"; PixArt's has nothing but blocks.
"""

from __future__ import annotations

import math
from typing import Any

from ..errors import ModelError
from .pieces import Shapes
from .transformer_shapes import count, flux_head, pixart_heads, pooled_width, sd3_head, shape_of

HINT_PATCH = 2
"""Side of the patches that a picture is cut into behind a hint encoder (XLabs)."""


def flux_control_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers.FluxControlNetModel`, and channels beside the picture's latent."""
    width, channels = shape_of(shapes, "x_embedder.weight")
    head = shape_of(shapes, "transformer_blocks.0.attn.norm_q.weight")[0]
    hint = shapes.get("input_hint_block.conv_out.weight")
    modes = shapes.get("controlnet_mode_embedder.weight")
    # A patch of a latent has four of each channel.
    more = 0 if hint else (shape_of(shapes, "controlnet_x_embedder.weight")[1] - channels) // 4
    return {
        "patch_size": HINT_PATCH if hint else 1,
        "in_channels": channels,
        "num_layers": count(shapes, "transformer_blocks.{}.attn.to_q.weight"),
        "num_single_layers": count(shapes, "single_transformer_blocks.{}.attn.to_q.weight"),
        "joint_attention_dim": shape_of(shapes, "context_embedder.weight")[1],
        "pooled_projection_dim": pooled_width(shapes),
        "guidance_embeds": "time_text_embed.guidance_embedder.linear_1.weight" in shapes,
        "num_mode": modes[0] if modes else None,
        "conditioning_embedding_channels": hint[0] if hint else None,
        "extra_conditioning_channels": _beside(more),
        **flux_head(width, head),
    }


def sd3_control_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of `diffusers.SD3ControlNetModel`.

    Networks without places of their own (SD3.5's by Stability AI) were trained with the pooled text
    and latents as they are; the others with zeros in its place, and latents without their shift.
    """
    kernel = shape_of(shapes, "pos_embed_input.proj.weight")
    width, patch = kernel[0], kernel[2]
    own = shapes.get("pos_embed.proj.weight")
    text = shapes.get("context_embedder.weight")
    channels = own[1] if own else kernel[1]
    layers = count(shapes, "transformer_blocks.{}.attn.to_q.weight")
    norm = shapes.get("transformer_blocks.0.attn.norm_q.weight")
    places = shapes.get("pos_embed.pos_embed")
    return {
        "patch_size": patch,
        "in_channels": channels,
        "out_channels": channels,
        "extra_conditioning_channels": _beside(kernel[1] - channels),
        "num_layers": layers,
        "joint_attention_dim": text[1] if text else None,
        "caption_projection_dim": text[0] if text else width,
        "pooled_projection_dim": pooled_width(shapes),
        "pos_embed_max_size": math.isqrt(places[1]) if places else 1,
        "use_pos_embed": own is not None,
        "force_zeros_for_pooled_projection": own is not None,
        "dual_attention_layers": tuple(
            i for i in range(layers) if f"transformer_blocks.{i}.attn2.to_q.weight" in shapes
        ),
        "qk_norm": "rms_norm" if norm else None,
        "sample_size": 128,
        **sd3_head(width, norm),
    }


def _beside(channels: int) -> int:
    if channels not in {0, 1}:
        raise ModelError(
            "model.unsupported_layout",
            "This ControlNet takes more channels beside its control image than a mask.",
            expected="no further channel, or 1",
            got=str(channels),
        )
    return channels


def pixart_control_config(shapes: Shapes) -> dict[str, Any]:
    """Sizes of a PixArt ControlNet: arguments of `pixart_control.PixArtControl`."""
    width = shape_of(shapes, "controlnet_blocks.0.after_proj.weight")[0]
    block = "controlnet_blocks.0.transformer_block."
    return {
        "num_layers": count(shapes, "controlnet_blocks.{}.after_proj.weight"),
        "cross_attention_dim": shape_of(shapes, f"{block}attn2.to_k.weight")[1],
        **pixart_heads(width),
    }
