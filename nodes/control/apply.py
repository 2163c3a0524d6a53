"""Control images applied through ControlNets."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from weft.diffusion.types import Conditioning, ControlNet, Image, Mask, Vae
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

from ..rules import window


class ControlledConditioning(NamedTuple):
    """The positive and the negative prompt, with a ControlNet."""

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
    """Guide sampling by a control image, through a ControlNet.

    Chain several of these nodes to combine ControlNets; their residuals add up.

    Args:
        positive: The positive prompt.
        negative: The negative prompt.
        control_net: The ControlNet.
        image: The control image: edges, depth, a pose, ..., as this ControlNet was trained for. It
            is scaled to the size of the generated image. (B, H, W, 3) float32 in [0, 1].
        vae: The VAE of the model. ControlNets that take the control image as a latent need it:
            those of SD3, PixArt and most of Flux. Others take pixels and ignore it.
        strength: Factor on the ControlNet's residuals. 1 is as trained, 0 switches it off.
        start_percent: Where the ControlNet begins to act, as a fraction of sampling: 0 is the first
            step.
        end_percent: Where the ControlNet stops, as a fraction of sampling: 1 is the last step.

    Returns:
        Both prompts with the ControlNet attached.

    Raises:
        DiffusionError: `start_percent` is above `end_percent`, or the ControlNet needs a VAE.

    Source: ControlNet (Zhang 2023).
    """
    from weft.diffusion import apply_control

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
    """Guide sampling by a control image, through a ControlNet on the positive prompt.

    The ControlNet also acts on the negative prompt, unless that has ControlNets of its own. Use
    ApplyControlNet to set both prompts at once, or to act in a part of sampling only.

    Args:
        conditioning: The positive prompt.
        control_net: The ControlNet.
        image: The control image: edges, depth, a pose, ..., as this ControlNet was trained for. (B,
            H, W, 3) float32 in [0, 1].
        vae: The VAE of the model, for ControlNets that take the control image as a latent.
        strength: Factor on the ControlNet's residuals. 1 is as trained, 0 switches it off.

    Returns:
        The prompt with the ControlNet attached.

    Raises:
        DiffusionError: The ControlNet needs a VAE.

    Source: ControlNet (Zhang 2023); the negative prompt as in ComfyUI.
    """
    from weft.diffusion import apply_control

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
    """Inpaint the masked region, guided by an inpainting ControlNet of SD3 or Flux.

    Args:
        positive: The positive prompt.
        negative: The negative prompt.
        control_net: An inpainting ControlNet, which takes a mask, such as AliMama's.
        vae: The VAE of the model.
        image: The image to inpaint. (B, H, W, 3) float32 in [0, 1].
        mask: The region to inpaint: 1 is painted anew, 0 is kept. That region is black in the
            control image. (B or 1, H, W) float32.
        strength: Factor on the ControlNet's residuals. 1 is as trained, 0 switches it off.
        start_percent: Where the ControlNet begins to act, as a fraction of sampling: 0 is the first
            step.
        end_percent: Where the ControlNet stops, as a fraction of sampling: 1 is the last step.

    Returns:
        Both prompts with the ControlNet attached.

    Raises:
        DiffusionError: `start_percent` is above `end_percent`, or the ControlNet takes no mask.

    Source: AliMama's SD3 and Flux ControlNet Inpainting.
    """
    from weft.diffusion import apply_control

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
    """Set the control mode of a union ControlNet: the type of its control image.

    Args:
        control_net: A union ControlNet of SDXL or Flux.
        type: The control mode, looked up by name in the ControlNet's own list. Only SDXL's has
            "normal", "segment", "repaint" and "hed/pidi/scribble/ted"; only Flux's has "blur",
            "gray" and "low quality". "auto" sets no mode.

    Returns:
        The ControlNet with this control mode.

    Raises:
        DiffusionError: The ControlNet has no control modes, or not this one.

    Source: xinsir's ControlNet++ (SDXL); InstantX and Shakker (Flux).
    """
    from weft.diffusion.control.control_types import set_control_type

    return set_control_type(control_net, None if type == "auto" else type)
