"""Image files: reading with limits, writing with embedded metadata."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from ..errors import DiffusionError
from .floods import refuse_floods
from .levels import levels_of, rgba_values

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage
    from PIL.PngImagePlugin import PngInfo
    from torch import Tensor

MAX_PIXELS = 100_000_000
MAX_SIDE = 32_768
MOST_EXIF = 65_500
LEFT_OUT = ("weft_lock", "workflow", "prompt")  # where they do not fit, in this order
_DESCRIPTION = 0x010E
_COMFY = {"workflow": 0x010F, "prompt": 0x0110}  # where ComfyUI's editor looks for them in WebP
Kind = Literal["png", "webp", "webp-lossless", "jpeg"]
# The longest sides of formats that have a bound: libwebp's and libjpeg's.
_SIDES: Mapping[Kind, int] = {"webp": 16_383, "webp-lossless": 16_383, "jpeg": 65_500}
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


def read_image(path: Path) -> tuple[Tensor, Tensor]:
    """Read an image file.

    Sizes are read from the header and checked before anything is decoded, so that a small file
    cannot ask for all memory.

    Args:
        path: PNG, JPEG, WebP, GIF, BMP or TIFF.

    Returns:
        image: (B, H, W, 3) float32 in [0, 1], turned upright by EXIF; frames are a batch. Float
            files hold 0 to 1, grey of 12, 16 and 32 bits its whole range.
        mask: (B, H, W) float32, 1 where the picture is transparent, else 0.

    Raises:
        DiffusionError: `image.not_an_image`, `image.too_large`, `image.too_many_parts`,
            `image.damaged`, `image.signed`, `image.value_range` or `image.pages_differ`.
    """
    import torch
    from PIL import Image, UnidentifiedImageError

    name = path.name
    with warnings.catch_warnings():
        # Pillow warns of large pictures; ours is an error with a place and a hint.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            refuse_floods(path)
            opened = Image.open(path, formats=FORMATS)
        except (UnidentifiedImageError, SyntaxError, ValueError) as error:
            raise _not_an_image(path) from error
        except Image.DecompressionBombError as error:
            raise _too_large(name, str(error)) from error
        with opened:
            numbers = frame_numbers(opened)
            width, height = opened.size
            if max(width, height) > MAX_SIDE or width * height * len(numbers) > MAX_PIXELS:
                raise _too_large(name, f"{width} x {height} pixels, {len(numbers)} frames")
            try:
                pictures = list(_frames(opened, numbers))
            except (OSError, EOFError, SyntaxError, ValueError, IndexError) as error:
                raise DiffusionError(
                    "image.damaged",
                    f'The image "{name}" is damaged: {error}.',
                    expected="a complete image file",
                    got="one that is truncated or has wrong data",
                    hint="Save or copy it again.",
                ) from error
    both = torch.stack(pictures)
    return both[..., :3].contiguous(), 1 - both[..., 3]


def write_image(
    file: BinaryIO,
    picture: Tensor,
    texts: Mapping[str, str],
    kind: Kind = "png",
    *,
    quality: int = 95,
) -> None:
    """Write an image file.

    Args:
        file: Where to.
        picture: (H, W, 3) float32, or (H, W, 4) with alpha; cut to [0, 1] and rounded to 8 bits.
        texts: Texts by keyword: PNG's text chunks, elsewhere one EXIF description in JSON; in
            WebP files ComfyUI's two where it looks for them.
        kind: Format; "webp-lossless" is WebP too.
        quality: Of JPEG and lossy WebP, 1 to 100.

    Raises:
        DiffusionError: JPEG cannot hold an alpha channel, or texts of more than 64 kB; JPEG and
            WebP not so many pixels in a row.
    """
    _check_sides(picture, kind)
    if kind == "png":
        # Level 4 is nearly as small as 9 for pictures and several times faster.
        pil_image(picture).save(file, "PNG", pnginfo=_png_texts(texts), compress_level=4)
        return
    exif = _exif(texts, comfy=kind != "jpeg")
    if kind == "jpeg":
        if picture.shape[-1] == 4:
            raise DiffusionError(
                "image.alpha_in_jpeg",
                "JPEG files cannot hold transparency.",
                expected="an image of 3 channels",
                got="4 channels",
                hint="Save as png or webp, or remove the alpha channel with SplitImageWithAlpha.",
            )
        for name in LEFT_OUT:  # the workflow matters more
            if len(exif) > MOST_EXIF and name in texts:
                texts = {other: text for other, text in texts.items() if other != name}
                exif = _exif(texts)
        if len(exif) > MOST_EXIF:
            raise DiffusionError(
                "image.workflow_too_large",
                "The workflow is too large to be embedded in a JPEG file.",
                expected=f"up to {MOST_EXIF} bytes",
                got=f"{len(exif)} bytes",
                hint="Save as png or webp.",
            )
        pil_image(picture).save(file, "JPEG", quality=quality, exif=exif, subsampling=0)
        return
    lossless = kind == "webp-lossless"
    pil_image(picture).save(
        file, "WEBP", quality=quality, lossless=lossless, exif=exif, exact=lossless
    )


def _check_sides(picture: Tensor, kind: Kind) -> None:
    """Refuse a picture whose format cannot hold it; the last three axes are (H, W, channels)."""
    most = _SIDES.get(kind)
    height, width = picture.shape[-3:-1]
    if most is not None and max(height, width) > most:
        raise DiffusionError(
            "image.too_large_for_format",
            f"{'JPEG' if kind == 'jpeg' else 'WebP'} files cannot hold an image of this size.",
            expected=f"sides up to {most} pixels",
            got=f"{width} x {height} pixels",
            hint="Save as png, or resize the image first.",
        )


def write_png(file: BinaryIO, picture: Tensor, texts: Mapping[str, str]) -> None:
    """Write an image as PNG; see `write_image`."""
    write_image(file, picture, texts)


def write_animated_webp(
    file: BinaryIO,
    pictures: Tensor,
    texts: Mapping[str, str],
    *,
    fps: float,
    lossless: bool = True,
    quality: int = 80,
    method: int = 4,
) -> None:
    """Write an animation that repeats for ever.

    Args:
        file: Where to.
        pictures: (B, H, W, 3 or 4) float32 in [0, 1], the frames.
        texts: Texts by keyword.
        fps: Frames a second; a frame lasts whole milliseconds.
        lossless: Whether every pixel is kept.
        quality: 0 to 100; for lossless files, how hard to try.
        method: 0 fast to 6 small.

    Raises:
        DiffusionError: WebP holds not so many pixels in a row.
    """
    _check_sides(pictures, "webp")
    first, *others = [pil_image(picture) for picture in pictures]
    first.save(
        file,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=int(1000.0 / fps),
        loop=0,
        lossless=lossless,
        quality=quality,
        method=method,
        exif=_exif(texts, comfy=True),
    )


def write_animated_png(
    file: BinaryIO,
    pictures: Tensor,
    texts: Mapping[str, str],
    *,
    fps: float,
    compress_level: int = 4,
) -> None:
    """Write an animation that repeats for ever, as APNG.

    Args:
        file: Where to.
        pictures: (B, H, W, 3 or 4) float32 in [0, 1], the frames.
        texts: Text chunks by keyword.
        fps: Frames a second; a frame lasts whole milliseconds.
        compress_level: 0 fast to 9 small.
    """
    first, *others = [pil_image(picture) for picture in pictures]
    first.save(
        file,
        "PNG",
        save_all=True,
        append_images=others,
        duration=int(1000.0 / fps),
        loop=0,
        compress_level=compress_level,
        pnginfo=_png_texts(texts),
    )


def pil_image(picture: Tensor) -> PILImage:
    """An image (H, W, 3 or 4) float32 as a Pillow image; clipped to [0, 1], rounded to 8 bits."""
    import numpy as np
    from PIL import Image

    pixels = (picture.clamp(0, 1).cpu().numpy() * 255).round().astype(np.uint8)
    return Image.fromarray(pixels)


def _png_texts(texts: Mapping[str, str]) -> PngInfo:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    return info


def _exif(texts: Mapping[str, str], *, comfy: bool = False) -> bytes:
    """EXIF with the texts as its description; nothing for no texts.

    Args:
        texts: Texts by keyword.
        comfy: Whether those that ComfyUI reads go where it looks for them.
    """
    from PIL import Image

    if not texts:
        return b""
    exif = Image.Exif()
    there = {}
    for name in _COMFY if comfy else ():
        with contextlib.suppress(KeyError, ValueError):  # EXIF holds ASCII, and these are JSON
            there[name] = json.dumps(json.loads(texts[name]))
    exif[_DESCRIPTION] = json.dumps({n: t for n, t in texts.items() if n not in there})
    for name, text in there.items():
        exif[_COMFY[name]] = f"{name}:{text}"
    return exif.tobytes()


def frame_numbers(opened: PILImage) -> range:
    """Number the frames of an opened file that are its content.

    The default image of an APNG stands for the animation in programs that know none, and is no
    frame where the file says so; an MPO file holds further views beside its one image.
    """
    frames = getattr(opened, "n_frames", 1) if opened.format != "MPO" else 1
    return range(1 if frames > 1 and getattr(opened, "default_image", False) else 0, frames)


def _frames(opened: PILImage, numbers: range) -> Iterator[Tensor]:
    """Decode frames as (H, W, 4); pages that are smaller copies of others are left out."""
    import torch
    from PIL import ImageOps

    size = opened.size
    for number in numbers:
        if number == 1 and number == numbers.start:
            _clear_canvas(opened)
        opened.seek(number)
        levels = levels_of(opened)
        if levels.reduced and number > 0:
            continue
        if opened.size != size:  # told before anything of it is decoded
            raise _pages_differ(opened.size, size)
        upright = ImageOps.exif_transpose(opened.copy())
        yield torch.from_numpy(rgba_values(upright, levels))


def _clear_canvas(opened: PILImage) -> None:
    """Let an APNG's first frame be laid on nothing, and not on the default image before it."""
    from PIL.PngImagePlugin import Disposal, PngImageFile

    assert isinstance(opened, PngImageFile)
    opened.dispose_op, opened.dispose_extent = Disposal.OP_BACKGROUND, (0, 0, *opened.size)


def _not_an_image(path: Path) -> DiffusionError:
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(4)
    if start in _TIFF:
        return DiffusionError(
            "image.not_an_image",
            f'The TIFF file "{path.name}" is damaged, or of a kind that weft does not support.',
            expected="1 to 16 bits a channel, or grey of 32 bits (unsigned or float)",
            got=f"a TIFF file of {size} bytes with another format",
            hint="Save it as PNG, or as TIFF with 8 or 16 bits.",
        )
    return DiffusionError(
        "image.not_an_image",
        f'The file "{path.name}" is not an image.',
        expected="PNG, JPEG, WebP, GIF, BMP or TIFF",
        got="an empty file" if size == 0 else f"{size} bytes of something else",
        hint="Choose another file.",
    )


def _pages_differ(other: tuple[int, int], first: tuple[int, int]) -> DiffusionError:
    return DiffusionError(
        "image.pages_differ",
        "The pages of the image file differ in size, so they form no batch.",
        expected="{} x {} pixels, as the first page has".format(*first),
        got="a page of {} x {} pixels".format(*other),
        hint="Save the page that you want as a separate file.",
    )


def _too_large(name: str, got: str) -> DiffusionError:
    return DiffusionError(
        "image.too_large",
        f'The image "{name}" is too large: {got}.',
        expected=f"sides up to {MAX_SIDE} pixels and {MAX_PIXELS} pixels in all",
        got=got,
        hint="Resize it first.",
    )
