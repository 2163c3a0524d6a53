"""ControlNets: attaching them to a prompt, and fitting pictures and networks together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..checks import check_factor, check_window
from ..errors import ParameterError
from ..pictures.image import check_image
from ..types import Conditioning, ControlNet, ControlUse, Image, Mask, Vae

if TYPE_CHECKING:
    from torch import Tensor

    from ..vae.format import LatentFormat


CANNY, DEPTH = 1, 2
"""What files of Stability AI's ControlNets for SD3.5 say of their pictures."""


def apply_control(
    conditioning: Conditioning,
    control_net: ControlNet,
    image: Image,
    strength: float = 1.0,
    start: float = 0.0,
    end: float = 1.0,
    vae: Vae | None = None,
    mask: Mask | None = None,
    *,
    both_sides: bool = False,
) -> Conditioning:
    """Let a ControlNet act together with a prompt; several add up.

    Apply it to positive and negative alike for the usual behaviour; to the positive alone, the
    negative pass runs without it.

    Args:
        conditioning: Encoded prompt.
        control_net: From `load_controlnet`.
        image: (B, H, W, 3) float32 in [0, 1], the preprocessed picture (edges, depth, ...). When
            used it is cropped centrally to the shape of the run and resized to its pixels
            (nearest-exact, as ComfyUI does). One picture serves a whole batch; more are repeated
            in turn.
        strength: Factor on the residuals; 1 = as trained, 0 = not applied at all.
        start, end: Part of the schedule in which it acts; 0 = the beginning, 1 = the end.
        vae: The model's, for networks that take latents (SD3, most of Flux, PixArt); None = none.
        mask: (B or 1, H, W) float32, 1 = repaint, for inpainting networks of SD3 and Flux: what it
            covers is blackened in the picture; None = none.
        both_sides: Whether the negative side is steered as well, if nothing else steers it.

    Returns:
        A new conditioning; the same one if strength is 0.

    Raises:
        ShapeError: The image is not (B, H, W, 3).
        ParameterError: start and end are not 0 <= start <= end <= 1, strength is not finite, or
            the network takes latents or a mask and they are missing, or takes no mask.

    Source: Zhang et al. 2023.
    """
    check_image(image)
    check_window(start, end)
    check_factor("strength", strength)
    if strength == 0:
        return conditioning
    if not takes_latents(control_net):
        vae = None
    elif vae is None:
        raise ParameterError(
            "control.no_vae",
            f'ControlNet "{control_net.weights.path.name}" takes its picture as a latent.',
            expected="a VAE",
            got="none",
            hint="Connect the VAE of the model that is sampled.",
        )
    if mask is not None or takes_mask(control_net):
        image = _without_masked(control_net, image, mask)
    use = ControlUse(
        control_net, image, float(strength), float(start), float(end), vae, mask, both_sides
    )
    return Conditioning(
        tuple(replace(entry, control=(*entry.control, use)) for entry in conditioning.entries)
    )


def takes_latents(net: ControlNet) -> bool:
    """Whether a ControlNet takes its picture through the model's VAE; the others take pixels."""
    encoder = net.weights.config.get("conditioning_embedding_channels")
    return net.family in {"sd3", "flux", "pixart"} and not encoder


def takes_mask(net: ControlNet) -> bool:
    """Whether a ControlNet is told what to repaint, beside its picture."""
    return bool(net.weights.config.get("extra_conditioning_channels"))


def _without_masked(net: ControlNet, image: Image, mask: Mask | None) -> Image:
    from ..pictures.masks import check_mask, fit_mask

    if mask is None or not takes_mask(net):
        missing = mask is None
        raise ParameterError(
            "control.no_mask" if missing else "control.takes_no_mask",
            f'ControlNet "{net.weights.path.name}" takes {"a" if missing else "no"} mask beside '
            "its picture.",
            expected="a mask" if missing else "no mask",
            got="none" if missing else "a mask",
            hint="Use ControlNetInpaintingAliMamaApply for it."
            if missing
            else "Use ApplyControlNet, and SetLatentNoiseMask to repaint a part only.",
        )
    kept = 1.0 - fit_mask(check_mask(mask), (image.shape[1], image.shape[2])).round()
    return image * kept.movedim(1, -1)


def same_use(left: ControlUse, right: ControlUse) -> bool:
    """Whether two uses give the same residuals for the same input."""
    import torch

    return left is right or (
        left.net == right.net
        and (left.strength, left.start, left.end) == (right.strength, right.start, right.end)
        and left.vae == right.vae
        and _same(left.mask, right.mask)
        and (left.image is right.image or torch.equal(left.image, right.image))
    )


def _same(left: Tensor | None, right: Tensor | None) -> bool:
    import torch

    if left is None or right is None:
        return left is right
    return left is right or torch.equal(left, right)


def fit_hint(image: Image, size: tuple[int, int], batch: int, like: Any) -> Tensor:
    """A control picture for a run.

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
    """A control picture as a latent, for networks that take it so.

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
