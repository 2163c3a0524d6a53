"""Tiny random models of the families beyond SD1.x, as single files of the first published layout.

Every maker writes a file and gives the modules whose tensors it holds, so that the same weights run
in diffusers. Heavy libraries are imported inside the functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from . import models

L_WIDTH, G_WIDTH = 64, 48
"""Of SDXL's two text encoders."""
TEXT_PREFIX = "conditioner.embedders."


class Made(NamedTuple):
    """A written model and its modules."""

    path: Path
    network: Any
    vae: Any
    encoders: tuple[Any, ...]


def unet(**more: Any) -> Any:
    """A random UNet with linear projections and heads of width 64, as SD2.x and SDXL have."""
    import torch
    from diffusers import UNet2DConditionModel

    torch.manual_seed(more.pop("seed", 0))
    widths = more.pop("widths", (64, 128))
    levels = len(widths) - 1
    options: dict[str, Any] = {
        "sample_size": 8,
        "block_out_channels": widths,
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * levels,
        "up_block_types": ("CrossAttnUpBlock2D",) * levels + ("UpBlock2D",),
        "attention_head_dim": tuple(width // 64 for width in widths),
        "use_linear_projection": True,
    }
    return UNet2DConditionModel(**(options | more)).eval()


def sdxl_unet(context: int = L_WIDTH + G_WIDTH, sizes: int = 6, **more: Any) -> Any:
    """A random SDXL UNet, two transformer blocks deep on its lower level."""
    options = {
        "cross_attention_dim": context,
        "transformer_layers_per_block": (1, 2),
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": G_WIDTH + sizes * 256,
    }
    return unet(**(options | more))


def text_encoder(width: int, *, projection: int | None = None, act: str, seed: int) -> Any:
    """A random CLIP text encoder of 3 layers for the words of `models.WORDS`."""
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(seed)
    config = CLIPTextConfig(
        vocab_size=3 + len(models.WORDS),
        hidden_size=width,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=1,
        hidden_act=act,
        projection_dim=projection or width,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=0,
    )
    kind = CLIPTextModelWithProjection if projection else CLIPTextModel
    return kind(config).eval()


def text_tensors(encoder: Any, prefix: str) -> dict[str, Any]:
    """A CLIP text encoder in transformers' nested names."""
    found = {k.removeprefix("text_model."): v for k, v in encoder.state_dict().items()}
    return {
        prefix + ("" if name.startswith("text_projection") else "text_model.") + name: tensor
        for name, tensor in found.items()
        if not name.endswith("position_ids")
    }


def open_clip_tensors(encoder: Any, prefix: str) -> dict[str, Any]:
    """A CLIP text encoder in OpenCLIP's names: joined queries, keys, values; turned projection."""
    import torch

    state = {k.removeprefix("text_model."): v for k, v in encoder.state_dict().items()}
    result = {
        "token_embedding.weight": state["embeddings.token_embedding.weight"],
        "positional_embedding": state["embeddings.position_embedding.weight"],
        "ln_final.weight": state["final_layer_norm.weight"],
        "ln_final.bias": state["final_layer_norm.bias"],
        "logit_scale": torch.ones([]),
    }
    if "text_projection.weight" in state:
        result["text_projection"] = state["text_projection.weight"].T
    for layer in range(encoder.config.num_hidden_layers):
        old, new = f"encoder.layers.{layer}.", f"transformer.resblocks.{layer}."
        for kind in ("weight", "bias"):
            parts = [state[f"{old}self_attn.{part}_proj.{kind}"] for part in "qkv"]
            result[f"{new}attn.in_proj_{kind}"] = torch.cat(parts)
            for theirs, ours in (
                ("attn.out_proj", "self_attn.out_proj"),
                ("ln_1", "layer_norm1"),
                ("ln_2", "layer_norm2"),
                ("mlp.c_fc", "mlp.fc1"),
                ("mlp.c_proj", "mlp.fc2"),
            ):
                result[f"{new}{theirs}.{kind}"] = state[f"{old}{ours}.{kind}"]
    return {prefix + name: tensor for name, tensor in result.items()}


def write(path: Path, *parts: Mapping[str, Any], metadata: dict[str, str] | None = None) -> Path:
    """Parts of a checkpoint as one file, with the word tokenizer."""
    from weft.diffusion.saving import save_tensors

    joined = {name: tensor for part in parts for name, tensor in part.items()}
    save_tensors(path, joined, {"tokenizer": models.word_tokenizer(), **(metadata or {})})
    return path


def ldm(part: Any, module: Any) -> dict[str, Any]:
    """A network in the names of Stable Diffusion's files."""
    from weft.diffusion.formats.ldm import to_ldm

    return to_ldm(part, module.state_dict(), prefix=True)


def tiny_sdxl(path: Path, seed: int = 0, **more: Any) -> Made:
    """Write a tiny SDXL base checkpoint."""
    network, vae = sdxl_unet(seed=seed, **more), models.tiny_vae(seed=seed + 1)
    small = text_encoder(L_WIDTH, act="quick_gelu", seed=seed + 2)
    large = text_encoder(G_WIDTH, projection=G_WIDTH, act="gelu", seed=seed + 3)
    write(
        path,
        ldm("unet", network),
        ldm("vae", vae),
        text_tensors(small, f"{TEXT_PREFIX}0.transformer."),
        open_clip_tensors(large, f"{TEXT_PREFIX}1.model."),
    )
    return Made(path, network, vae, (small, large))


def tiny_refiner(path: Path, seed: int = 0) -> Made:
    """Write a tiny SDXL refiner checkpoint."""
    network = sdxl_unet(context=G_WIDTH, sizes=5, seed=seed)
    vae = models.tiny_vae(seed=seed + 1)
    large = text_encoder(G_WIDTH, projection=G_WIDTH, act="gelu", seed=seed + 3)
    write(
        path,
        ldm("unet", network),
        ldm("vae", vae),
        open_clip_tensors(large, f"{TEXT_PREFIX}0.model."),
    )
    return Made(path, network, vae, (large,))


def tiny_sd2(path: Path, seed: int = 0, metadata: dict[str, str] | None = None) -> Made:
    """Write a tiny SD2.x checkpoint."""
    network = unet(cross_attention_dim=G_WIDTH, seed=seed)
    vae = models.tiny_vae(seed=seed + 1)
    encoder = text_encoder(G_WIDTH, act="gelu", seed=seed + 2)
    write(
        path,
        ldm("unet", network),
        ldm("vae", vae),
        open_clip_tensors(encoder, "cond_stage_model.model."),
        metadata=metadata,
    )
    return Made(path, network, vae, (encoder,))
