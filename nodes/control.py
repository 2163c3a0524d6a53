"""Control pictures and the networks that follow them."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from ..diffusion.types import Conditioning, ControlNet, Image, Vae
from ..engine.node import node
from ..engine.widgets import Alias, Range


@node("Canny", category="control/preprocess", aliases=["canny"])
def canny(
    image: Image,
    *,
    low: Annotated[float, Range(0, 1, step=0.01), Alias("low_threshold")] = 0.4,
    high: Annotated[float, Range(0, 1, step=0.01), Alias("high_threshold")] = 0.8,
) -> Image:
    """Find edges with the Canny detector.

    Args:
        image: (B, H, W, 3) float32 in [0, 1], sRGB.
        low: Weak-edge threshold as a fraction of a step from black to white in the Sobel
            filter's unit: OpenCV's threshold divided by 255.
        high: Strong-edge threshold, same unit; must exceed `low`.

    Returns:
        Same size, white edges on black, 3 equal channels.

    Raises:
        DiffusionError: `low` is not below `high`.

    Source: Canny 1986, through OpenCV, after a Gaussian blur of sigma 1.
    """
    from ..diffusion.canny import find_edges

    return find_edges(image, low=low, high=high)


class ControlledConditioning(NamedTuple):
    """Both conditionings, with control."""

    positive: Conditioning
    negative: Conditioning


@node("ApplyControlNet", category="control", aliases=["ControlNetApplyAdvanced"])
def apply_control_net(
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    image: Image,
    vae: Vae | None = None,
    *,
    strength: Annotated[float, Range(0, 10, step=0.01)] = 1.0,
    start_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.0,
    end_percent: Annotated[float, Range(0, 1, step=0.001)] = 1.0,
) -> ControlledConditioning:
    """Let a ControlNet steer sampling by a control picture.

    Several can follow each other; their effects add up.

    Args:
        positive: What to show.
        negative: What to avoid.
        control_net: The network.
        image: (B, H, W, 3) float32 in [0, 1], of the network's kind (edges, depth, pose, ...).
            Scaled to the size of the picture when it is used.
        vae: For networks that take latents; those of SD1.x take pixels and do not use it.
        strength: Factor on what the network adds; 1 as trained, 0 switches it off.
        start_percent: Fraction of sampling at which it begins to act.
        end_percent: Fraction of sampling at which it ends.

    Returns:
        Both conditionings with the network attached.

    Raises:
        DiffusionError: `start_percent` is above `end_percent`.

    Source: ControlNet (Zhang 2023).
    """
    from ..diffusion import apply_control

    both = [
        apply_control(
            each, control_net, image, strength=strength, start=start_percent, end=end_percent
        )
        for each in (positive, negative)
    ]
    return ControlledConditioning(*both)
