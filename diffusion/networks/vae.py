"""VAEs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import VAE
from ..formats.shapes import vae_config
from ..importing import importing
from .kind import Network, NetworkKind

if TYPE_CHECKING:
    from torch.nn import Module


def _vae(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    network: Module = AutoencoderKL(**config)
    return network


KIND = NetworkKind(
    "vae", "a VAE", folder="vae", networks=(Network("vae", "vae", vae_config, _vae, VAE),)
)
