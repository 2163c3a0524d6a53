"""Reference images as prompts: IP-Adapter."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Image, Model
from weft.diffusion.types import IPAdapter as IPAdapterModel
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

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
    """Use reference images as a prompt, beside the text prompt (IP-Adapter).

    Args:
        model: The model. The node makes a patched copy that shares its weights.
        ipadapter: The IP-Adapter with its image encoder.
        image: The reference image; several in a batch act together. (B, H, W, 3) float32 in [0, 1].
        weight: Strength of the image prompt: a factor on its attention. 1 is as trained, 0 is off.
        start_at: Where the IP-Adapter begins to act, as a fraction of sampling: 0 is the first
            step.
        end_at: Where the IP-Adapter stops, as a fraction of sampling: 1 is the last step.

    Returns:
        The model with the IP-Adapter.

    Raises:
        DiffusionError: The IP-Adapter was made for another kind of model.

    Source: IP-Adapter (Ye 2023).
    """
    from weft.diffusion import apply_ip_adapter

    return apply_ip_adapter(model, ipadapter, image, weight=weight, start=start_at, end=end_at)
