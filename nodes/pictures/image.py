"""Images loaded from files, saved and shown."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, NamedTuple

from weft.diffusion.types import Image, Mask
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Alias, FilePrefix, InputFile, Range

from .metadata import embedded

ImageName = Annotated[str, FilePrefix(images=True)]
SUFFIXES = {
    "png": (".png", "image/png"),
    "webp": (".webp", "image/webp"),
    "webp-lossless": (".webp", "image/webp"),
    "jpeg": (".jpg", "image/jpeg"),
}


IMAGE_FILES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""File name extensions of the image formats that can be read."""


class LoadedImage(NamedTuple):
    """An image, and the mask of its transparent parts."""

    image: Image
    mask: Mask


@node("LoadImage", category="image", effects=["reads"], lane="io", version=2)
def load_image(
    run: Run, *, file: Annotated[str, InputFile(IMAGE_FILES), Alias("image")]
) -> LoadedImage:
    """Load an image from a file.

    The file is searched for beside the workflow file, then in the input folders, then among the
    sample photos.

    Args:
        file: File name below one of these folders: PNG, JPEG, WebP, GIF, BMP or TIFF.

    Returns:
        The image, (B, H, W, 3) float32 in [0, 1], rotated as its EXIF data says; the frames of an
        animation are a batch. The mask, (B, H, W) float32, is 1 where the image is transparent.

    Raises:
        DiffusionError: The file is no image, is damaged, or has too many pixels.
    """
    from weft.diffusion.pictures.file import read_image

    return LoadedImage(*read_image(run.workspace.input(file)))


class SavedImages(NamedTuple):
    """The images that were saved."""

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
    """Save images as files, with the workflow in their metadata.

    The workflow holds every seed that was drawn, so the image can be made again from its file
    alone. PNG files store it in text chunks, other formats as JSON in the EXIF description.

    Args:
        images: The images, one file each. (B, H, W, 3) float32 in [0, 1], or (B, H, W, 4) with
            alpha.
        filename_prefix: File name before the number, below the output folder. It may hold folders
            and tokens such as %date:yyyy-MM-dd%, %year%, %width% and %KSampler.seed%.
        file_format: The file format: PNG, WebP or JPEG. JPEG has no transparency.
        quality: Quality of `jpeg` and `webp` files. 100 is best.

    Returns:
        The same images.

    Raises:
        FileError: The name leads outside the output folder, or the file cannot be written.
        DiffusionError: JPEG cannot hold the alpha channel, or the workflow.
    """
    from weft.diffusion.pictures.file import write_image

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
    """Show images without saving them.

    The files are kept in `temp/` below the output folder, without the workflow.

    Args:
        images: The images. (B, H, W, 3) float32 in [0, 1], or (B, H, W, 4) with alpha.
    """
    from weft.diffusion.pictures.file import write_png

    for picture in images:
        path = run.workspace.write(
            "preview", ".png", partial(write_png, picture=picture, texts={}), folder="temp"
        )
        run.artifact(path, "image/png", temporary=True)


def size_of(images: Image, number: int = 0) -> dict[str, int]:
    """The image size, for the tokens of file names."""
    return {"width": images.shape[2], "height": images.shape[1], "batch_num": number}
