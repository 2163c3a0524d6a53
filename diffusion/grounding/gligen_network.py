"""GLIGEN's layers, run inside of a UNet's blocks without ever changing the shared UNet.

Every transformer block of a UNet gets an empty place for a layer when the UNet is built. It looks
into a context variable for the GLIGEN network of the call under way, and is not asked without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor, nn

from ..formats.gligen_names import block_order
from ..importing import importing


class GligenNetwork(nn.Module):
    """Arguments are those of `formats.gligen_names.gligen_config`."""

    def __init__(self, text_width: int, widths: tuple[int, ...], heads: int) -> None:
        super().__init__()
        with importing():
            from diffusers.models.attention import GatedSelfAttentionDense
            from diffusers.models.embeddings import GLIGENTextBoundingboxProjection

        projection: Any = GLIGENTextBoundingboxProjection
        self.position_net = projection(text_width, text_width)
        self.fusers = nn.ModuleList(
            GatedSelfAttentionDense(width, text_width, heads, width // heads) for width in widths
        )


_active: ContextVar[GligenNetwork | None] = ContextVar("weft_active_gligen", default=None)


@contextmanager
def active_gligen(network: GligenNetwork) -> Iterator[None]:
    """Let a GLIGEN network act on UNet calls inside the block, in this thread only."""
    token = _active.set(network)
    try:
        yield
    finally:
        _active.reset(token)


class _Place(nn.Module):
    """Where a block's layer stands; it holds no weights."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def forward(self, hidden: Tensor, objects: Tensor) -> Tensor:
        network = _active.get()
        if network is None:
            return hidden
        fused: Tensor = network.fusers[self.number](hidden, objects)
        return fused


class _Objects(nn.Module):
    """Hands on what the call under way has made of its boxes."""

    def forward(self, objects: Tensor) -> Tensor:
        return objects


def install_gligen_places(unet: Any) -> None:
    """Let a new UNet2DConditionModel take GLIGEN's layers; done once, at building."""
    with importing():
        from diffusers.models.attention import BasicTransformerBlock

    blocks: dict[str, Any] = {
        n: m for n, m in unet.named_modules() if isinstance(m, BasicTransformerBlock)
    }
    for number, name in enumerate(sorted(blocks, key=block_order)):
        blocks[name].fuser = _Place(number)
    unet.position_net = _Objects()
