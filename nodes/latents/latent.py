"""Empty latents, noise masks, and latents as files."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from weft.diffusion.types import Latent, Mask
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Alias, FilePrefix, InputFile, Range

from ..limits import MAX_SIDE


@node("EmptyLatentImage", category="latent")
def empty_latent_image(
    *,
    width: Annotated[int, Range(16, MAX_SIDE, multiple=8, soft=(64, 2048))] = 512,
    height: Annotated[int, Range(16, MAX_SIDE, multiple=8, soft=(64, 2048))] = 512,
    batch_size: Annotated[int, Range(1, 4096)] = 1,
) -> Latent:
    """Make an empty latent, the start of text-to-image sampling.

    Args:
        width: Width of the image in pixels, a multiple of 8.
        height: Height of the image in pixels, a multiple of 8.
        batch_size: Number of images.

    Returns:
        Zeros, (batch_size, 4, height / 8, width / 8) float32.
    """
    from weft.diffusion import empty_latent

    return empty_latent(width, height, batch_size)


@node("SetLatentNoiseMask", category="latent/inpaint", lane="inline")
def set_latent_noise_mask(samples: Latent, mask: Mask) -> Latent:
    """Restrict sampling to the masked region of a latent; the rest is kept.

    Args:
        samples: The latent.
        mask: The region to sample: 1 is sampled, 0 is kept. It is stretched to the size of the
            latent. (B or 1, any size) float32 in [0, 1].

    Returns:
        The latent with the noise mask.

    Raises:
        DiffusionError: The mask has neither one item nor as many as the latent.
    """
    from weft.diffusion import set_noise_mask

    return set_noise_mask(samples, mask)


class SavedLatent(NamedTuple):
    """The latent that was saved."""

    samples: Latent


@node("SaveLatent", category="latent", effects=["writes"], lane="io")
def save_latent(
    run: Run,
    samples: Latent,
    *,
    filename_prefix: Annotated[str, FilePrefix()] = "latents/weft",
) -> SavedLatent:
    """Save a latent as a `.latent` file, in the format that ComfyUI reads.

    Args:
        samples: The latent.
        filename_prefix: File name before the number, below the output folder. It may hold folders
            and tokens such as %date:yyyy-MM-dd%, %year% and %KSampler.seed%.

    Returns:
        The same latent.

    Raises:
        FileError: The name leads outside the output folder, or the file cannot be written.
    """
    from weft.diffusion.latents.file import latent_bytes

    from ..pictures.metadata import embedded

    data = latent_bytes(samples, embedded(run))
    path = run.write(filename_prefix, ".latent", lambda file: file.write(data))
    run.artifact(path, "application/octet-stream")
    return SavedLatent(samples)


@node("LoadLatent", category="latent", effects=["reads"], lane="io")
def load_latent(
    run: Run, *, file: Annotated[str, InputFile((".latent",)), Alias("latent")]
) -> Latent:
    """Load a latent from a `.latent` file, from weft or ComfyUI.

    Args:
        file: File name below the input folders.

    Returns:
        The latent, (B, 4, h, w) float32.

    Raises:
        DiffusionError: The file holds no latent.
    """
    from weft.diffusion.latents.file import read_latent

    return read_latent(run.workspace.input(file))
