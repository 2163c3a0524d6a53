"""LoRA factors beside the layers of a UNet, and their file with kohya's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.nets import Net
from weft.diffusion.files.saving import save_tensors


class Factors(nn.Module):
    """down and up beside one layer; up begins at zero, so that nothing changes at first.

    Args:
        layer: Linear layer or convolution.
        rank: Width between down and up. The factors count whole (alpha is the rank).
    """

    def __init__(self, layer: nn.Linear | nn.Conv2d, rank: int) -> None:
        super().__init__()
        self.on = True
        self.down: nn.Module
        if isinstance(layer, nn.Conv2d):
            # torch types these as tuples of any length.
            shape: dict[str, Any] = {
                "kernel_size": layer.kernel_size,
                "stride": layer.stride,
                "padding": layer.padding,
            }
            self.down = nn.Conv2d(layer.in_channels, rank, bias=False, **shape)
            self.up: nn.Conv2d | nn.Linear = nn.Conv2d(rank, layer.out_channels, 1, bias=False)
        else:
            self.down = nn.Linear(layer.in_features, rank, bias=False)
            self.up = nn.Linear(rank, layer.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def hook(self) -> Callable[..., Tensor]:
        """Adds the factors' part to a layer's output, while they are on."""

        def add(_: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> Tensor:
            return out + self.up(self.down(inputs[0])) if self.on else out

        return add


def attach(unet: Net, rank: int, *, times: bool = False) -> nn.ModuleDict:
    """Factors at every linear layer and convolution of the blocks, by kohya's name.

    Args:
        unet: Gets hooks; may have other factors already.
        rank: Of all factors.
        times: Also beside the layers that read the time step.
    """
    found = nn.ModuleDict()
    for name, layer in unet.named_modules():
        inside = name.startswith(("down_blocks.", "mid_block.", "up_blocks."))
        if not inside or not isinstance(layer, nn.Linear | nn.Conv2d):
            continue
        if times or "time_emb" not in name:
            factors = Factors(layer, rank)
            layer.register_forward_hook(factors.hook())
            found["lora_unet_" + name.replace(".", "_")] = factors
    return found


def switch(parts: Iterable[nn.Module], on: bool) -> None:
    """Let factors count, or not."""
    for factors in parts:
        assert isinstance(factors, Factors)
        factors.on = on


def save_lora(path: Path, state: dict[str, Tensor], rank: int, title: str) -> None:
    """Write the factors' weights (names as in `attach`'s state) as a kohya file, fp16."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        layer, which, _ = name.split(".")
        found[f"{layer}.lora_{which}.weight"] = value.detach().half()
        found[f"{layer}.alpha"] = torch.tensor(float(rank)).half()
    header = {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.title": title,
        "modelspec.architecture": "stable-diffusion-v1/lora",
        "modelspec.license": "Apache-2.0",
        "modelspec.resolution": "128x128",
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(float(rank)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_tensors(path, found, header)
