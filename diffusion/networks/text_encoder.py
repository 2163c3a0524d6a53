"""Text encoders: CLIP, T5 and BERT; and embeddings for them (textual inversion)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import LARGE_TEXT, TEXT
from ..formats.ggml_names import T5_MARK
from ..formats.shapes import clip_text_config
from ..formats.transformer_shapes import bert_config, t5_config
from ..importing import importing
from .identity import Identity
from .image_encoder import image_tower
from .kind import Network, NetworkKind
from .names import Names

if TYPE_CHECKING:
    from torch.nn import Module


_PREFIXES = (
    "cond_stage_model.transformer.text_model.",
    "cond_stage_model.transformer.",
    "cond_stage_model.model.",
    "text_model.",
    "transformer.text_model.",
    "bert.",
    "",
)
_EMBEDDED = {768: "sd1", 1024: "sd2"}
"""Width of the vectors of a textual inversion -> its family."""


def text_tower(names: Names) -> Identity | None:
    """A text encoder with neither a denoising network nor an image encoder beside it."""
    if names.network is not None or names.control is not None or image_tower(names):
        return None
    if names.has(T5_MARK):
        return Identity("text_encoder", "unknown", "t5_ggml", "")
    token = "embeddings.token_embedding.weight"  # noqa: S105 - a tensor name
    for prefix in _PREFIXES:
        if names.has(prefix + token):
            # Its projection stands outside of "text_model."
            front = prefix.removesuffix("text_model.")
            return Identity("text_encoder", "unknown", "diffusers", front)
        if names.has(f"{prefix}transformer.resblocks.0.attn.in_proj_weight"):
            return Identity("text_encoder", "unknown", "open_clip", prefix)
        if names.has(f"{prefix}encoder.block.0.layer.0.SelfAttention.q.weight"):
            return Identity("text_encoder", "unknown", "t5", prefix)
        if names.has(f"{prefix}embeddings.word_embeddings.weight"):
            return Identity("text_encoder", "unknown", "bert", prefix.removesuffix("bert."))
    return None


def _embedding(names: Names) -> Identity | None:
    if not names.has("emb_params") and not names.has("clip_g"):
        return None
    # A file for CLIP-G serves SDXL first; others are told by the width that they were made in.
    width = names.size("emb_params", -1)
    family = "sdxl" if names.has("clip_g") else _EMBEDDED.get(width, "unknown")
    return Identity("embedding", family)


def _text_encoder(config: dict[str, Any]) -> Module:
    from torch.nn import Linear

    with importing():
        from transformers import CLIPTextConfig, CLIPTextModel

    projection = config.pop("projection_dim", None)
    # The special ids are only read by transformers' own pooling, which weft does not use; its
    # defaults lie outside of small vocabularies and are warned about.
    ids = {"bos_token_id": 0, "eos_token_id": config["vocab_size"] - 1, "pad_token_id": 0}
    network: Module = CLIPTextModel(CLIPTextConfig(**config, **ids))
    # Flat since transformers 5, nested before.
    inner: Module = getattr(network, "text_model", network)
    if projection is not None:
        inner.text_projection = Linear(config["hidden_size"], projection, bias=False)
    return inner


def _t5(config: dict[str, Any]) -> Module:
    with importing():
        from transformers import T5Config, T5EncoderModel

    network = T5EncoderModel(T5Config(**config, dropout_rate=0.0, is_encoder_decoder=False))
    network.encoder.embed_tokens = network.shared  # one tensor under two names
    module: Module = network
    return module


def _bert(config: dict[str, Any]) -> Module:
    from torch.nn import Linear

    with importing():
        from transformers import BertConfig, BertModel

    projection = config.pop("projection_dim")
    network: Module = BertModel(BertConfig(**config), add_pooling_layer=False)
    if projection:
        network.classifier = Linear(config["hidden_size"], projection)
    return network


KIND = NetworkKind(
    "text_encoder",
    "a text encoder",
    folder="clip",
    more_folders=("text_encoders",),
    recognise=text_tower,
    networks=(
        Network(
            "t5",
            "text_encoder",
            t5_config,
            _t5,
            LARGE_TEXT,
            owns=lambda shapes: any(name.startswith("encoder.block.") for name in shapes),
        ),
        Network(
            "bert",
            "text_encoder",
            bert_config,
            _bert,
            TEXT,
            owns=lambda shapes: "embeddings.word_embeddings.weight" in shapes,
        ),
        Network("text_encoder", "text_encoder", clip_text_config, _text_encoder, TEXT),
    ),
)
EMBEDDING = NetworkKind(
    "embedding", "a textual inversion embedding", folder="embeddings", recognise=_embedding
)
