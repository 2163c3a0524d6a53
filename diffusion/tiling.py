"""A VAE on large pictures, tile by tile, in less memory.

Neighbouring tiles overlap and fade into each other. What a VAE makes of a place depends a little on
all it sees, so tiles differ by more than their edges; three tilings of different shape are averaged
to hide it.

Source: tile sizes, fading and the three tilings as ComfyUI has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from .errors import ParameterError
from .images import check_image
from .latents import DOWNSCALE, decode_latent, encode_image
from .types import Image, Latent, Vae

if TYPE_CHECKING:
    from torch import Tensor

OnTile = Callable[[int, int], None]


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
    on_tile: OnTile | None = None,
) -> Image:
    """Decode latents tile by tile; see `decode_latent`.

    Args:
        vae: Autoencoder of the same family as the latent.
        latent: samples (B, C, h, w).
        tile_size: Pixels a side, in whole cells of 8; other tilings are twice as long and half as
            high, and the other way round.
        overlap: Pixels that neighbours share; at most a quarter of the tile counts.
        on_tile: Called with tiles done and tiles in all; may raise to cancel.

    Returns:
        (B, 8h, 8w, 3) float32 in [0, 1].
    """

    def decode(part: Tensor) -> Tensor:
        return decode_latent(vae, replace(latent, samples=part, noise_mask=None)).movedim(-1, 1)

    cells, shared = _in_cells(tile_size, overlap)
    pixels = _averaged(
        latent.samples,
        decode,
        _shapes(cells),
        shared,
        scale_in=1,
        scale_out=DOWNSCALE,
        told=on_tile,
    )
    return pixels.clamp(0.0, 1.0).movedim(1, -1).contiguous()


def encode_tiled(
    vae: Vae,
    image: Image,
    *,
    tile_size: int = 512,
    overlap: int = 64,
    on_tile: OnTile | None = None,
) -> Latent:
    """Encode pictures tile by tile; see `encode_image`.

    Args:
        vae: Autoencoder.
        image: (B, H, W, 3) float32 in [0, 1], at least 8 pixels a side.
        tile_size: Pixels a side, in whole cells of 8.
        overlap: Pixels that neighbours share; at most a quarter of the tile counts.
        on_tile: Called with tiles done and tiles in all; may raise to cancel.

    Returns:
        samples (B, C, H/8, W/8) float32.
    """
    check_image(image, least=DOWNSCALE, alpha=True)
    image = image[..., :3]
    height, width = (side // DOWNSCALE * DOWNSCALE for side in image.shape[1:3])
    top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    planes = image[:, top : top + height, left : left + width].movedim(-1, 1)
    family = vae.family

    def encode(part: Tensor) -> Tensor:
        nonlocal family
        found = encode_image(vae, part.movedim(1, -1))
        family = found.family
        return found.samples

    cells, shared = _in_cells(tile_size, overlap)
    samples = _averaged(
        planes, encode, _shapes(cells), shared, scale_in=DOWNSCALE, scale_out=1, told=on_tile
    )
    return Latent(samples=samples, family=family)


def _in_cells(tile_size: int, overlap: int) -> tuple[int, int]:
    cells = tile_size // DOWNSCALE
    if cells < 2 or overlap < 0:
        raise ParameterError(
            "tiles.bad_size",
            "These are no tiles.",
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
    shapes: list[tuple[int, int]],
    shared: int,
    *,
    scale_in: int,
    scale_out: int,
    told: OnTile | None,
) -> Tensor:
    """The mean of several tilings, item by item; one call where a single tile holds all."""
    import torch

    size = (x.shape[-2] // scale_in, x.shape[-1] // scale_in)
    tilings = [list(tiles(size, shape, shared)) for shape in shapes]
    if all(len(tiling) == 1 for tiling in tilings):
        tilings = tilings[:1]
    total = len(x) * sum(len(tiling) for tiling in tilings)
    done = 0
    items = []
    for item in x.split(1):
        mean: Tensor | None = None
        for tiling in tilings:
            blend: Tensor | None = None
            weights: Tensor | None = None
            for tile in tiling:
                if told is not None:
                    told(done, total)
                found = function(tile.cut(item, scale_in))
                if blend is None or weights is None:
                    blend = found.new_zeros(1, found.shape[1], *(s * scale_out for s in size))
                    weights = torch.zeros_like(blend[:, :1])
                weight = _fade(found, shared * scale_out)
                tile.cut(blend, scale_out).add_(found * weight)
                tile.cut(weights, scale_out).add_(weight)
                done += 1
            assert blend is not None
            part = blend.div_(weights) / len(tilings)
            mean = part if mean is None else mean + part
        assert mean is not None
        items.append(mean)
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
