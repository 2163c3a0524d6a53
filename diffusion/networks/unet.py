"""Denoising networks: UNets, and the transformers of Flux, SD3 and PixArt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import TRANSFORMER, UNET
from ..formats.shapes import unet_config
from ..formats.transformer_shapes import flux_config, pixart_config, sd3_config
from ..importing import importing
from .identity import Identity
from .kind import Network, NetworkKind
from .names import Names

if TYPE_CHECKING:
    from torch.nn import Module


_VARIANTS = {"inpaint": "inpainting", "edit": "InstructPix2Pix", "unclip": "unCLIP"}


def _checkpoint(names: Names) -> Identity | None:
    if (facts := names.network) is None or not names.is_whole:
        return None
    family = names.family(facts)
    return Identity("checkpoint", family, facts.layout, facts.prefix, facts.variant, facts)


def _alone(names: Names) -> Identity | None:
    facts = names.network
    if facts is None or names.is_whole or names.is_offset:
        return None
    family = names.family(facts)
    return Identity("unet", family, facts.layout, facts.prefix, facts.variant, facts)


def _unet(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    from ..grounding.gligen_network import install_gligen_places
    from ..guidance.network import install_unet_switches
    from ..image_prompts.ip_attention import install_image_attention

    unet: Module = UNet2DConditionModel(**config)
    install_image_attention(unet)
    install_gligen_places(unet)
    install_unet_switches(unet)
    return unet


def _flux(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel

    from ..guidance.network import install_block_switches
    from ..guidance.untold import install_guidance_switch

    network: Module = FluxTransformer2DModel(**config)
    install_block_switches(network)
    install_guidance_switch(network)
    return network


def _sd3(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel

    from ..guidance.network import install_block_switches

    network: Module = SD3Transformer2DModel(**config)
    install_block_switches(network)
    return network


def _pixart(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.models.transformers.pixart_transformer_2d import PixArtTransformer2DModel

    from ..families.pixart_blocks import install_block_additions

    network: Module = PixArtTransformer2DModel(**config)
    install_block_additions(network)
    return network


KIND = NetworkKind(
    "unet",
    "a denoising network alone",
    folder="diffusion_models",
    more_folders=("unet",),
    recognise=_alone,
    variants=_VARIANTS,
    networks=(
        Network("unet", "unet", unet_config, _unet, UNET),
        Network(
            "flux",
            "transformer",
            flux_config,
            _flux,
            TRANSFORMER,
            owns=lambda shapes: "single_transformer_blocks.0.attn.to_q.weight" in shapes,
        ),
        Network(
            "pixart",
            "transformer",
            pixart_config,
            _pixart,
            TRANSFORMER,
            owns=lambda shapes: "caption_projection.linear_1.weight" in shapes,
        ),
        Network("sd3", "transformer", sd3_config, _sd3, TRANSFORMER),
    ),
)
CHECKPOINT = NetworkKind(
    "checkpoint",
    "a full checkpoint (UNet, VAE and text encoder)",
    folder="checkpoints",
    recognise=_checkpoint,
    variants=_VARIANTS,
)
