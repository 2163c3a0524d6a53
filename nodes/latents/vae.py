"""Images encoded to latents and decoded from latents."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Image, Latent, Mask, Vae
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range


@node("VAEEncode", category="latent", lane="gpu")
def vae_encode(pixels: Image, vae: Vae) -> Latent:
    """Encode images into latents with a VAE.

    Args:
        pixels: The images. Sides that are no multiple of 8 are cropped evenly at both ends. (B, H,
            W, 3) float32 in [0, 1].
        vae: The VAE.

    Returns:
        The latent, (B, 4, H / 8, W / 8) float32.
    """
    from weft.diffusion import encode_image

    return encode_image(vae, pixels)


@node("VAEDecode", category="latent", lane="gpu")
def vae_decode(samples: Latent, vae: Vae) -> Image:
    """Decode latents into images with a VAE.

    Args:
        samples: The latent. (B, 4, h, w) float32.
        vae: The VAE.

    Returns:
        The images, (B, 8 h, 8 w, 3) float32 in [0, 1].

    Raises:
        DiffusionError: The latent belongs to another model family.
    """
    from weft.diffusion import decode_latent

    return decode_latent(vae, samples)


Overlap = Annotated[int, Range(0, 4096, step=32)]
TileSize = Annotated[int, Range(64, 4096, step=64)]
Frames = Annotated[int, Range(4, 4096, step=4)]


@node("VAEEncodeForInpaint", category="latent/inpaint", lane="gpu")
def vae_encode_for_inpaint(
    pixels: Image, vae: Vae, mask: Mask, *, grow_mask_by: Annotated[int, Range(0, 64)] = 6
) -> Latent:
    """Encode images for inpainting: the masked region is made grey, and only it is sampled.

    Use it for inpainting models, or with a denoise of 1. For lower values use SetLatentNoiseMask,
    which keeps the image under the mask as the start.

    Args:
        pixels: The image. (B, H, W, 3) float32 in [0, 1].
        vae: The VAE.
        mask: The region to inpaint: values of 0.5 and above. It is stretched to the size of the
            images. (B or 1, any size) float32.
        grow_mask_by: Growth of the inpainted region: side in pixels of the square around each
            masked pixel. 0 and 1 add nothing.

    Returns:
        The latent with its noise mask, (B, 4, H / 8, W / 8) float32.
    """
    from weft.diffusion.latents.inpaint import encode_for_inpaint

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
    """Decode latents tile by tile: less memory, and the same images as VAEDecode.

    Args:
        samples: The latent. (B, 4, h, w) float32.
        vae: The VAE.
        tile_size: Side of a tile in pixels.
        overlap: Overlap of neighbouring tiles in pixels, used only where the VAE's layers are not
            known and tiles have to be blended. At most a quarter of the tile is used.
        temporal_size: For video VAEs. It has no effect on images.
        temporal_overlap: For video VAEs. It has no effect on images.

    Returns:
        The images, (B, 8 h, 8 w, 3) float32 in [0, 1].

    Raises:
        DiffusionError: The latent belongs to another model family.
    """
    from weft.diffusion.vae.tiling import decode_tiled

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
    """Encode images tile by tile: less memory, and the same latent as VAEEncode.

    Args:
        pixels: The image. (B, H, W, 3) float32 in [0, 1].
        vae: The VAE.
        tile_size: Side of a tile in pixels.
        overlap: Overlap of neighbouring tiles in pixels, used only where the VAE's layers are not
            known and tiles have to be blended. At most a quarter of the tile is used.
        temporal_size: For video VAEs. It has no effect on images.
        temporal_overlap: For video VAEs. It has no effect on images.

    Returns:
        The latent, (B, 4, H / 8, W / 8) float32.
    """
    from weft.diffusion.vae.tiling import encode_tiled

    return encode_tiled(vae, pixels, tile_size=tile_size, overlap=overlap, on_tile=run.progress)
