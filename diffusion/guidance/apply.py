"""Rules of guidance onto models: a new description each time, the weights are shared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import ModelError, ParameterError

if TYPE_CHECKING:
    from ..types import Model
    from ..types.guidance import GuidanceRule


def with_rule(model: Model, rule: GuidanceRule) -> Model:
    """A model with one more rule of guidance.

    Rules act in the order in which they are given. A rule that combines the two sides in place of
    plain guidance takes the place of an earlier one of this kind.
    """
    earlier = model.guidance
    if rule.stage == "combine":
        earlier = tuple(known for known in earlier if known.stage != "combine")
    return replace(model, guidance=(*earlier, rule))


def check_unet(model: Model, what: str) -> None:
    """Refuse a model whose network is no UNet with attention in its middle.

    Raises:
        ModelError: It is another kind of network.
    """
    if "block_out_channels" not in model.weights.config:
        raise ModelError(
            "model.not_a_unet",
            f'{what} acts inside of a UNet, which "{model.weights.path.name}" is not.',
            expected="a model with a UNet (SD1.x, SD2.x, SDXL)",
            got=model.family,
        )


def block_names(model: Model, double: str, single: str = "") -> tuple[str, ...]:
    """Names of a transformer's blocks from lists of numbers such as "7, 8, 9".

    Raises:
        ModelError: The model is no diffusion transformer.
        ParameterError: A list holds something else than numbers.
    """
    if "block_out_channels" in model.weights.config:
        raise ModelError(
            "model.not_a_transformer",
            f'Skip-layer guidance needs a transformer, which "{model.weights.path.name}" is not.',
            expected="a model such as SD3 or Flux",
            got=model.family,
        )
    return tuple(
        f"{kind}.{number}"
        for kind, text in (("double", double), ("single", single))
        for number in _numbers(text)
    )


def _numbers(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdigit() for part in parts):
        raise ParameterError(
            "guidance.bad_layers",
            "A list of layers holds something other than numbers.",
            expected="numbers from 0, separated by commas, such as 7, 8, 9",
            got=text[:80],
        )
    return [int(part) for part in parts]
