"""Pixel values of an opened image file: which stored number is black, and which is white.

Pillow gives every mode of 8 bits the same meaning, but hands on the numbers of deeper grey images
as they are stored. Their white is 4095, 65,535, 4,294,967,295 or 1.0, which only the tags of a
TIFF file tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DiffusionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as PILImage

_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT, _SUBFILE = 258, 262, 339, 254  # TIFF tags
_SIGNED, _FLOAT = 2, 3  # values of SampleFormat
_WHITE_IS_ZERO, _REDUCED = 0, 1
_ROUNDING = 1e-5  # how far a float file may lie outside of 0 to 1


@dataclass(frozen=True, slots=True)
class Levels:
    """How the numbers of an image are stored.

    Attributes:
        bits: Bits of one number; 8 for everything that is not told otherwise.
        signed: Whether numbers below 0 are stored.
        inverted: Whether 0 is white. False where Pillow turns it round itself.
        reduced: Whether the page is a smaller copy of another page (a thumbnail).
    """

    bits: int = 8
    signed: bool = False
    inverted: bool = False
    reduced: bool = False


def levels_of(opened: PILImage) -> Levels:
    """Read how the frame that an opened file stands at is stored; see `Levels`."""
    tags: Any = getattr(opened, "tag_v2", None)
    if tags is None:
        return Levels(bits=16 if opened.mode.startswith("I") else 8)
    bits, formats = tags.get(_BITS, (1,)), tags.get(_SAMPLE_FORMAT, (1,))
    deep = _is_deep(opened.mode)
    return Levels(
        bits=int(bits[0]),
        signed=_SIGNED in formats,
        inverted=deep and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO,
        reduced=bool(int(tags.get(_SUBFILE, 0)) & _REDUCED),
    )


def rgba_values(frame: PILImage, levels: Levels) -> NDArray[np.float32]:
    """Give the values of a decoded frame.

    Args:
        frame: Any mode that Pillow opens files in.
        levels: How its file stores them.

    Returns:
        (H, W, 4) float32 in [0, 1]: red, green, blue, and alpha (1 = opaque). Colour of 16 bits
        keeps its upper 8, as Pillow reads it; grey of 12, 16 and 32 bits and float keeps all.

    Raises:
        DiffusionError: `image.signed` (no number of a signed image is known to be black), or
            `image.value_range` (a float image holds values outside of 0 to 1).
    """
    import numpy as np

    if levels.signed:
        raise DiffusionError(
            "image.signed",
            "The image holds signed numbers, which define neither black nor white.",
            expected="unsigned numbers, or float numbers from 0 to 1",
            got=f"signed numbers of {levels.bits} bits",
            hint="Save it as 16-bit unsigned or as float from 0 to 1.",
        )
    if not _is_deep(frame.mode):
        plain = frame.convert("LA") if frame.mode == "La" else frame
        rgba: NDArray[np.float32] = np.asarray(plain.convert("RGBA"), dtype=np.float32)
        np.divide(rgba, 255, out=rgba)
        return rgba
    stored = np.asarray(frame)
    grey = _float_grey(stored) if frame.mode == "F" else _whole_grey(stored, levels.bits)
    if levels.inverted:
        grey = 1 - grey
    alpha = np.ones_like(grey)
    clear = frame.info.get("transparency")
    if isinstance(clear, int):  # a grey PNG names the one value that is transparent
        alpha[stored == clear] = 0
    return np.stack([grey, grey, grey, alpha], axis=-1)


def in_eight_bits(opened: PILImage) -> PILImage:
    """Give an image that Pillow's own conversions read rightly.

    Args:
        opened: An opened file, at the frame that is wanted.

    Returns:
        The image itself, or grey of 8 bits for 12, 16 and 32 bits and float.

    Raises:
        DiffusionError: As `rgba_values`.
    """
    import numpy as np
    from PIL import Image

    levels = levels_of(opened)
    if not levels.signed and not _is_deep(opened.mode):
        return opened
    values = (rgba_values(opened, levels) * 255).round().astype(np.uint8)
    clear = (values[..., 3] < 255).any()
    small = Image.fromarray(values if clear else values[..., 0].copy())
    exif = opened.getexif()
    if exif:  # how it is turned
        small.info["exif"] = exif.tobytes()
    return small


def _is_deep(mode: str) -> bool:
    return mode == "F" or mode.startswith("I")


def _whole_grey(stored: NDArray[Any], bits: int) -> NDArray[np.float32]:
    import numpy as np

    if bits == 32:  # Pillow shows numbers from 2 ** 31 on as negative ones
        stored = stored.astype(np.int64) % 2**32
    grey: NDArray[np.float32] = (stored.astype(np.float64) / (2**bits - 1)).astype(np.float32)
    return grey


def _float_grey(stored: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    low, high = float(stored.min()), float(stored.max())
    if not (low >= -_ROUNDING and high <= 1 + _ROUNDING):  # not-a-number fails both
        raise DiffusionError(
            "image.value_range",
            "The image holds float values outside 0 (black) to 1 (white).",
            expected="values from 0 to 1",
            got=f"{low:g} to {high:g}",
            hint="Scale its values to 0 to 1 and save it again.",
        )
    clipped: NDArray[np.float32] = np.clip(stored, 0, 1)
    return clipped
