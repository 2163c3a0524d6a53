"""Guiders: a model with its prompts and the guidance between them."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import (
    Conditioning,
    Guider,
    Model,
)
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Choice, Range

from .custom import CATEGORY


@node("BasicGuider", category=CATEGORY, lane="inline")
def basic_guider(model: Model, conditioning: Conditioning) -> Guider:
    """Make a guider with one prompt and without guidance, for distilled models.

    Args:
        model: The denoising model.
        conditioning: The prompt.

    Returns:
        The guider.
    """
    return Guider(model, conditioning)


@node("CFGGuider", category=CATEGORY, lane="inline")
def cfg_guider(
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    *,
    cfg: Annotated[float, Range(0, 100, step=0.1, soft=(1, 15))] = 8.0,
) -> Guider:
    """Make a guider with classifier-free guidance (CFG).

    Args:
        model: The denoising model.
        positive: The positive prompt.
        negative: The negative prompt.
        cfg: Guidance scale: how strongly to follow the positive prompt away from the negative one.
            1 ignores the negative prompt.

    Returns:
        The guider.

    Source: Ho & Salimans 2022.
    """
    return Guider(model, positive, negative, cfg)


@node("DualCFGGuider", category=CATEGORY, lane="inline")
def dual_cfg_guider(
    model: Model,
    cond1: Conditioning,
    cond2: Conditioning,
    negative: Conditioning,
    *,
    cfg_conds: Annotated[float, Range(0, 100, step=0.1, soft=(1, 15))] = 8.0,
    cfg_cond2_negative: Annotated[float, Range(0, 100, step=0.1, soft=(1, 15))] = 8.0,
    style: Annotated[str, Choice(("regular", "nested"))] = "regular",
) -> Guider:
    """Make a guider with guidance between three prompts, as for InstructPix2Pix.

    Of the model's guidance rules, only those that act inside the network (such as FreeU) are used.

    Args:
        model: The denoising model.
        cond1: The first prompt, such as the image with the instruction.
        cond2: The second prompt, such as the image without the instruction.
        negative: The negative prompt.
        cfg_conds: Guidance scale from `cond2` to `cond1`.
        cfg_cond2_negative: Guidance scale from the negative prompt to `cond2`.
        style: `regular` adds both guidances; `nested` guides from the negative prompt to the result
            of the first guidance.

    Returns:
        The guider.

    Source: Brooks et al. 2023, eq. 3.
    """
    return Guider(
        model,
        cond1,
        negative,
        cfg_conds,
        middle=cond2,
        cfg_middle=cfg_cond2_negative,
        nested=style == "nested",
    )


@node("PerpNegGuider", category=CATEGORY, lane="inline")
def perp_neg_guider(
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    empty_conditioning: Conditioning,
    *,
    cfg: Annotated[float, Range(0, 100, step=0.1, soft=(1, 15))] = 8.0,
    neg_scale: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> Guider:
    """Make a guider with Perp-Neg: avoid only what the negative prompt alone describes.

    Args:
        model: The denoising model.
        positive: The positive prompt.
        negative: The negative prompt.
        empty_conditioning: An encoded empty prompt, the reference for both prompts.
        cfg: Guidance scale.
        neg_scale: Strength of the negative prompt. 0 is off.

    Returns:
        The guider.

    Source: Armandpour et al. 2023.
    """
    from .guidance_direction import perp_neg

    ruled = perp_neg(model, empty_conditioning, neg_scale=neg_scale)
    return Guider(ruled, positive, negative, cfg)
