"""Canny edges: thin lines where brightness changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DiffusionError
from ..pictures.image import check_image

if TYPE_CHECKING:
    from torch import Tensor


def canny(image: Tensor, *, low: float = 0.4, high: float = 0.8) -> Tensor:
    """Find edges with the Canny detector.

    Args:
        image: (B, H, W, 3) float32 in [0, 1], sRGB.
        low: Threshold of weak edges, which count where they touch strong ones, as OpenCV's
            threshold divided by 255. 0 counts every change next to a strong edge.
        high: Threshold of strong edges, same unit, above `low`.

    Returns:
        (B, H, W, 3) float32, 1 on edges and 0 elsewhere, three equal channels.

    Raises:
        DiffusionError: `low` is not below `high`.
        ShapeError: `image` is not (B, H, W, 3).

    Source: Canny 1986, through OpenCV: gray values, a 5 x 5 Gaussian of sigma 1 as in the paper
    and as in ComfyUI's Canny, Sobel gradients with their Euclidean length.
    """
    import cv2
    import numpy as np
    import torch

    check_image(image)
    if not low < high:
        raise DiffusionError(
            "canny.thresholds",
            f"The low threshold {low} is not below the high one {high}.",
            expected="low < high",
            got=f"{low} and {high}",
            hint="Lower low or raise high.",
        )
    edges = []
    for picture in image:
        pixels = (picture.numpy() * 255).round().astype(np.uint8)
        grey = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (5, 5), 1.0)
        edges.append(cv2.Canny(grey, low * 255, high * 255, L2gradient=True))
    found = torch.from_numpy(np.stack(edges)).to(torch.float32) / 255
    return found.unsqueeze(-1).expand(-1, -1, -1, 3).contiguous()
