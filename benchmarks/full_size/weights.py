"""Seeded random weights in the single-file layout of SD1.5, and the configs diffusers asks for.

torch's own first values, then two output layers are scaled: the UNet's answer to noise gets unit
deviation, as a trained one has, and the decoder's picture spans most of -1 to 1. The norms inside
keep all else finite.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SCALE = 0.18215
FILE = Path("checkpoints") / "full-size.safetensors"
CONFIGS = "configs"


@dataclass(frozen=True)
class Shape:
    """Widths of the networks; the defaults are those of SD1.5.

    Attributes:
        unet: Channels of the UNet's first level.
        vae: Of the VAE's first level.
        text: Width of the text encoder.
        layers: Layers of the text encoder.
        seed: Of all weights.
    """

    unet: int = 320
    vae: int = 128
    text: int = 768
    layers: int = 12
    seed: int = 0


SMALL = Shape(unet=32, vae=32, text=64, layers=2)
"""To try the benchmark itself in seconds."""


def prepared(cache: Path, shape: Shape) -> Path:
    """The folder of a checkpoint of this shape; written if it is not there yet.

    It has `FILE` in it, as a models folder has, and `CONFIGS`, a diffusers folder without weights.
    """
    name = "-".join(str(value) for value in asdict(shape).values())
    folder = cache / f"sd15-{name}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / FILE).parent.mkdir(parents=True)
        _write(folder, shape)
        (folder / "done").touch()
    return folder


def _write(folder: Path, shape: Shape) -> None:
    import torch
    from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    import weft.diffusion as wd
    from training.nets import untyped

    torch.manual_seed(shape.seed)
    unet = untyped(
        UNet2DConditionModel,
        block_out_channels=tuple(shape.unet * n for n in (1, 2, 4, 4)),
        cross_attention_dim=shape.text,
        attention_head_dim=8,
    )
    vae = untyped(
        AutoencoderKL,
        block_out_channels=tuple(shape.vae * n for n in (1, 2, 4, 4)),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=4,
        scaling_factor=SCALE,
    )
    text: Any = CLIPTextModel(
        CLIPTextConfig(
            hidden_size=shape.text,
            intermediate_size=4 * shape.text,
            projection_dim=shape.text,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.text // 64,
            hidden_act="quick_gelu",
        )
    )
    with torch.no_grad():
        _calibrate(unet, vae, shape.text)
    wd.save_checkpoint(folder / FILE, *(part.state_dict() for part in (unet, vae, text)))
    configs = folder / CONFIGS
    unet.save_config(configs / "unet")
    vae.save_config(configs / "vae")
    text.config.save_pretrained(configs / "text_encoder")
    untyped(EulerDiscreteScheduler, **BETAS).save_pretrained(configs / "scheduler")
    _write_tokenizer(configs / "tokenizer")
    parts = {
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
    }
    index = {"_class_name": "StableDiffusionPipeline", "requires_safety_checker": False, **parts}
    (configs / "model_index.json").write_text(json.dumps(index, indent=2), "utf-8")


BETAS: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
}


def _calibrate(unet: Any, vae: Any, width: int) -> None:
    import torch

    x = torch.randn(1, 4, 32, 32)
    _scale(unet.conv_out, unet(x, 500, torch.randn(1, 77, width)).sample, 1.0)
    _scale(vae.decoder.conv_out, vae.decode(x / SCALE).sample, 0.5)


def _scale(layer: Any, output: Any, deviation: float) -> None:
    """Scale a last layer so that its output has this deviation."""
    factor = deviation / float(output.std())
    layer.weight *= factor
    layer.bias *= factor


def _write_tokenizer(folder: Path) -> None:
    from weft.diffusion.text.tokenizers import END, START, clip_tokenizer

    folder.mkdir(parents=True)
    (folder / "tokenizer.json").write_text(clip_tokenizer().backend.to_str(), "utf-8")
    words = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, **words}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
