"""Batches of images saved as animations."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from ...diffusion.types import Image
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
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
    """Write pictures as one WebP animation that repeats for ever and carries its workflow.

    Args:
        images: (B, H, W, 3) float32 in [0, 1], the frames.
        filename_prefix: Name before the number, below the output folder; may hold folders and
            tokens: %date:yyyy-MM-dd%, %year%, %width%, %KSampler.seed% and others.
        fps: Frames a second.
        lossless: Keep every pixel.
        quality: 100 is best; of lossless files, how hard to try to make them small.
        method: How long to try to make it small.

    Returns:
        The same pictures.

    Raises:
        FileError: The name leaves the output folder, or the disk refuses.
    """
    from ...diffusion.pictures.file import write_animated_webp

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
    """Write pictures as one animated PNG that repeats for ever and carries its workflow.

    Args:
        images: (B, H, W, 3) float32 in [0, 1], the frames.
        filename_prefix: Name before the number, below the output folder; may hold folders and
            tokens: %date:yyyy-MM-dd%, %year%, %width%, %KSampler.seed% and others.
        fps: Frames a second.
        compress_level: 0 fast, 9 small.

    Returns:
        The same pictures.

    Raises:
        FileError: The name leaves the output folder, or the disk refuses.
    """
    from ...diffusion.pictures.file import write_animated_png

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
