"""Shapes of thimble's networks: Stable Diffusion 1.x in small, every configuration here."""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from training.tokenizer import LENGTH

Net: TypeAlias = Any
"""A diffusers or transformers network: their types hide from mypy that these are torch modules."""
TEXT_WIDTH = 128
LATENT = 16
"""Latent side of a 128 px picture."""
SCHEDULE: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
}
UNET: dict[str, Any] = {
    "sample_size": LATENT,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (64, 128, 192),
    # No attention over 16x16: it would take more than half of the time on a CPU.
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 1,
    "attention_head_dim": 8,  # diffusers' SD1.x sense: eight heads at every level
    "cross_attention_dim": TEXT_WIDTH,
    "norm_num_groups": 32,
}


def text_config(vocabulary: int) -> CLIPTextConfig:
    """CLIP text encoder; start and end of text are the last two tokens."""
    return CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        projection_dim=TEXT_WIDTH,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=LENGTH,
        hidden_act="quick_gelu",
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=vocabulary - 1,
    )


def new_text_encoder(vocabulary: int) -> Net:
    """Untrained text encoder. Unit-size embeddings: CLIP's 0.02 suits long training, not ours."""
    model = CLIPTextModel(text_config(vocabulary))
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Embedding):
                module.weight.normal_(std=0.3)
    return model


def untyped(kind: Any, **options: Any) -> Any:
    """A network or scheduler of diffusers, whose constructors have no types."""
    return kind(**options)


def new_unet() -> Net:
    """Untrained UNet."""
    return untyped(UNet2DConditionModel, **UNET)


def alphas_cumprod() -> Tensor:
    """Signal power left at each of the 1000 steps: (1000,)."""
    values: Tensor = untyped(DDPMScheduler, **SCHEDULE).alphas_cumprod
    return values
