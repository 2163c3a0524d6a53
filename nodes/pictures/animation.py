"""Batches of images saved as animations."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from weft.diffusion.types import Image
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

from .image import ImageName, SavedImages, size_of
from .metadata import embedded


@node("SaveAnimatedWEBP", category="image/animation", effects=["writes"], lane="io")
def save_animated_webp(
    run: Run,
    images: Image,
    *,
    filename_prefix: ImageName = "weft",
    fps: Annotated[float, Range(0.01, 1000, step=0.01)] = 6.0,
    lossless: bool = True,
    quality: Annotated[int, Range(0, 100)] = 80,
    method: Literal["default", "fastest", "slowest"] = "default",
) -> SavedImages:
    """Save images as one looping WebP animation, with the workflow in its metadata.

    Args:
        images: The frames. (B, H, W, 3) float32 in [0, 1].
        filename_prefix: File name before the number, below the output folder. It may hold folders
            and tokens such as %date:yyyy-MM-dd%, %year%, %width% and %KSampler.seed%.
        fps: Frames per second.
        lossless: Whether to compress without loss.
        quality: Quality; 100 is best. For lossless files, the compression effort.
        method: Compression effort: slower methods give smaller files.

    Returns:
        The same images.

    Raises:
        FileError: The name leads outside the output folder, or the file cannot be written.
    """
    from weft.diffusion.pictures.file import write_animated_webp

    effort = {"fastest": 0, "default": 4, "slowest": 6}[method]
    fill = partial(
        write_animated_webp,
        pictures=images,
        texts=embedded(run, more=False),
        fps=fps,
        lossless=lossless,
        quality=quality,
        method=effort,
    )
    path = run.write(filename_prefix, ".webp", fill, image=size_of(images))
    run.artifact(path, "image/webp")
    return SavedImages(images)


@node("SaveAnimatedPNG", category="image/animation", effects=["writes"], lane="io")
def save_animated_png(
    run: Run,
    images: Image,
    *,
    filename_prefix: ImageName = "weft",
    fps: Annotated[float, Range(0.01, 1000, step=0.01)] = 6.0,
    compress_level: Annotated[int, Range(0, 9)] = 4,
) -> SavedImages:
    """Save images as one looping animated PNG, with the workflow in its metadata.

    Args:
        images: The frames. (B, H, W, 3) float32 in [0, 1].
        filename_prefix: File name before the number, below the output folder. It may hold folders
            and tokens such as %date:yyyy-MM-dd%, %year%, %width% and %KSampler.seed%.
        fps: Frames per second.
        compress_level: Compression: 0 is fastest, 9 gives the smallest file.

    Returns:
        The same images.

    Raises:
        FileError: The name leads outside the output folder, or the file cannot be written.
    """
    from weft.diffusion.pictures.file import write_animated_png

    fill = partial(
        write_animated_png,
        pictures=images,
        texts=embedded(run),
        fps=fps,
        compress_level=compress_level,
    )
    path = run.write(filename_prefix, ".png", fill, image=size_of(images))
    run.artifact(path, "image/png")
    return SavedImages(images)
