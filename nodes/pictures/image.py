"""Pictures: from files, to files, scaled, shown."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, NamedTuple

from ...diffusion.types import Image, Mask
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Alias, FilePrefix, InputFile, Range
from ..rules import image_size
from .metadata import embedded

MAX_SIDE = 16_384
Filter = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
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


@node("ImageScale", category="image", refuses=image_size)
def image_scale(
    image: Image,
    *,
    upscale_method: Filter = "nearest-exact",
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
    from ...diffusion.pictures.image import scale_image

    return scale_image(image, width, height, method=upscale_method, center_crop=crop == "center")


@node("ImageScaleBy", category="image")
def image_scale_by(
    image: Image,
    *,
    upscale_method: Filter = "nearest-exact",
    scale_by: Annotated[float, Range(0.01, 8, step=0.01)] = 1.0,
) -> Image:
    """Scale pictures by a factor.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        upscale_method: How new pixels are made.
        scale_by: Factor on both sides, which are then rounded.

    Returns:
        (B, H * factor, W * factor, 3) float32 in [0, 1].

    Raises:
        DiffusionError: A side would have no pixels.
    """
    from ...diffusion.pictures.image import scale_image_by

    return scale_image_by(image, scale_by, method=upscale_method)


@node("ImageScaleToTotalPixels", category="image")
def image_scale_to_total_pixels(
    image: Image,
    *,
    upscale_method: Filter = "nearest-exact",
    megapixels: Annotated[float, Range(0.01, 16, step=0.01)] = 1.0,
) -> Image:
    """Scale pictures to a number of pixels in all, keeping their shape.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        upscale_method: How new pixels are made.
        megapixels: Pixels in all, in units of 1024 * 1024.

    Returns:
        (B, h, w, 3) float32 in [0, 1].
    """
    from ...diffusion.pictures.image import scale_to_pixels

    return scale_to_pixels(image, megapixels, method=upscale_method)


@node("ImageScaleToMaxDimension", category="image")
def image_scale_to_max_dimension(
    image: Image,
    *,
    upscale_method: Filter = "area",
    largest_size: Annotated[int, Range(1, MAX_SIDE)] = 512,
) -> Image:
    """Scale pictures so that their longer side has so many pixels.

    Args:
        image: (B, H, W, 3) float32 in [0, 1].
        upscale_method: How new pixels are made.
        largest_size: The longer side in pixels.

    Returns:
        (B, h, w, 3) float32 in [0, 1].
    """
    from ...diffusion.pictures.shapes import scale_to_side

    return scale_to_side(image, largest_size, method=upscale_method)


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
        path = run.write(filename_prefix, suffix, fill, image=_size(images, number))
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
    path = run.write(filename_prefix, ".webp", fill, image=_size(images))
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
    path = run.write(filename_prefix, ".png", fill, image=_size(images))
    run.artifact(path, "image/png")
    return SavedImages(images)


def _size(images: Image, number: int = 0) -> dict[str, int]:
    """What the tokens of file names say of an image."""
    return {"width": images.shape[2], "height": images.shape[1], "batch_num": number}
