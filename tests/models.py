"""Tiny random models, written as real single files through the public savers.

Heavy libraries are imported inside the functions. The same seed gives the same file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONTEXT = 64
WIDTHS = (32, 64)
LATENT_SCALE = 8
VAE_WIDTHS = (32, 32, 32, 32)
VISION_WIDTH = 64
IMAGE_WIDTH = 32
WORDS = ["a", "red", "green", "blue", "circle", "square", "on", "the", "photo", "of"]


def word_tokenizer() -> str:
    """The text of a tokenizer.json with whole words and CLIP's two special tokens."""
    vocabulary = {"<|startoftext|>": 0, "<|endoftext|>": 1, "<unk>": 2}
    vocabulary |= {word: 3 + i for i, word in enumerate(WORDS)}
    special = [
        {
            "id": i,
            "content": word,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for word, i in vocabulary.items()
        if i < 3
    ]
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": special,
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": None,
            "decoder": None,
            "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
        }
    )


def tiny_unet(widths: tuple[int, ...] = WIDTHS, context: int = CONTEXT, seed: int = 0) -> Any:
    """A random UNet2DConditionModel; all levels but the last attend."""
    import torch
    from diffusers import UNet2DConditionModel

    torch.manual_seed(seed)
    levels = len(widths) - 1
    return UNet2DConditionModel(
        sample_size=64,  # diffusers' img2img pipeline compares it with a number
        block_out_channels=widths,
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D",) * levels + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * levels,
        cross_attention_dim=context,
        attention_head_dim=8,
    ).eval()


def tiny_vae(seed: int = 1) -> Any:
    """A random AutoencoderKL of factor 8."""
    import torch
    from diffusers import AutoencoderKL

    torch.manual_seed(seed)
    levels = len(VAE_WIDTHS)
    return AutoencoderKL(
        block_out_channels=VAE_WIDTHS,
        layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        latent_channels=4,
    ).eval()


def tiny_text_encoder(vocabulary: int | None = None, seed: int = 2) -> Any:
    """A random CLIPTextModel; by default with the vocabulary of `word_tokenizer`."""
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(seed)
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary or 3 + len(WORDS),
            hidden_size=CONTEXT,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=1,
            hidden_act="quick_gelu",
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
    ).eval()


def tiny_sd1(path: Path, *, clip_bpe: bool = False, half: bool = False, seed: int = 0) -> Path:
    """Write a tiny SD1.x checkpoint (about 3 MB).

    Args:
        path: Target file.
        clip_bpe: Give the text encoder CLIP's 49408 tokens (12 MB more) instead of ten words.
        half: Store float16.
        seed: Of the random weights.
    """
    from weft.diffusion.files.saving import save_checkpoint

    parts = (
        tiny_unet(seed=seed).state_dict(),
        tiny_vae(seed=seed + 1).state_dict(),
        tiny_text_encoder(49408 if clip_bpe else None, seed=seed + 2).state_dict(),
    )
    if half:
        parts = tuple({k: v.half() for k, v in part.items()} for part in parts)
    save_checkpoint(path, *parts, metadata=None if clip_bpe else {"tokenizer": word_tokenizer()})
    return path


def tiny_controlnet_model(
    widths: tuple[int, ...] = WIDTHS, context: int = CONTEXT, seed: int = 3
) -> Any:
    """A random ControlNetModel whose zero convolutions are not zero, so that it acts."""
    import torch
    from diffusers import ControlNetModel

    torch.manual_seed(seed)
    levels = len(widths) - 1
    net = ControlNetModel(
        block_out_channels=widths,
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D",) * levels + ("DownBlock2D",),
        cross_attention_dim=context,
        attention_head_dim=8,
        conditioning_embedding_out_channels=(16, 32, 32, 32),
    )
    with torch.no_grad():
        for layer in (*net.controlnet_down_blocks, net.controlnet_mid_block):
            torch.nn.init.normal_(layer.weight, std=0.1)
        torch.nn.init.normal_(net.controlnet_cond_embedding.conv_out.weight, std=0.1)
    return net.eval()


def tiny_controlnet(path: Path, *, seed: int = 3, widths: tuple[int, ...] = WIDTHS) -> Path:
    """Write a tiny ControlNet in the LDM layout."""
    from weft.diffusion.files.saving import save_controlnet

    save_controlnet(path, tiny_controlnet_model(widths, seed=seed).state_dict())
    return path


def tiny_clip_vision_model(seed: int = 4) -> Any:
    """A random CLIPVisionModelWithProjection for 32x32 pictures."""
    import torch
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(seed)
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=VISION_WIDTH,
            intermediate_size=128,
            projection_dim=IMAGE_WIDTH,
            num_hidden_layers=2,
            num_attention_heads=1,
            image_size=32,
            patch_size=8,
            hidden_act="quick_gelu",
        )
    ).eval()


def tiny_clip_vision(path: Path, *, seed: int = 4) -> Path:
    """Write a tiny CLIP image encoder."""
    from weft.diffusion.files.saving import save_clip_vision

    save_clip_vision(path, tiny_clip_vision_model(seed).state_dict())
    return path


def tiny_ip_adapter_tensors(seed: int = 5) -> tuple[dict[str, Any], dict[str, Any]]:
    """Random image_proj and ip_adapter tensors that fit the tiny UNet and image encoder."""
    import torch

    torch.manual_seed(seed)
    projection = {
        "proj.weight": torch.randn(4 * CONTEXT, IMAGE_WIDTH),
        "proj.bias": torch.randn(4 * CONTEXT),
        "norm.weight": torch.ones(CONTEXT),
        "norm.bias": torch.zeros(CONTEXT),
    }
    attention: dict[str, Any] = {}
    names = [n for n in tiny_unet().attn_processors if n.startswith(("down", "up", "mid"))]
    for number, name in enumerate(names):
        if name.endswith("attn2.processor"):
            width = WIDTHS[-1] if name.startswith("mid") else WIDTHS[0]
            for kind in ("k", "v"):
                tensor = torch.randn(width, CONTEXT) / CONTEXT**0.5
                attention[f"{number}.to_{kind}_ip.weight"] = tensor
    return projection, attention


def tiny_ip_adapter(path: Path, *, seed: int = 5) -> Path:
    """Write a tiny base-layout IP-Adapter."""
    from weft.diffusion.files.saving import save_ip_adapter

    save_ip_adapter(path, *tiny_ip_adapter_tensors(seed))
    return path
