"""Upscaling images with a network, tile by tile.

Tiles overlap. At an inner edge the outermost quarter of the overlap is left out, since what lies
beyond it was not seen; over the middle half a tile fades into the next. A network that looks no
further than that quarter gives the picture that it would give in one go.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ModelError, ParameterError, ShapeError
from .types import Image, UpscaleModel
from .vae.tiling import Tile, tiles
from .vae.tiling_progress import OnTile, TilingProgress

if TYPE_CHECKING:
    from torch import Tensor

STEP = 8
"""Tiles begin at multiples of it, so that networks that fold pixels see them in one pattern."""
SMALLEST = 128


def load_upscaler(path: str | os.PathLike[str]) -> UpscaleModel:
    """Open an upscaling network: ESRGAN, Real-ESRGAN or compact, in any of their spellings.

    Args:
        path: A safetensors file. `weft models convert` makes one of a .pth file.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind or network.
    """
    from .files.opening import open_source, require, weights_of
    from .formats.pieces import prefixed
    from .formats.upscaler_names import upscaler_plan

    source = open_source(Path(path))
    require(source, "upscaler")
    layout, prefix = source.identity.layout, source.identity.prefix
    if not layout:
        raise ModelError(
            "model.unsupported_layout",
            f'"{source.path.name}" is an upscaling network that weft does not support.',
            expected="ESRGAN, Real-ESRGAN or compact (SRVGG)",
            got="another network",
            hint="Choose another file.",
        )
    own = {n.removeprefix(prefix): s for n, s in source.shapes.items() if n.startswith(prefix)}
    plan = prefixed(upscaler_plan(layout, own), prefix)
    return UpscaleModel(weights_of(source, "upscaler", plan, family="upscaler"))


def upscale_image(
    model: UpscaleModel,
    image: Image,
    *,
    tile_size: int = 512,
    overlap: int = 32,
    on_tile: OnTile | None = None,
) -> Image:
    """Upscale images with a network.

    Memory: one tile's activations on the network's device, and the result on the host. When a
    device has no room, tiles are halved down to 128 pixels.

    Args:
        model: From `load_upscaler`.
        image: (B, H, W, 3) float32 in [0, 1].
        tile_size: Side of a tile in pixels of `image`, a multiple of 8.
        overlap: Pixels that neighbouring tiles share, a multiple of 8, at most half a tile.
        on_tile: Called at every tile with what is done and what is to be done; may raise to cancel.

    Returns:
        (B, scale H, scale W, 3) float32 in [0, 1].

    Raises:
        ParameterError: Tiles that are none.
        ShapeError: Pictures of another number of channels than the network takes.
    """
    import torch

    whole = tile_size % STEP == 0 and overlap % STEP == 0
    if not whole or tile_size < STEP * 2 or not 0 <= overlap * 2 <= tile_size:
        raise ParameterError(
            "tiles.bad_size",
            "The tile size or the overlap is out of range.",
            expected=f"multiples of {STEP}, and an overlap of at most half a tile",
            got=f"a tile of {tile_size}, an overlap of {overlap}",
        )
    channels = model.weights.config["channels"]
    if image.ndim != 4 or image.shape[-1] != channels:
        raise ShapeError(
            "upscale.wrong_channels",
            "The image has another number of channels than the upscaling network takes.",
            expected=f"(B, H, W, {channels})",
            got=str(tuple(image.shape)),
            hint="Remove the alpha channel first, with SplitImageWithAlpha."
            if image.shape[-1] == 4
            else None,
        )
    while True:
        try:
            return _all_tiles(model, image, tile_size, overlap, on_tile)
        except torch.OutOfMemoryError:
            if tile_size <= SMALLEST:
                raise
            tile_size = max(SMALLEST, tile_size // 2 // STEP * STEP)
            overlap = min(overlap, tile_size // 2 // STEP * STEP)


def _all_tiles(
    model: UpscaleModel, image: Tensor, tile_size: int, overlap: int, told: OnTile | None
) -> Tensor:
    import torch

    weights, scale = model.weights, model.scale
    network = weights.module
    count, height, width, channels = image.shape
    covering = list(tiles((height, width), (tile_size, tile_size), overlap))
    progress = TilingProgress(told, count * len(covering))
    result = torch.zeros(count, height * scale, width * scale, channels)
    with torch.no_grad():
        for item in range(count):
            pixels = image[item].movedim(-1, 0)[None]
            target = result[item].movedim(-1, 0)
            for tile in covering:
                progress.tile()
                x = tile.cut(pixels).to(device=weights.device, dtype=weights.dtype)
                found = network(x)[0].to(device="cpu", dtype=torch.float32)
                share = _share(tile, (height, width), overlap, scale)
                tile.cut(target, scale).add_(found.mul_(share))
                progress.layer()
    return result.clamp_(0.0, 1.0)


def _share(tile: Tile, size: tuple[int, int], overlap: int, scale: int) -> Tensor:
    """(scale h, scale w) parts of a tile in the result; those of all tiles add up to 1."""
    rows = _line(tile.top, tile.height, size[0], overlap, scale)
    columns = _line(tile.left, tile.width, size[1], overlap, scale)
    return rows[:, None] * columns


def _line(start: int, length: int, whole: int, overlap: int, scale: int) -> Tensor:
    import torch

    line = torch.ones(length * scale)
    outer, middle = overlap * scale // 4, overlap * scale // 2
    if not middle:
        return line
    rise = torch.zeros(overlap * scale)
    rise[outer : outer + middle] = (torch.arange(middle) + 0.5) / middle
    rise[outer + middle :] = 1.0
    if start > 0:
        line[: len(rise)] *= rise
    if start + length < whole:
        line[len(line) - len(rise) :] *= rise.flip(0)
    return line
