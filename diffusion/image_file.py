"""Picture files: reading with limits, writing with embedded texts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from .errors import DiffusionError

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage
    from torch import Tensor

MAX_PIXELS = 100_000_000
MAX_SIDE = 32_768
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


def read_image(path: Path) -> tuple[Tensor, Tensor]:
    """Read a picture file.

    Sizes are read from the header and checked before anything is decoded, so that a small file
    cannot ask for all memory.

    Args:
        path: PNG, JPEG, WebP, GIF, BMP or TIFF.

    Returns:
        image: (B, H, W, 3) float32 in [0, 1], turned upright by EXIF; frames are a batch.
        mask: (B, H, W) float32, 1 where the picture is transparent, else 0.

    Raises:
        DiffusionError: `image.not_an_image`, `image.too_large` or `image.damaged`.
    """
    import torch
    from PIL import Image, ImageSequence, UnidentifiedImageError

    name = path.name
    with warnings.catch_warnings():
        # Pillow warns of large pictures; ours is an error with a place and a hint.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            opened = Image.open(path, formats=FORMATS)
        except (UnidentifiedImageError, SyntaxError, ValueError) as error:
            raise _not_an_image(path) from error
        except Image.DecompressionBombError as error:
            raise _too_large(name, str(error)) from error
        with opened:
            frames = getattr(opened, "n_frames", 1) if opened.format != "MPO" else 1
            width, height = opened.size
            if max(width, height) > MAX_SIDE or width * height * frames > MAX_PIXELS:
                raise _too_large(name, f"{width} x {height} pixels, {frames} frames")
            try:
                pictures = [
                    _pixels(frame.copy())
                    for _, frame in zip(range(frames), ImageSequence.Iterator(opened), strict=False)
                ]
            except (OSError, SyntaxError, ValueError, IndexError) as error:
                raise DiffusionError(
                    "image.damaged",
                    f'The picture "{name}" is damaged: {error}.',
                    expected="a complete picture file",
                    got="one that ends early or has wrong data",
                    hint="Save or copy it again.",
                ) from error
    images, masks = zip(*(p for p in pictures if p[0].shape == pictures[0][0].shape), strict=True)
    return torch.stack(images), torch.stack(masks)


def write_png(file: BinaryIO, picture: Tensor, texts: Mapping[str, str]) -> None:
    """Write one picture as PNG.

    Args:
        file: Where to.
        picture: (H, W, 3) float32; cut to [0, 1] and rounded to 8 bits.
        texts: Text chunks by keyword.
    """
    import numpy as np
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    pixels = (picture.clamp(0, 1).cpu().numpy() * 255).round().astype(np.uint8)
    # Level 4 is nearly as small as 9 for pictures and several times faster.
    Image.fromarray(pixels).save(file, "PNG", pnginfo=info, compress_level=4)


def _pixels(frame: PILImage) -> tuple[Tensor, Tensor]:
    import numpy as np
    import torch
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(frame)
    if upright.mode.startswith("I"):  # 16 or 32 bits of grey; 16 is what files hold
        grey = np.asarray(upright, dtype=np.float32) / 65535
        image = torch.from_numpy(grey).clamp(0, 1).unsqueeze(-1).expand(-1, -1, 3).contiguous()
        return image, torch.zeros(image.shape[:2])
    rgba = np.asarray(upright.convert("RGBA"), dtype=np.float32) / 255
    both = torch.from_numpy(rgba)
    return both[..., :3].contiguous(), 1 - both[..., 3]


def _not_an_image(path: Path) -> DiffusionError:
    size = path.stat().st_size
    return DiffusionError(
        "image.not_an_image",
        f'The file "{path.name}" is not a picture.',
        expected="PNG, JPEG, WebP, GIF, BMP or TIFF",
        got="an empty file" if size == 0 else f"{size} bytes of something else",
        hint="Choose another file.",
    )


def _too_large(name: str, got: str) -> DiffusionError:
    return DiffusionError(
        "image.too_large",
        f'The picture "{name}" is too large: {got}.',
        expected=f"sides up to {MAX_SIDE} pixels and {MAX_PIXELS} pixels in all",
        got=got,
        hint="Scale it down first.",
    )
