"""Image attention of IP-Adapters, without ever changing the shared UNet.

Every cross-attention layer of a UNet gets one of our processors when the UNet is built. It looks
into a context variable for the adapters of the call under way; with none it does what the stock
processor does. So two models that share one UNet, with and without adapters, can run interleaved or
in different threads, and there is nothing to restore.

Source: Ye et al. 2023, "IP-Adapter", eq. 5: Z = Attention(Q, K, V) + weight * Attention(Q, K', V').
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class ActiveAdapter:
    """An adapter in the call under way: image tokens (B, 4*N, C), its key/value layers, weight."""

    network: IPAdapterNetwork
    tokens: Tensor
    weight: float


_active: ContextVar[tuple[ActiveAdapter, ...]] = ContextVar("weft_active_ip_adapters", default=())


@contextmanager
def active_adapters(adapters: Sequence[ActiveAdapter]) -> Iterator[None]:
    """Let these adapters act on UNet calls inside the block, in this thread only."""
    token = _active.set(tuple(adapters))
    try:
        yield
    finally:
        _active.reset(token)


class IPAdapterNetwork(nn.Module):
    """Weights of a base-layout IP-Adapter: projection to 4 tokens, keys and values per layer."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        context, image_width = config["cross_attention_dim"], config["image_width"]
        self.context = context
        self.image_proj = nn.ModuleDict(
            {"proj": nn.Linear(image_width, 4 * context), "norm": nn.LayerNorm(context)}
        )
        self.ip_adapter = nn.ModuleDict(
            {
                str(number): nn.ModuleDict(
                    {
                        "to_k_ip": nn.Linear(context, width, bias=False),
                        "to_v_ip": nn.Linear(context, width, bias=False),
                    }
                )
                for number, width in zip(config["ids"], config["widths"], strict=True)
            }
        )

    def tokens(self, embeds: Tensor) -> Tensor:
        """Image tokens (1, 4*N, C) of N image embeddings (N, D)."""
        projected = self.image_proj["proj"](embeds).reshape(-1, 4, self.context)
        tokens: Tensor = self.image_proj["norm"](projected)
        return tokens.reshape(1, -1, self.context)

    def keys_values(self, layer: str, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values (B, T, width) of one attention layer."""
        pair = self.ip_adapter[layer]
        assert isinstance(pair, nn.ModuleDict)
        return pair["to_k_ip"](tokens), pair["to_v_ip"](tokens)


class ImageAttention:
    """Cross-attention of an SD1.x UNet, plus the active adapters'. `layer` is its id in files."""

    def __init__(self, layer: str) -> None:
        self.layer = layer

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
        **_: Any,
    ) -> Tensor:
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        heads = attn.heads
        query = _split(attn.to_q(hidden_states), heads)
        key, value = attn.to_k(context), attn.to_v(context)
        out = _join(F.scaled_dot_product_attention(query, _split(key, heads), _split(value, heads)))
        for adapter in _active.get():
            key, value = adapter.network.keys_values(self.layer, adapter.tokens)
            key, value = _split(key, heads), _split(value, heads)
            image = _join(F.scaled_dot_product_attention(query, key, value))
            out = out + adapter.weight * image
        result: Tensor = attn.to_out[0](out)
        return result


def install_image_attention(unet: Any) -> None:
    """Give all cross-attention layers of a new UNet their processor; done once, at building.

    Ids count all attention layers in diffusers' order (down, up, middle), two per transformer
    block: self-attention even, cross-attention odd. Published adapter files use these numbers.
    """
    processors = dict(unet.attn_processors)
    for number, name in enumerate(processors):
        if name.endswith("attn2.processor"):
            processors[name] = ImageAttention(str(number))
    unet.set_attn_processor(processors)


def _split(x: Tensor, heads: int) -> Tensor:
    batch, length, width = x.shape
    return x.view(batch, length, heads, width // heads).transpose(1, 2)


def _join(x: Tensor) -> Tensor:
    batch, heads, length, width = x.shape
    return x.transpose(1, 2).reshape(batch, length, heads * width)


__all__ = [
    "ActiveAdapter",
    "IPAdapterNetwork",
    "ImageAttention",
    "active_adapters",
    "install_image_attention",
]
