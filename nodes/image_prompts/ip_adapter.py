"""Pictures as prompts."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import Image, Model
from ...diffusion.types import IPAdapter as IPAdapterModel
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from ..rules import window_at


@node("IPAdapter", category="adapter", lane="gpu", refuses=window_at)
def ip_adapter(
    model: Model,
    ipadapter: IPAdapterModel,
    image: Image,
    *,
    weight: Annotated[float, Range(-1, 5, step=0.01)] = 1.0,
    start_at: Annotated[float, Range(0, 1, step=0.001)] = 0.0,
    end_at: Annotated[float, Range(0, 1, step=0.001)] = 1.0,
) -> Model:
    """Let a reference picture say what to show, beside the prompt.

    Args:
        model: The model; the result is a description over the same weights.
        ipadapter: The adapter with its image encoder.
        image: (B, H, W, 3) float32 in [0, 1]; several pictures act together.
        weight: Factor on the picture's attention; 1 as trained, 0 switches it off.
        start_at: Fraction of sampling at which it begins to act.
        end_at: Fraction of sampling at which it ends.

    Returns:
        The model with the adapter.

    Raises:
        DiffusionError: The adapter was made for another kind of model.

    Source: IP-Adapter (Ye 2023).
    """
    from ...diffusion import apply_ip_adapter

    return apply_ip_adapter(model, ipadapter, image, weight=weight, start=start_at, end=end_at)
