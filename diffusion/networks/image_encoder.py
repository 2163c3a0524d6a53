"""Image encoders (CLIP vision, SigLIP), and style models, which take their embeddings (Redux)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import EXACT
from ..formats.vision_shapes import clip_vision_config, redux_config, siglip_vision_config
from ..importing import importing
from .kind import Network, NetworkKind

if TYPE_CHECKING:
    from torch.nn import Module


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
    networks=(Network("redux", "redux", redux_config, _redux, EXACT),),
)
