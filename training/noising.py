"""The forward process and its loss, shared by UNet, ControlNet and IP-Adapter training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.nets import alphas_cumprod

GAMMA = 5.0
"""Min-SNR cap: steps that are nearly clean count less."""
OFFSET = 0.15
"""Deviation of a constant added to the noise of each channel.

This schedule never reaches pure noise, and a flat ground shows through in the mean of the noisiest
step. Without the offset the network reads the ground from there, not from the text; when sampling,
where nothing shows through, the ground is then left to chance.
"""
TOWARDS_NOISE = 0.65
"""Steps are 1000 * u ** this: more of the noisy ones, where text decides."""


class Noising:
    """Adds noise to latents and weighs the error of the predicted noise."""

    def __init__(self, device: torch.device, seed: int) -> None:
        self.power = alphas_cumprod().to(device)
        self.generator = torch.Generator(device).manual_seed(seed)
        snr = self.power / (1 - self.power)
        weight = snr.clamp(max=GAMMA) / snr
        self.weight = weight / weight.mean()

    def draw(self, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Noisy latents, the noise and the steps (B,); steps are spread over the batch."""
        count = len(latents)
        where = torch.arange(count, device=latents.device)
        offset = torch.rand(count, generator=self.generator, device=latents.device)
        evenly = (where + offset) / count
        steps = (evenly**TOWARDS_NOISE * len(self.power)).long().clamp(max=len(self.power) - 1)
        noise = torch.randn(latents.shape, generator=self.generator, device=latents.device)
        flat = (*latents.shape[:2], 1, 1)
        noise += OFFSET * torch.randn(flat, generator=self.generator, device=latents.device)
        power = self.power[steps].view(-1, 1, 1, 1)
        return latents * power.sqrt() + noise * (1 - power).sqrt(), noise, steps

    def loss(self, predicted: Tensor, noise: Tensor, steps: Tensor) -> Tensor:
        """Min-SNR weighted mean squared error."""
        error = (predicted.float() - noise).square().mean(dim=(1, 2, 3))
        return (error * self.weight[steps]).mean()


class Fp32Attention:
    """Context that runs attention in fp32 under bf16 autocast.

    torch's CPU attention is twice as slow backwards in bf16 as in fp32 at these sizes; on CUDA it
    changes nothing.
    """

    def __init__(self, device: torch.device) -> None:
        self.active = device.type == "cpu"
        self._plain = functional.scaled_dot_product_attention

    def __enter__(self) -> None:
        plain = self._plain

        def attention(query: Tensor, key: Tensor, value: Tensor, **options: Any) -> Tensor:
            with torch.autocast("cpu", enabled=False):
                return plain(query.float(), key.float(), value.float(), **options)

        if self.active:
            functional.scaled_dot_product_attention = attention  # type: ignore[assignment]

    def __exit__(self, *error: object) -> None:
        functional.scaled_dot_product_attention = self._plain


def freeze(model: nn.Module) -> Any:
    """Eval mode, no gradients."""
    return model.eval().requires_grad_(False)
