"""Images from untrusted clients: checked against limits, and resized to thumbnails."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from weft.diffusion.errors import DiffusionError
from weft.diffusion.pictures.file import frame_numbers
from weft.diffusion.pictures.floods import flood
from weft.diffusion.pictures.levels import in_eight_bits
from weft.engine.files.atomic import write_atomically

from ..api.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
MAX_SIDE = 32_768


@contextmanager
def open_picture(path: Path, pixels: int) -> Iterator[Image]:
    """An opened image whose size is within the limits; its pixels are not decoded yet.

    Args:
        path: Any file.
        pixels: Most pixels, over all frames.

    Raises:
        ApiError: `files.not_a_picture`, `files.too_many_pixels`, `files.too_many_parts`, or what
            `in_eight_bits` says of the picture.
    """
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # large and odd files are ours to judge
        try:
            _check_parts(path)
            with Image.open(path, formats=FORMATS) as picture:
                frames = len(frame_numbers(picture))
                width, height = picture.size
                if max(width, height) > MAX_SIDE or width * height * frames > pixels:
                    raise _too_large(f"{width} x {height} pixels, {frames} frames", pixels)
                yield picture
        except DiffusionError as error:
            raise ApiError(
                415,
                error.message,
                code=error.code,
                expected=error.expected,
                got=error.got,
                hint=error.hint,
            ) from error
        except Image.DecompressionBombError as error:
            raise _too_large("far too many", pixels) from error
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, IndexError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's trouble, not the picture's
            raise _no_picture() from error


def count_pixels(path: Path, pixels: int) -> int:
    """The number of pixels in an image file; none are decoded.

    Raises:
        ApiError: As `open_picture`.
    """
    with open_picture(path, pixels) as picture:
        return picture.width * picture.height


def check_picture(path: Path, pixels: int) -> None:
    """Decode an image once, so that damaged files and files of other kinds are refused.

    Raises:
        ApiError: As `open_picture`.
    """
    with open_picture(path, pixels) as picture:
        picture.load()


def shrink(path: Path, target: Path, side: int, pixels: int) -> None:
    """Write a WebP no larger than `side` either way, upright, without metadata.

    Args:
        path: A picture; of an animation the first frame is taken.
        target: Appears complete or not at all.
        side: Longest side in pixels.
        pixels: Most pixels that are decoded.

    Raises:
        ApiError: As `open_picture`.
    """
    from PIL import Image, ImageOps

    with open_picture(path, pixels) as picture:
        picture.draft("RGB", (side, side))  # a JPEG is decoded small at once
        upright = ImageOps.exif_transpose(in_eight_bits(picture))
        small = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3)
    content = BytesIO()
    small.save(content, "WEBP", quality=80, method=4)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, content.getvalue())


def _check_parts(path: Path) -> None:
    with path.open("rb") as file:
        found = flood(file)
    if found is not None:
        raise ApiError(
            413,
            f"The image has {found}.",
            code="files.too_many_parts",
            got=found,
            hint="Save it again with an image editor.",
        )


def _no_picture() -> ApiError:
    return ApiError(
        415,
        "The file is no image, or it is damaged.",
        code="files.not_a_picture",
        expected="PNG, JPEG, WebP, GIF, BMP or TIFF, matching its file name",
    )


def _too_large(got: str, pixels: int) -> ApiError:
    return ApiError(
        413,
        f"The image is too large: {got}.",
        code="files.too_many_pixels",
        expected=f"sides up to {MAX_SIDE} pixels and {pixels} pixels in all",
        got=got,
        hint="Resize it first.",
    )
