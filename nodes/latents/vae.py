"""Images encoded to latents and decoded from latents."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import Image, Latent, Mask, Vae
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range


@node("VAEEncode", category="latent", lane="gpu")
def vae_encode(pixels: Image, vae: Vae) -> Latent:
    """Encode pictures into latents.

    Args:
        pixels: (B, H, W, 3) float32 in [0, 1]. Sides that are no multiple of 8 are cropped
            evenly on both ends.
        vae: The VAE.

    Returns:
        (B, 4, H / 8, W / 8) float32.
    """
    from ...diffusion import encode_image

    return encode_image(vae, pixels)


@node("VAEDecode", category="latent", lane="gpu")
def vae_decode(samples: Latent, vae: Vae) -> Image:
    """Decode latents into pictures.

    Args:
        samples: (B, 4, h, w) float32.
        vae: The VAE.

    Returns:
        (B, 8 h, 8 w, 3) float32 in [0, 1].

    Raises:
        DiffusionError: The latent belongs to another family of models.
    """
    from ...diffusion import decode_latent

    return decode_latent(vae, samples)


Overlap = Annotated[int, Range(0, 4096, step=32)]
TileSize = Annotated[int, Range(64, 4096, step=64)]
Frames = Annotated[int, Range(4, 4096, step=4)]


@node("VAEEncodeForInpaint", category="latent/inpaint", lane="gpu")
def vae_encode_for_inpaint(
    pixels: Image, vae: Vae, mask: Mask, *, grow_mask_by: Annotated[int, Range(0, 64)] = 6
) -> Latent:
    """Encode pictures with the masked part made grey, and paint that part only.

    For models made for inpainting, or a denoise of 1; otherwise SetLatentNoiseMask keeps what is
    there as a start.

    Args:
        pixels: (B, H, W, 3) float32 in [0, 1].
        vae: The VAE.
        mask: (B or 1, any size) float32, stretched over the pictures; from 0.5 on painted.
        grow_mask_by: Side in pixels of the square that is painted around every grey pixel; 0 and 1
            add nothing.

    Returns:
        (B, 4, H / 8, W / 8) float32 with its noise mask.
    """
    from ...diffusion.latents.inpaint import encode_for_inpaint

    return encode_for_inpaint(vae, pixels, mask, grow=grow_mask_by)


@node("VAEDecodeTiled", category="latent", lane="gpu")
def vae_decode_tiled(
    run: Run,
    samples: Latent,
    vae: Vae,
    *,
    tile_size: TileSize = 512,
    overlap: Overlap = 64,
    temporal_size: Frames = 64,
    temporal_overlap: Frames = 8,
) -> Image:
    """Decode latents tile by tile, in less memory, into the same picture as VAEDecode.

    Args:
        samples: (B, 4, h, w) float32.
        vae: The VAE.
        tile_size: Side of a tile in pixels.
        overlap: Pixels that tiles share where a VAE's layers are not known and tiles have to be
            blended; at most a quarter of the tile counts.
        temporal_size: Of VAEs for videos; without effect on pictures.
        temporal_overlap: Of VAEs for videos; without effect on pictures.

    Returns:
        (B, 8 h, 8 w, 3) float32 in [0, 1].

    Raises:
        DiffusionError: The latent belongs to another family of models.
    """
    from ...diffusion.vae.tiling import decode_tiled

    return decode_tiled(vae, samples, tile_size=tile_size, overlap=overlap, on_tile=run.progress)


@node("VAEEncodeTiled", category="latent", lane="gpu")
def vae_encode_tiled(
    run: Run,
    pixels: Image,
    vae: Vae,
    *,
    tile_size: TileSize = 512,
    overlap: Overlap = 64,
    temporal_size: Frames = 64,
    temporal_overlap: Frames = 8,
) -> Latent:
    """Encode pictures tile by tile, in less memory, into the same latent as VAEEncode.

    Args:
        pixels: (B, H, W, 3) float32 in [0, 1].
        vae: The VAE.
        tile_size: Side of a tile in pixels.
        overlap: Pixels that tiles share where a VAE's layers are not known and tiles have to be
            blended; at most a quarter of the tile counts.
        temporal_size: Of VAEs for videos; without effect on pictures.
        temporal_overlap: Of VAEs for videos; without effect on pictures.

    Returns:
        (B, 4, H / 8, W / 8) float32.
    """
    from ...diffusion.vae.tiling import encode_tiled

    return encode_tiled(vae, pixels, tile_size=tile_size, overlap=overlap, on_tile=run.progress)
