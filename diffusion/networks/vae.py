"""VAEs, and small decoders for previews (TAESD)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import VAE
from ..formats.shapes import vae_config
from ..importing import importing
from .identity import Identity
from .image_encoder import image_tower
from .kind import Network, NetworkKind
from .names import Names
from .text_encoder import text_tower

if TYPE_CHECKING:
    from torch.nn import Module


_TINY = (
    ("1.weight", "3.conv.0.weight"),
    ("decoder.1.weight", "decoder.3.conv.0.weight"),
    ("taesd_decoder.1.weight", "taesd_decoder.3.conv.0.weight"),
    ("decoder.layers.0.weight", "decoder.layers.2.conv.0.weight"),
)
"""First layer and first block of a preview decoder, in its own names and diffusers'."""


def _autoencoder(names: Names) -> Identity | None:
    if names.network is not None or names.control is not None:
        return None
    for prefix in ("first_stage_model.", "vae.", ""):
        for layout, mark in (
            ("ldm", "encoder.down.0.block.0.conv1.weight"),
            ("diffusers", "encoder.down_blocks.0.resnets.0.conv1.weight"),
        ):
            if names.has(prefix + mark):
                # A text encoder beside it is what the file is called by.
                if text_tower(names) or image_tower(names):
                    return None
                latents = names.shapes.get(f"{prefix}decoder.conv_in.weight", (0, 0))[1]
                return Identity("vae", f"kl{latents}", layout, prefix)
    return None


def _preview_decoder(names: Names) -> Identity | None:
    for first, block in _TINY:
        if names.has(block) and len(names.shapes.get(first, ())) == 4:
            return Identity("preview_decoder", f"kl{names.size(first, 1)}")
    return None


def _vae(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    network: Module = AutoencoderKL(**config)
    return network


KIND = NetworkKind(
    "vae",
    "a VAE",
    folder="vae",
    recognise=_autoencoder,
    networks=(Network("vae", "vae", vae_config, _vae, VAE),),
)
PREVIEW_DECODER = NetworkKind(
    "preview_decoder",
    "a preview decoder (TAESD)",
    folder="vae_approx",
    recognise=_preview_decoder,
)
"""Read by `sampling.tiny_decoder`."""
