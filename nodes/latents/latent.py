"""Latents: empty ones, pictures into them and out of them, and as files."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from ...diffusion.types import Image, Latent, Mask, Vae
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Alias, FilePrefix, InputFile, Range

MAX_SIDE = 16_384


@node("EmptyLatentImage", category="latent")
def empty_latent_image(
    *,
    width: Annotated[int, Range(16, MAX_SIDE, multiple=8, soft=(64, 2048))] = 512,
    height: Annotated[int, Range(16, MAX_SIDE, multiple=8, soft=(64, 2048))] = 512,
    batch_size: Annotated[int, Range(1, 4096)] = 1,
) -> Latent:
    """Make an empty latent: the canvas for a picture from noise.

    Args:
        width: Width of the picture in pixels, a multiple of 8.
        height: Height of the picture in pixels, a multiple of 8.
        batch_size: Number of pictures.

    Returns:
        Zeros, (batch_size, 4, height / 8, width / 8) float32.
    """
    from ...diffusion import empty_latent

    return empty_latent(width, height, batch_size)


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


@node("SetLatentNoiseMask", category="latent/inpaint", lane="inline")
def set_latent_noise_mask(samples: Latent, mask: Mask) -> Latent:
    """Paint only a part of a latent; the rest is kept.

    Args:
        samples: The latent.
        mask: (B or 1, any size) float32 in [0, 1], stretched over it; 1 = painted.

    Returns:
        The latent with the mask.

    Raises:
        DiffusionError: There are neither one mask nor as many as items.
    """
    from ...diffusion import set_noise_mask

    return set_noise_mask(samples, mask)


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


class SavedLatent(NamedTuple):
    """What was written."""

    samples: Latent


@node("SaveLatent", category="latent", effects=["writes"], lane="io")
def save_latent(
    run: Run,
    samples: Latent,
    *,
    filename_prefix: Annotated[str, FilePrefix()] = "latents/weft",
) -> SavedLatent:
    """Write a latent to a `.latent` file, in the format that ComfyUI reads.

    Args:
        samples: The latent.
        filename_prefix: Name before the number, below the output folder; may hold folders and
            tokens: %date:yyyy-MM-dd%, %year%, %KSampler.seed% and others.

    Returns:
        The same latent.

    Raises:
        FileError: The name leaves the output folder, or the disk refuses.
    """
    from ...diffusion.latents.file import latent_bytes
    from ..pictures.metadata import embedded

    data = latent_bytes(samples, embedded(run))
    path = run.write(filename_prefix, ".latent", lambda file: file.write(data))
    run.artifact(path, "application/octet-stream")
    return SavedLatent(samples)


@node("LoadLatent", category="latent", effects=["reads"], lane="io")
def load_latent(
    run: Run, *, file: Annotated[str, InputFile((".latent",)), Alias("latent")]
) -> Latent:
    """Read a latent from a `.latent` file, of weft or of ComfyUI.

    Args:
        file: Name below the input folders.

    Returns:
        The latent, (B, 4, h, w) float32.

    Raises:
        DiffusionError: The file is no latent.
    """
    from ...diffusion.latents.file import read_latent

    return read_latent(run.workspace.input(file))
