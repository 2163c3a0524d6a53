"""Images on the command line: those of a run, and the difference of two."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from weft.engine.events import NodeArtifact


def first_picture(artifacts: Iterable[NodeArtifact]) -> bytes | None:
    """The first finished PNG that a run wrote."""
    for artifact in artifacts:
        if artifact.media_type == "image/png" and not artifact.temporary:
            return Path(artifact.path).read_bytes()
    return None


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two images.

    Attributes:
        largest: Largest difference of a channel, 0 to 255.
        psnr: Peak signal-to-noise ratio in dB; None when they are equal.
        sizes: Both sizes, when they differ: nothing else was compared then.
    """

    largest: int
    psnr: float | None
    sizes: tuple[tuple[int, int], tuple[int, int]] | None = None

    def __str__(self) -> str:
        if self.sizes is not None:
            (a, b), (c, d) = self.sizes
            return f"{a}x{b} pixels expected, {c}x{d} got"
        return f"at most {self.largest} of 255 a channel, PSNR {self.psnr or math.inf:.1f} dB"


def compare(expected: bytes, got: bytes) -> Difference:
    """Compare two images by their pixels."""
    import numpy as np
    from PIL import Image

    one, other = (Image.open(io.BytesIO(each)).convert("RGB") for each in (expected, got))
    if one.size != other.size:
        return Difference(255, 0.0, (one.size, other.size))
    error = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    mean = float((error**2).mean())
    if mean == 0:
        return Difference(0, None)
    return Difference(int(abs(error).max()), 10 * math.log10(255**2 / mean))
