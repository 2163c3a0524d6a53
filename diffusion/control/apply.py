"""Applying ControlNets and their like to prompts."""

from __future__ import annotations

from ..checks import check_factor, check_window
from ..errors import ParameterError
from ..pictures.image import check_image
from ..types import Conditioning, ControlNet, ControlUse, Image, Mask, Vae
from . import method_of


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
        image: (B, H, W, 3) float32 in [0, 1], the control image (edges, depth, ...). When
            used it is cropped centrally to the shape of the run and resized to its pixels
            (nearest-exact, as ComfyUI does). One image serves a whole batch; more are repeated
            in turn.
        strength: Factor on the residuals; 1 = as trained, 0 = not applied at all.
        start, end: Part of the schedule in which it acts; 0 = the beginning, 1 = the end.
        vae: The model's, for networks that take latents (SD3, most of Flux, PixArt); None = none.
        mask: (B or 1, H, W) float32, 1 = repaint, for inpainting networks of SD3 and Flux: what it
            covers is blackened in the image; None = none.
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
    method = method_of(control_net)
    if not method.takes_latents(control_net):
        vae = None
    elif vae is None:
        raise ParameterError(
            "control.no_vae",
            f'ControlNet "{control_net.weights.path.name}" takes its control image as a latent.',
            expected="a VAE",
            got="none",
            hint="Connect the VAE of the model that is sampled.",
        )
    if mask is not None or method.takes_mask(control_net):
        image = _without_masked(control_net, image, mask)
    use = ControlUse(
        control_net, image, float(strength), float(start), float(end), vae, mask, both_sides
    )
    return conditioning.attach(use)


def _without_masked(net: ControlNet, image: Image, mask: Mask | None) -> Image:
    from ..pictures.masks import check_mask, fit_mask

    if mask is None or not method_of(net).takes_mask(net):
        missing = mask is None
        raise ParameterError(
            "control.no_mask" if missing else "control.takes_no_mask",
            f'ControlNet "{net.weights.path.name}" takes {"a" if missing else "no"} mask beside '
            "its control image.",
            expected="a mask" if missing else "no mask",
            got="none" if missing else "a mask",
            hint="Use ControlNetInpaintingAliMamaApply for it."
            if missing
            else "Use ApplyControlNet, and SetLatentNoiseMask to repaint a part only.",
        )
    kept = 1.0 - fit_mask(check_mask(mask), (image.shape[1], image.shape[2])).round()
    return image * kept.movedim(1, -1)
