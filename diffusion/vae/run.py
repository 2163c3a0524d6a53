"""Runs a VAE, in float32 when its half type overflows.

SDXL's published VAE makes values beyond float16's range, and so black pictures. What comes out not
finite is computed again with widened weights, and that VAE is run so from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ..types import Vae
from ..weights.handle import Weights

if TYPE_CHECKING:
    from torch import Tensor

_overflowed: WeakSet[Weights] = WeakSet()
"""VAEs that a half type is too small for, as far as is known."""


def encode_mean(vae: Vae, pixels: Tensor) -> Tensor:
    """Mean of the posterior, (B, C, h, w) float32 on the CPU, of pixels (B, 3, H, W) in [-1, 1]."""
    return run_vae(vae, pixels, lambda network, x: network.encode(x).latent_dist.mode())


def decode_pixels(vae: Vae, samples: Tensor) -> Tensor:
    """Pixels (B, 3, H, W) float32 on the CPU, about [-1, 1], of latents (B, C, h, w)."""
    return run_vae(vae, samples, lambda network, x: network.decode(x).sample)


def run_vae(vae: Vae, x: Tensor, call: Callable[[Any, Tensor], Tensor]) -> Tensor:
    """Call a VAE's network, in float32 when its half type overflows.

    Args:
        vae: Whose network.
        x: Goes to the network's device and type.
        call: Gets the network and x.

    Returns:
        What it gives, float32 on the CPU.
    """
    import torch

    weights = vae.weights
    network: Any = weights.module
    half = weights.dtype in {torch.float16, torch.bfloat16}
    with torch.no_grad():
        if not (half and weights in _overflowed):
            found = call(network, x.to(device=weights.device, dtype=weights.dtype))
            if not half or bool(torch.isfinite(found).all()):
                return found.to(device="cpu", dtype=torch.float32)
            _overflowed.add(weights)
        wide = call(_widened(network), x.to(device=weights.device, dtype=torch.float32))
    return wide.to(device="cpu", dtype=torch.float32)


def _widened(network: Any) -> Any:
    from ..weights.shells import map_tensors

    return map_tensors(network, lambda t: t.float() if t.is_floating_point() else t)
