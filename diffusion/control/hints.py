"""Control images as networks take them: cropped, resized, encoded. Made once for a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import ControlNet, ControlUse, Image
    from ..vae.format import LatentFormat

CANNY, DEPTH = 1, 2
"""What files of Stability AI's ControlNets for SD3.5 say of their pictures."""


def fit_hint(image: Image, size: tuple[int, int], batch: int, like: Any) -> Tensor:
    """A control image for a run.

    Args:
        image: (B', H, W, 3) in [0, 1].
        size: (height, width) in pixels: 8 times the latent.
        batch: Items of the run.
        like: Tensor whose device and type the result takes.

    Returns:
        (batch, 3, height, width).
    """
    import torch.nn.functional as F

    height, width = size
    tall, wide = image.shape[1:3]
    pixels = image.movedim(-1, 1)
    if wide * height > width * tall:  # too wide
        margin = round((wide - wide * (width / height) / (wide / tall)) / 2)
        pixels = pixels[..., margin : wide - margin]
    elif wide * height < width * tall:
        margin = round((tall - tall * (wide / tall) / (width / height)) / 2)
        pixels = pixels[..., margin : tall - margin, :]
    pixels = F.interpolate(pixels.float(), size=size, mode="nearest-exact")
    rows = [number % len(pixels) for number in range(batch)]
    return pixels[rows].to(like)


def _as_trained(net: ControlNet, picture: Tensor) -> Tensor:
    """What Stability AI's networks for SD3.5 were shown of edges and depth; others as it is.

    Edges go far beyond white, near and far are swapped. Source: Stability-AI/sd3.5, as ComfyUI.
    """
    kind = net.weights.extras.get("control_type")
    if kind == CANNY:
        return picture * 255.0 * 0.5 + 0.5
    return 1.0 - picture if kind == DEPTH else picture


def latent_hint(
    use: ControlUse, space: LatentFormat, size: tuple[int, int], batch: int, like: Any
) -> Tensor:
    """A control image as a latent, for networks that take it so.

    Args:
        use: The network with its picture and the VAE.
        space: The network's space.
        size: (height, width) of the run in latent cells.
        batch: Items of the run.
        like: Tensor whose device and type the result takes.

    Returns:
        (batch, C, height, width), with one channel more where there is a mask: 1 = keep.
    """
    import torch

    from ..vae.run import encode_mean

    assert use.vae is not None
    pixels = (size[0] * space.downscale, size[1] * space.downscale)
    different = min(batch, len(use.image))  # each is encoded once
    fitted = _as_trained(use.net, fit_hint(use.image, pixels, different, torch.zeros(())))
    latents = space.to_network(encode_mean(use.vae, fitted * 2.0 - 1.0))
    rows = latents[[number % different for number in range(batch)]].to(like)
    if use.mask is None:
        return rows
    kept = fit_hint((1.0 - use.mask)[..., None], size, batch, like)
    return torch.cat([rows, kept], dim=1)
