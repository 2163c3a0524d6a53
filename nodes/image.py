"""Pictures: from files, to files, scaled, shown."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, NamedTuple

from ..diffusion.types import Image, Mask
from ..engine.context import Run
from ..engine.node import node
from ..engine.widgets import Alias, InputFile, Range
from .metadata import embedded

MAX_SIDE = 16_384


class LoadedImage(NamedTuple):
    """A picture and what its alpha channel leaves out."""

    image: Image
    mask: Mask


@node("LoadImage", category="image", effects=["reads"], lane="io")
def load_image(run: Run, *, file: Annotated[str, InputFile(), Alias("image")]) -> LoadedImage:
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
    from ..diffusion.image_file import read_image

    return LoadedImage(*read_image(run.workspace.input(file)))


@node("ImageScale", category="image")
def image_scale(
    image: Image,
    *,
    upscale_method: Literal[
        "nearest-exact", "bilinear", "area", "bicubic", "lanczos"
    ] = "nearest-exact",
    width: Annotated[int, Range(0, MAX_SIDE)] = 512,
    height: Annotated[int, Range(0, MAX_SIDE)] = 512,
    crop: Literal["disabled", "center"] = "disabled",
) -> Image:
    """Scale pictures to a size.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        upscale_method: How new pixels are made; `area` suits shrinking, `lanczos` photographs.
        width: New width in pixels; 0 keeps the aspect ratio.
        height: New height in pixels; 0 keeps the aspect ratio.
        crop: `disabled` stretches; `center` keeps the aspect ratio and cuts what is over.

    Returns:
        (B, height, width, 3) float32 in [0, 1].

    Raises:
        DiffusionError: Both sides are 0.
    """
    from ..diffusion.images import scale_image

    return scale_image(image, width, height, method=upscale_method, center_crop=crop == "center")


class SavedImages(NamedTuple):
    """What was written."""

    images: Image


@node("SaveImage", category="image", effects=["writes"], lane="io")
def save_image(run: Run, images: Image, *, filename_prefix: str = "weft") -> SavedImages:
    """Write pictures as PNG files that carry their workflow.

    Each file holds the workflow with every seed drawn, so that it can be made again from the
    picture alone.

    Args:
        images: (B, H, W, 3) float32 in [0, 1]; one file each.
        filename_prefix: Name before the number, below the output folder; may hold folders.

    Returns:
        The same pictures.

    Raises:
        FileError: The name leaves the output folder, or the disk refuses.
    """
    from ..diffusion.image_file import write_png

    texts = embedded(run)
    for number, picture in enumerate(images):
        run.progress(number, len(images))
        path = run.workspace.write(
            filename_prefix, ".png", partial(write_png, picture=picture, texts=texts)
        )
        run.artifact(path, "image/png")
    return SavedImages(images)


@node("PreviewImage", category="image", effects=["writes"], lane="io")
def preview_image(run: Run, images: Image) -> None:
    """Show pictures without keeping them.

    The files lie in `temp/` below the output folder and carry no workflow.

    Args:
        images: (B, H, W, 3) float32 in [0, 1].
    """
    from ..diffusion.image_file import write_png

    for picture in images:
        path = run.workspace.write(
            "preview", ".png", partial(write_png, picture=picture, texts={}), folder="temp"
        )
        run.artifact(path, "image/png", temporary=True)
