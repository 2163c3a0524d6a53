"""Guiders: a model with its prompts and the guidance between them."""

from __future__ import annotations

from typing import Annotated

from ...diffusion.types import (
    Conditioning,
    Guider,
    Model,
)
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Choice, Range
from .custom import CATEGORY


@node("BasicGuider", category=CATEGORY, lane="inline")
def basic_guider(model: Model, conditioning: Conditioning) -> Guider:
    """A model with one prompt and no guidance; for distilled models.

    Args:
        model: The denoising model.
        conditioning: What to show.

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
    """A model with classifier-free guidance.

    Args:
        model: The denoising model.
        positive: What to show.
        negative: What to avoid.
        cfg: How far to go from the negative to the positive; 1 leaves the negative out.

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
    """A model with guidance between three prompts, as InstructPix2Pix was made for.

    Of the model's rules of guidance only those that act inside of the network (FreeU) are used.

    Args:
        model: The denoising model.
        cond1: What to show.
        cond2: The prompt in the middle, such as the picture without the instruction.
        negative: What to avoid.
        cfg_conds: How far to go from the middle to `cond1`.
        cfg_cond2_negative: How far to go from the negative to the middle.
        style: Regular adds both ways up; nested guides from the negative to the outcome of the
            first guidance.

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
    """A model that avoids only what the negative prompt does not share with the positive one.

    Args:
        model: The denoising model.
        positive: What to show.
        negative: What to avoid.
        empty_conditioning: An empty prompt, encoded; both are measured against it.
        cfg: Strength of guidance.
        neg_scale: Strength of the negative prompt; 0 = none.

    Returns:
        The guider.

    Source: Armandpour et al. 2023.
    """
    from .guidance_direction import perp_neg

    ruled = perp_neg(model, empty_conditioning, neg_scale=neg_scale)
    return Guider(ruled, positive, negative, cfg)
