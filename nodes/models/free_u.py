"""FreeU: rescaled backbone and skip features of a UNet."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Model
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

from .network_rules import CATEGORY


@node("FreeU", category=CATEGORY, lane="inline")
def free_u(
    model: Model,
    *,
    b1: Annotated[float, Range(0, 10, step=0.01)] = 1.1,
    b2: Annotated[float, Range(0, 10, step=0.01)] = 1.2,
    s1: Annotated[float, Range(0, 10, step=0.01)] = 0.9,
    s2: Annotated[float, Range(0, 10, step=0.01)] = 0.2,
) -> Model:
    """FreeU: boost the decoder's features and damp the low frequencies of skip connections.

    Args:
        model: A model with a UNet.
        b1: Factor on half of the decoder's features at 4 times the base width. 1 leaves them
            unchanged.
        b2: The same at 2 times the base width.
        s1: Factor on the low frequencies of the skip connection at 4 times the base width. 1 leaves
            them unchanged.
        s2: The same at 2 times the base width.

    Returns:
        The model with this rule; the same one if all are 1.

    Raises:
        ModelError: The model has no UNet.

    Source: Si et al. 2023.
    """
    return _free_u(model, b1, b2, s1, s2, by_mean=False)


@node("FreeU_V2", category=CATEGORY, lane="inline")
def free_u_v2(
    model: Model,
    *,
    b1: Annotated[float, Range(0, 10, step=0.01)] = 1.3,
    b2: Annotated[float, Range(0, 10, step=0.01)] = 1.4,
    s1: Annotated[float, Range(0, 10, step=0.01)] = 0.9,
    s2: Annotated[float, Range(0, 10, step=0.01)] = 0.2,
) -> Model:
    """FreeU V2: the boost grows with the strength of the features in each region.

    Args:
        model: A model with a UNet.
        b1: Largest factor on half of the decoder's features at 4 times the base width. 1 leaves
            them unchanged.
        b2: The same at 2 times the base width.
        s1: Factor on the low frequencies of the skip connection at 4 times the base width. 1 leaves
            them unchanged.
        s2: The same at 2 times the base width.

    Returns:
        The model with this rule; the same one if all are 1.

    Raises:
        ModelError: The model has no UNet.

    Source: Si et al. 2023, version 2.
    """
    return _free_u(model, b1, b2, s1, s2, by_mean=True)


def _free_u(model: Model, b1: float, b2: float, s1: float, s2: float, *, by_mean: bool) -> Model:
    from weft.diffusion.guidance.apply import check_unet, with_rule
    from weft.diffusion.guidance.features import FeatureScales, FreeU

    check_unet(model, "FreeU")
    if b1 == b2 == s1 == s2 == 1.0:
        return model
    return with_rule(model, FreeU(FeatureScales(b1, b2, s1, s2, by_mean)))
