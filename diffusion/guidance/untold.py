"""Guidance-distilled transformers (Flux dev) without guidance embedding.

A row whose guidance is NaN gets nothing added for it, as in a network without such an embedding.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

NOTHING = math.nan
"""What a row is told of guidance to be told nothing."""


def install_guidance_switch(transformer: Any) -> None:
    """Build the switch into a new FluxTransformer2DModel; done once, at building."""
    embedder = getattr(transformer.time_text_embed, "guidance_embedder", None)
    if embedder is not None:
        embedder.register_forward_hook(_nothing_for_nan)


def _nothing_for_nan(_: Any, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    nothing = arguments[0].isnan().any(dim=-1, keepdim=True)
    return output.masked_fill(nothing, 0.0)
