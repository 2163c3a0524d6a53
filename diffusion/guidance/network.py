"""Switches inside of a network that rules of guidance turn for the evaluations they are about.

They are built in once, when a network is made, and look into context variables: with none set they
do nothing. So the shared network is never changed, and two models on it can run interleaved or in
different threads. Heavy imports (torch) happen here: import this where a network is at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from .features import install_feature_switches
from .hyper import install_hyper_switches
from .shrink import install_shrink_switches
from .switches import switched
from .tiles import install_tile_switches
from .token_merging import install_merging_switches


@dataclass(slots=True)
class Attention:
    """The mode of self-attention in the middle of a UNet.

    Attributes:
        identity: Whether every place looks at itself alone.
        scores: Where attention of the first block is put, (rows * heads, places, places); None to
            put it nowhere.
    """

    identity: bool = False
    scores: list[Tensor] | None = field(default=None)


_attention: ContextVar[Attention | None] = ContextVar("weft_middle_attention", default=None)
_skipped: ContextVar[frozenset[str]] = ContextVar("weft_skipped_blocks", default=frozenset())


@contextmanager
def middle_attention(how: Attention) -> Iterator[None]:
    """Let self-attention in the middle of a UNet do something else inside of the block."""
    with switched(_attention, how):
        yield


@contextmanager
def skipped_blocks(names: Sequence[str]) -> Iterator[None]:
    """Let a transformer leave out blocks inside of the block: "double.7", "single.3"."""
    with switched(_skipped, _skipped.get() | frozenset(names)):
        yield


class MiddleAttention:
    """Self-attention in the middle of a UNet; `first` says whether its scores may be asked for."""

    def __init__(self, *, first: bool) -> None:
        self._first = first

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
        **_: Any,
    ) -> Tensor:
        how = _attention.get()
        value = attn.to_v(hidden_states)
        if how is not None and how.identity:
            result: Tensor = attn.to_out[0](value)
            return result
        batch, length, width = value.shape
        heads = attn.heads

        def split(x: Tensor) -> Tensor:
            return x.view(batch, length, heads, width // heads).transpose(1, 2)

        query, key = split(attn.to_q(hidden_states)), split(attn.to_k(hidden_states))
        if how is not None and how.scores is not None and self._first:
            scores = (query @ key.transpose(-1, -2)) * (width // heads) ** -0.5
            how.scores.append(scores.float().softmax(dim=-1))
        out = F.scaled_dot_product_attention(query, key, split(value))
        joined: Tensor = attn.to_out[0](out.transpose(1, 2).reshape(batch, length, width))
        return joined


def install_unet_switches(unet: Any) -> None:
    """Build the switches into a new UNet2DConditionModel; done once, at building."""
    processors = dict(unet.attn_processors)
    first = True
    for name in processors:
        if name.startswith("mid_block") and name.endswith("attn1.processor"):
            processors[name] = MiddleAttention(first=first)
            first = False
    unet.set_attn_processor(processors)
    install_feature_switches(unet)
    install_shrink_switches(unet)
    install_tile_switches(unet)
    install_hyper_switches(unet)
    install_merging_switches(unet)


def install_block_switches(transformer: Any) -> None:
    """Let the blocks of a new diffusion transformer be left out; done once, at building."""
    for kind, blocks in (
        ("double", getattr(transformer, "transformer_blocks", ())),
        ("single", getattr(transformer, "single_transformer_blocks", ())),
    ):
        for number, block in enumerate(blocks):
            block.weft_name = f"{kind}.{number}"
            block.register_forward_hook(_skip_block, with_kwargs=True)


def _skip_block(block: Any, arguments: Any, named: Any, output: Any) -> Any:
    """What went into a block in place of what came out of it, if it is to be left out."""
    if block.weft_name not in _skipped.get():
        return None
    hidden = named["hidden_states"] if "hidden_states" in named else arguments[0]
    if not isinstance(output, tuple):
        return hidden
    text = named["encoder_hidden_states"] if "encoder_hidden_states" in named else arguments[1]
    return (None if output[0] is None else text, hidden)
