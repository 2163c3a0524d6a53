"""A VAE on large images, tile by tile, in less memory.

Where the network is known, layer by layer: the same picture as in one go (`vae_tiles`). Elsewhere
tiles are decoded by themselves, overlap and fade into each other. What a VAE makes of a place
depends a little on all it sees, so such tiles differ by more than their edges; three tilings of
different shape are averaged to hide it.

Source: sizes, fading and the three tilings as ComfyUI has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..errors import ParameterError
from ..types import Image, Latent, Vae
from .coding import DOWNSCALE, as_image, as_pixels, check_latent, downscale
from .run import decode_pixels, encode_mean, run_vae
from .tiles import can_run_in_tiles, decode_in_tiles, encode_in_tiles
from .tiling_progress import OnTile, TilingProgress

if TYPE_CHECKING:
    from torch import Tensor

Way = Literal["exact", "blended"]


class Tile(NamedTuple):
    """A rectangle of cells."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, x: Tensor, scale: int = 1) -> Tensor:
        """Its part of (..., H, W), where a cell has `scale` elements a side; a view."""
        top, left, height, width = (value * scale for value in self)
        return x[..., top : top + height, left : left + width]


def decode_tiled(
    vae: Vae,
    latent: Latent,
    *,
    tile_size: int = 512,
    overlap: int = 64,
    way: Way = "exact",
    on_tile: OnTile | None = None,
) -> Image:
    """Decode latents tile by tile; see `decode_latent`.

    Args:
        vae: Autoencoder of the same family as the latent.
        latent: samples (B, C, h, w).
        tile_size: Pixels a side, in whole cells of 8.
        overlap: Pixels that blended tiles share; at most a quarter of the tile counts.
        way: "exact" gives what `decode_latent` gives, up to rounding; networks that cannot be run
            so are "blended".
        on_tile: Called at every tile with what is done and what is to be done; may raise to cancel.

    Returns:
        (B, 8h, 8w, 3) float32 in [0, 1].

    Raises:
        ShapeError: The latent has other channels, or belongs to another family.
    """
    cells, shared = _in_cells(tile_size, overlap)
    samples = check_latent(vae, latent).samples
    if way == "exact" and can_run_in_tiles(vae.weights.module):
        return as_image(
            run_vae(
                vae, samples, lambda net, x: decode_in_tiles(net, x, cells * DOWNSCALE, on_tile)
            )
        )
    return as_image(
        _averaged(
            samples,
            lambda part: decode_pixels(vae, part),
            cells,
            shared,
            scale_in=1,
            scale_out=downscale(vae),
            told=on_tile,
        )
    )


def encode_tiled(
    vae: Vae,
    image: Image,
    *,
    tile_size: int = 512,
    overlap: int = 64,
    way: Way = "exact",
    on_tile: OnTile | None = None,
) -> Latent:
    """Encode images tile by tile; see `encode_image`.

    Args:
        vae: Autoencoder.
        image: (B, H, W, 3) float32 in [0, 1], at least 8 pixels a side.
        tile_size: Pixels a side, in whole cells of 8.
        overlap: Pixels that blended tiles share; at most a quarter of the tile counts.
        way: "exact" gives what `encode_image` gives, up to rounding; networks that cannot be run
            so are "blended".
        on_tile: Called at every tile with what is done and what is to be done; may raise to cancel.

    Returns:
        samples (B, C, H/8, W/8) float32.
    """
    cells, shared = _in_cells(tile_size, overlap)
    factor = downscale(vae)
    pixels = as_pixels(image, factor)
    if way == "exact" and can_run_in_tiles(vae.weights.module):
        samples = run_vae(
            vae, pixels, lambda net, x: encode_in_tiles(net, x, cells * DOWNSCALE, on_tile)
        )
    else:
        samples = _averaged(
            pixels,
            lambda part: encode_mean(vae, part),
            cells,
            shared,
            scale_in=factor,
            scale_out=1,
            told=on_tile,
        )
    return Latent(samples=samples, family=vae.family)


def _in_cells(tile_size: int, overlap: int) -> tuple[int, int]:
    cells = tile_size // DOWNSCALE
    if cells < 2 or overlap < 0:
        raise ParameterError(
            "tiles.bad_size",
            "The tile size or the overlap is out of range.",
            expected="a tile of 16 pixels or more, an overlap of 0 or more",
            got=f"a tile of {tile_size}, an overlap of {overlap}",
        )
    return cells, min(overlap // DOWNSCALE, cells // 4)


def _shapes(cells: int) -> list[tuple[int, int]]:
    """Height and width of the tiles of each tiling."""
    return [(cells, cells), (cells * 2, cells // 2), (cells // 2, cells * 2)]


def tiles(size: tuple[int, int], shape: tuple[int, int], shared: int) -> Iterator[Tile]:
    """Tiles that cover a size (height, width) in cells; the last ones may be smaller."""
    starts = [
        range(0, length - shared, side - shared) if length > side else (0,)
        for length, side in zip(size, shape, strict=True)
    ]
    for top, left in product(*starts):
        yield Tile(top, left, min(shape[0], size[0] - top), min(shape[1], size[1] - left))


def _averaged(
    x: Tensor,
    function: Callable[[Tensor], Tensor],
    cells: int,
    shared: int,
    *,
    scale_in: int,
    scale_out: int,
    told: OnTile | None,
) -> Tensor:
    """The mean of several tilings, item by item; one call where a single tile holds all."""
    import torch

    size = (x.shape[-2] // scale_in, x.shape[-1] // scale_in)
    tilings = [list(tiles(size, shape, shared)) for shape in _shapes(cells)]
    if all(len(tiling) == 1 for tiling in tilings):
        tilings = tilings[:1]
    progress = TilingProgress(told, len(x) * sum(len(tiling) for tiling in tilings))

    def one_way(item: Tensor, tiling: list[Tile]) -> Tensor:
        height, width = (side * scale_out for side in size)
        weights = torch.zeros(1, 1, height, width)
        blend: Tensor | None = None
        for tile in tiling:
            progress.tile()
            found = function(tile.cut(item, scale_in))
            if blend is None:
                blend = torch.zeros(1, found.shape[1], height, width)
            weight = _fade(found, shared * scale_out)
            tile.cut(blend, scale_out).add_(found * weight)
            tile.cut(weights, scale_out).add_(weight)
            progress.layer()
        assert blend is not None  # there is no size without tiles
        return blend / weights

    items = [
        torch.stack([one_way(item, tiling) for tiling in tilings]).mean(dim=0)
        for item in torch.split(x, 1)
    ]
    return torch.cat(items)


def _fade(tile: Tensor, width: int) -> Tensor:
    """(h, w) weights of a tile that fall towards its edges over `width` elements."""
    import torch

    lines = []
    for length in tile.shape[-2:]:
        line = torch.ones(length)
        if 0 < width < length:
            rise = torch.arange(1, width + 1) / width
            line[:width] *= rise
            line[length - width :] *= rise.flip(0)
        lines.append(line)
    return lines[0][:, None] * lines[1]
