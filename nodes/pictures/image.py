"""Images loaded from files, saved and shown."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, NamedTuple

from ...diffusion.types import Image, Mask
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Alias, FilePrefix, InputFile, Range
from .metadata import embedded

ImageName = Annotated[str, FilePrefix(images=True)]
SUFFIXES = {
    "png": (".png", "image/png"),
    "webp": (".webp", "image/webp"),
    "webp-lossless": (".webp", "image/webp"),
    "jpeg": (".jpg", "image/jpeg"),
}


IMAGE_FILES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""Ends of the names of image files that can be read."""


class LoadedImage(NamedTuple):
    """A picture and what its alpha channel leaves out."""

    image: Image
    mask: Mask


@node("LoadImage", category="image", effects=["reads"], lane="io", version=2)
def load_image(
    run: Run, *, file: Annotated[str, InputFile(IMAGE_FILES), Alias("image")]
) -> LoadedImage:
    """Load a picture from a file.

    Looked for beside the workflow file, then in the input folders, then among the sample photos.

    Args:
        file: Name below one of these folders. PNG, JPEG, WebP, GIF, BMP or TIFF.

    Returns:
        image: (B, H, W, 3) float32 in [0, 1], turned as its EXIF says; the frames of an animation
        are a batch. mask: (B, H, W) float32, 1 where the picture is transparent, else 0.

    Raises:
        DiffusionError: The file is no picture, is damaged, or has too many pixels.
    """
    from ...diffusion.pictures.file import read_image

    return LoadedImage(*read_image(run.workspace.input(file)))


class SavedImages(NamedTuple):
    """What was written."""

    images: Image


@node("SaveImage", category="image", effects=["writes"], lane="io")
def save_image(
    run: Run,
    images: Image,
    *,
    filename_prefix: ImageName = "weft",
    file_format: Literal["png", "webp", "webp-lossless", "jpeg"] = "png",
    quality: Annotated[int, Range(1, 100)] = 95,
) -> SavedImages:
    """Write pictures as files that carry their workflow.

    Each file holds the workflow with every seed drawn, so that it can be made again from the
    picture alone: in PNG's text chunks, elsewhere as JSON in the EXIF description.

    Args:
        images: (B, H, W, 3) float32 in [0, 1], or (B, H, W, 4) with alpha; one file each.
        filename_prefix: Name before the number, below the output folder; may hold folders and
            tokens: %date:yyyy-MM-dd%, %year%, %width%, %KSampler.seed% and others.
        file_format: PNG, WebP or JPEG. JPEG holds no transparency.
        quality: Of `jpeg` and `webp`, 100 is best.

    Returns:
        The same pictures.

    Raises:
        FileError: The name leaves the output folder, or the disk refuses.
        DiffusionError: JPEG cannot hold the alpha channel, or the workflow.
    """
    from ...diffusion.pictures.file import write_image

    texts = embedded(run, more=file_format == "png")
    suffix, media_type = SUFFIXES[file_format]
    for number, picture in enumerate(images):
        run.progress(number, len(images))
        fill = partial(write_image, picture=picture, texts=texts, kind=file_format, quality=quality)
        path = run.write(filename_prefix, suffix, fill, image=size_of(images, number))
        run.artifact(path, media_type)
    return SavedImages(images)


@node(
    "PreviewImage",
    category="image",
    aliases=["SaveImageWebsocket"],
    effects=["writes"],
    lane="io",
)
def preview_image(run: Run, images: Image) -> None:
    """Show pictures without keeping them.

    The files lie in `temp/` below the output folder and carry no workflow.

    Args:
        images: (B, H, W, 3) float32 in [0, 1], or (B, H, W, 4) with alpha.
    """
    from ...diffusion.pictures.file import write_png

    for picture in images:
        path = run.workspace.write(
            "preview", ".png", partial(write_png, picture=picture, texts={}), folder="temp"
        )
        run.artifact(path, "image/png", temporary=True)


def size_of(images: Image, number: int = 0) -> dict[str, int]:
    """What the tokens of file names say of an image."""
    return {"width": images.shape[2], "height": images.shape[1], "batch_num": number}
