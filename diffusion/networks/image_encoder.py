"""Image encoders (CLIP vision, SigLIP), and style models, which take their embeddings (Redux)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import EXACT
from ..formats.vision_shapes import clip_vision_config, redux_config, siglip_vision_config
from ..importing import importing
from .identity import Identity
from .kind import Network, NetworkKind
from .names import Names

if TYPE_CHECKING:
    from torch.nn import Module


def image_tower(names: Names) -> Identity | None:
    """A tower over patches of an image, with or without the text encoder of the same CLIP."""
    if names.network is not None or names.control is not None:
        return None
    patch = "embeddings.patch_embedding.weight"
    for prefix in ("vision_model.", ""):
        if names.has(f"{prefix}{patch}") and names.has(f"{prefix}post_layernorm.weight"):
            # SigLIP has no token for the whole image.
            whole = names.has(f"{prefix}embeddings.class_embedding")
            return Identity("clip_vision", "unknown" if whole else "siglip", "diffusers", prefix)
    if names.start("visual.transformer.resblocks."):
        return Identity("clip_vision", "unknown", "open_clip", "visual.")
    return None


def _style_model(names: Names) -> Identity | None:
    return Identity("style_model", "flux") if names.has("redux_up.weight") else None


def _siglip_vision(config: dict[str, Any]) -> Module:
    with importing():
        from transformers import SiglipVisionConfig, SiglipVisionModel

    network: Module = SiglipVisionModel(SiglipVisionConfig(**config))
    return network


def _clip_vision(config: dict[str, Any]) -> Module:
    with importing():
        from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    network: Module = CLIPVisionModelWithProjection(CLIPVisionConfig(**config))
    return network


def _redux(config: dict[str, Any]) -> Module:
    with importing():
        from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder

    network: Module = ReduxImageEncoder(**config)
    return network


KIND = NetworkKind(
    "clip_vision",
    "an image encoder",
    folder="clip_vision",
    recognise=image_tower,
    networks=(
        Network(
            "siglip_vision",
            "clip_vision",
            siglip_vision_config,
            _siglip_vision,
            EXACT,
            owns=lambda shapes: "embeddings.patch_embedding.weight" in shapes,
        ),
        Network("clip_vision", "clip_vision", clip_vision_config, _clip_vision, EXACT),
    ),
)
STYLE_MODEL = NetworkKind(
    "style_model",
    "a style model",
    folder="style_models",
    recognise=_style_model,
    networks=(Network("redux", "redux", redux_config, _redux, EXACT),),
)
