"""LoRA files in every spelling, for the tiny models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import weft.diffusion as wd

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write tensors (name -> tensor) to a file in a fresh folder."""

    def save(
        tensors: Mapping[str, Tensor],
        metadata: Mapping[str, str] | None = None,
        name: str = "style.safetensors",
    ) -> Path:
        save_file(
            {k: t.contiguous() for k, t in tensors.items()}, tmp_path / name, dict(metadata or {})
        )
        return tmp_path / name

    return save


def random(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed + 31 * sum(shape))
    return torch.randn(shape, generator=generator) * 0.2


def attention_layers(weights: wd.Weights) -> list[str]:
    """Names of a UNet's linear attention layers."""
    return [
        name.removesuffix(".weight")
        for name, shape in weights.shapes.items()
        if ".attn" in name and name.endswith(".weight") and len(shape) == 2
    ]


def text_layers(weights: wd.Weights) -> list[str]:
    """Names of a text encoder's projections."""
    return [n.removesuffix(".weight") for n in weights.shapes if n.endswith("_proj.weight")]


def factors(
    weights: wd.Weights, layers: list[str], rank: int = 2, seed: int = 0
) -> dict[str, tuple[Tensor, Tensor]]:
    """Layer -> (up, down)."""
    found = {}
    for number, layer in enumerate(layers):
        out, into = weights.shapes[f"{layer}.weight"]
        up = random(out, rank, seed=seed + 2 * number)
        found[layer] = (up, random(rank, into, seed=seed + 2 * number + 1))
    return found


def kohya(
    weights: wd.Weights, prefix: str = "lora_unet_", alpha: float | None = 1.0, seed: int = 0
) -> dict[str, Tensor]:
    """A LoRA of all attention layers with kohya's names."""
    unet = prefix.startswith("lora_unet")
    layers = attention_layers(weights) if unet else text_layers(weights)
    tensors: dict[str, Tensor] = {}
    for layer, (up, down) in factors(weights, layers, seed=seed).items():
        stem = prefix + layer.replace(".", "_")
        tensors |= {f"{stem}.lora_up.weight": up, f"{stem}.lora_down.weight": down}
        if alpha is not None:
            tensors[f"{stem}.alpha"] = torch.tensor(alpha)
    return tensors
