"""Control images of edges."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Image
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Alias, Range

from ...rules import thresholds


@node("Canny", category="control/preprocess", aliases=["canny"], refuses=thresholds)
def canny(
    image: Image,
    *,
    low: Annotated[float, Range(0, 1, step=0.01), Alias("low_threshold")] = 0.4,
    high: Annotated[float, Range(0, 1, step=0.01), Alias("high_threshold")] = 0.8,
) -> Image:
    """Find edges with the Canny detector.

    Args:
        image: The image. (B, H, W, 3) float32 in [0, 1], sRGB.
        low: Lower threshold: weaker edges are dropped. A fraction of a step from black to white in
            the Sobel filter's unit, which is OpenCV's threshold divided by 255.
        high: Upper threshold: edges above it are always kept, weaker ones only where they touch
            them. Same unit; it must exceed `low`.

    Returns:
        The edges in white on black, of the same size, with 3 equal channels.

    Raises:
        DiffusionError: `low` is not below `high`.

    Source: Canny 1986, through OpenCV, after a Gaussian blur of sigma 1.
    """
    from weft.diffusion.preprocess.canny import canny as find_edges

    return find_edges(image, low=low, high=high)
