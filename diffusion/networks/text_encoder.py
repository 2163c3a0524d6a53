"""Text encoders: CLIP, T5 and BERT; and embeddings for them (textual inversion)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import LARGE_TEXT, TEXT
from ..formats.shapes import clip_text_config
from ..formats.transformer_shapes import bert_config, t5_config
from ..importing import importing
from .kind import Network, NetworkKind

if TYPE_CHECKING:
    from torch.nn import Module


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
EMBEDDING = NetworkKind("embedding", "a textual inversion embedding", folder="embeddings")
