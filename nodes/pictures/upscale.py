"""Upscaling of images by networks."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Image, UpscaleModel
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import ModelFile, Range

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
    """Load an upscaling network.

    Args:
        model_name: A safetensors file of an ESRGAN, Real-ESRGAN or compact (SRVGG) network. Its
            factor and size are read from the tensors. `weft models convert` makes one from a .pth
            file.

    Returns:
        The upscaling network.

    Raises:
        ModelError: The file is damaged, or holds no upscaling network that weft supports.
    """
    from weft.diffusion.upscaling import load_upscaler

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
    """Upscale images with an upscaling network, tile by tile.

    Args:
        upscale_model: The upscaling network, which sets the factor.
        image: The image. (B, H, W, 3) float32 in [0, 1].
        tile_size: Side of a tile in pixels of `image`. Memory grows with its square. If the device
            is out of memory, the side is halved, down to 128.
        overlap: Overlap of neighbouring tiles in pixels, where they are blended. At most half a
            tile.

    Returns:
        The images, (B, factor * H, factor * W, 3) float32 in [0, 1].

    Raises:
        DiffusionError: The image has an alpha channel, or the overlap is more than half a tile.
    """
    from weft.diffusion.upscaling import upscale_image

    return upscale_image(
        upscale_model, image, tile_size=tile_size, overlap=overlap, on_tile=run.progress
    )
