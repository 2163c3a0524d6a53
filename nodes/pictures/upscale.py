"""Pictures made larger by networks."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import Image, UpscaleModel
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import ModelFile, Range
from ..models.model_files import model_path
from ..rules import tiles


@node(
    "LoadUpscaleModel",
    category="load",
    aliases=["UpscaleModelLoader"],
    effects=["reads"],
    lane="io",
)
def load_upscale_model(
    run: Run, *, model_name: Annotated[str, ModelFile("upscale_models")]
) -> UpscaleModel:
    """Load a network that makes pictures larger.

    Args:
        model_name: A safetensors file of an ESRGAN, Real-ESRGAN or compact (SRVGG) network; factor
            and size are read from its tensors. `weft models convert` makes one of a .pth file.

    Returns:
        The network.

    Raises:
        ModelError: The file is damaged, or no upscaler that weft knows.
    """
    from ...diffusion.upscaling import load_upscaler

    return load_upscaler(model_path(run, "upscale_models", model_name))


@node("ImageUpscaleWithModel", category="image/upscaling", lane="gpu", refuses=tiles)
def image_upscale_with_model(
    run: Run,
    upscale_model: UpscaleModel,
    image: Image,
    *,
    tile_size: Annotated[int, Range(64, 4096, multiple=8)] = 512,
    overlap: Annotated[int, Range(0, 512, multiple=8)] = 32,
) -> Image:
    """Make pictures larger with a network, tile by tile.

    Args:
        upscale_model: The network; it says the factor.
        image: (B, H, W, 3) float32 in [0, 1].
        tile_size: Side of a tile in pixels of `image`. Memory grows with its square; halved by
            itself, down to 128, when a device has no room.
        overlap: Pixels that neighbouring tiles share and fade over; at most half a tile.

    Returns:
        (B, factor * H, factor * W, 3) float32 in [0, 1].

    Raises:
        DiffusionError: Pictures with alpha, or an overlap of more than half a tile.
    """
    from ...diffusion.upscaling import upscale_image

    return upscale_image(
        upscale_model, image, tile_size=tile_size, overlap=overlap, on_tile=run.progress
    )
