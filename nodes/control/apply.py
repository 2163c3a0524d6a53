"""Control pictures and the networks that follow them."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from ...diffusion.types import Conditioning, ControlNet, Image, Mask, Vae
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from ..rules import window


class ControlledConditioning(NamedTuple):
    """Both conditionings, with control."""

    positive: Conditioning
    negative: Conditioning


@node(
    "ApplyControlNet",
    category="control",
    aliases=["ControlNetApplyAdvanced", "ControlNetApplySD3"],
    refuses=window,
)
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
        vae: The model's, for networks that take their picture as a latent: those of SD3, PixArt,
            and most of Flux. Others take pixels and do not use it.
        strength: Factor on what the network adds; 1 as trained, 0 switches it off.
        start_percent: Fraction of sampling at which it begins to act.
        end_percent: Fraction of sampling at which it ends.

    Returns:
        Both conditionings with the network attached.

    Raises:
        DiffusionError: `start_percent` is above `end_percent`, or the network needs a VAE.

    Source: ControlNet (Zhang 2023).
    """
    from ...diffusion import apply_control

    both = [
        apply_control(
            each,
            control_net,
            image,
            strength=strength,
            start=start_percent,
            end=end_percent,
            vae=vae,
        )
        for each in (positive, negative)
    ]
    return ControlledConditioning(*both)


@node("ControlNetApply", category="control")
def control_net_apply(
    conditioning: Conditioning,
    control_net: ControlNet,
    image: Image,
    vae: Vae | None = None,
    *,
    strength: Annotated[float, Range(0, 10, step=0.01)] = 1.0,
) -> Conditioning:
    """Let a ControlNet steer sampling, by way of the positive prompt alone.

    The negative prompt is steered alike, unless it has ControlNets of its own. ApplyControlNet does
    the same for both at once, and for a part of sampling.

    Args:
        conditioning: What to show.
        control_net: The network.
        image: (B, H, W, 3) float32 in [0, 1], of the network's kind (edges, depth, pose, ...).
        vae: The model's, for networks that take their picture as a latent.
        strength: Factor on what the network adds; 1 as trained, 0 switches it off.

    Returns:
        The prompt with the network attached.

    Raises:
        DiffusionError: The network needs a VAE.

    Source: ControlNet (Zhang 2023); the negative side as in ComfyUI.
    """
    from ...diffusion import apply_control

    return apply_control(
        conditioning, control_net, image, strength=strength, vae=vae, both_sides=True
    )


@node("ControlNetInpaintingAliMamaApply", category="control", refuses=window)
def control_net_inpainting_apply(
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    vae: Vae,
    image: Image,
    mask: Mask,
    *,
    strength: Annotated[float, Range(0, 10, step=0.01)] = 1.0,
    start_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.0,
    end_percent: Annotated[float, Range(0, 1, step=0.001)] = 1.0,
) -> ControlledConditioning:
    """Let an inpainting ControlNet of SD3 or Flux paint what a mask covers.

    Args:
        positive: What to show.
        negative: What to avoid.
        control_net: A network that takes a mask, such as those of AliMama.
        vae: The model's.
        image: (B, H, W, 3) float32 in [0, 1], the picture.
        mask: (B or 1, H, W) float32, 1 = paint anew; that part is blackened in the picture.
        strength: Factor on what the network adds; 1 as trained, 0 switches it off.
        start_percent: Fraction of sampling at which it begins to act.
        end_percent: Fraction of sampling at which it ends.

    Returns:
        Both conditionings with the network attached.

    Raises:
        DiffusionError: `start_percent` is above `end_percent`, or the network takes no mask.

    Source: AliMama's SD3 and Flux ControlNet Inpainting.
    """
    from ...diffusion import apply_control

    window = (strength, start_percent, end_percent)
    both = [
        apply_control(each, control_net, image, *window, vae=vae, mask=mask)
        for each in (positive, negative)
    ]
    return ControlledConditioning(*both)


@node("SetUnionControlNetType", category="control", lane="inline")
def set_union_control_net_type(
    control_net: ControlNet,
    *,
    type: Literal[  # noqa: A002
        "auto",
        "openpose",
        "depth",
        "hed/pidi/scribble/ted",
        "canny/lineart/anime_lineart/mlsd",
        "normal",
        "segment",
        "tile",
        "repaint",
        "blur",
        "gray",
        "low quality",
    ] = "auto",
) -> ControlNet:
    """Tell a union ControlNet what kind of picture it is given.

    Args:
        control_net: A union network of SDXL or Flux.
        type: The kind. It is looked up by name in the network's own list: "normal", "segment",
            "repaint" and "hed/pidi/scribble/ted" are known to SDXL's only, "blur", "gray" and
            "low quality" to Flux's. "auto" says nothing.

    Returns:
        The network with this kind.

    Raises:
        DiffusionError: The network follows one kind of picture only, or does not know this one.

    Source: xinsir's ControlNet++ (SDXL); InstantX and Shakker (Flux).
    """
    from ...diffusion.control.control_types import set_control_type

    return set_control_type(control_net, None if type == "auto" else type)
