"""Control-LoRAs: a ControlNet made from the sampled UNet and a low-rank difference.

It is made when a run begins, and shares with the UNet what is the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from ..formats.digest import joined_digest
from ..weights.handle import SHARED, Weights
from .unet import UNetControl

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module

    from ..types import ControlNet, Model

KIND = "control_lora"
MAKER = "controlnet_maker"
"""Key of the `Maker` among the extras of a Control-LoRA's weights."""
_SHARED_PARTS = ("conv_in.", "time_embedding.", "add_embedding.", "down_blocks.", "mid_block.")


@dataclass(frozen=True, slots=True)
class Maker:
    """How a ControlNet is made; whoever opens a Control-LoRA hands it along with the weights.

    Attributes:
        configure: Its configuration, from the shapes of its tensors and the UNet's configuration.
        build: The module, from configuration and tensors.
    """

    configure: Callable[[Mapping[str, tuple[int, ...]], Mapping[str, Any]], dict[str, Any]]
    build: Callable[[Mapping[str, Any], dict[str, Tensor]], Module]


class ControlLora(UNetControl):
    """A Control-LoRA; once built, it acts as a ControlNet of a UNet."""

    name = "Control-LoRA"

    def owns(self, net: ControlNet) -> bool:
        return net.weights.kind == KIND

    def module(self, model: Model, net: ControlNet) -> Any:
        return control_of(model.weights, net.weights).module


def control_of(unet: Weights, lora: Weights) -> Weights:
    """The ControlNet that a Control-LoRA makes of a UNet.

    Args:
        unet: Of the model that is sampled, with its LoRAs.
        lora: Of kind "control_lora".

    Raises:
        ModelError: It was made for another UNet; both files are named.
    """
    shapes = _shapes(unet, lora)
    digest = joined_digest([unet.content_digest, lora.content_digest])
    maker = lora.extras[MAKER]
    assert isinstance(maker, Maker)
    config = maker.configure(shapes, unet.config)

    def build(device: torch.device) -> Module:
        tensors = {name: _tensor(name, unet, lora).to(device) for name in shapes}
        return maker.build(config, tensors)

    def make() -> Weights:
        return Weights(
            path=lora.path,
            kind="controlnet",
            family=lora.family,
            content_digest=digest,
            nbytes=unet.dtype.itemsize * sum(math.prod(shape) for shape in shapes.values()),
            config=config,
            build=build,
            shapes=shapes,
            device=unet.device,
            dtype=unet.dtype,
        )

    return SHARED.share((digest, "controlnet", str(unet.device), str(unet.dtype)), make)


def _shapes(unet: Weights, lora: Weights) -> Mapping[str, tuple[int, ...]]:
    shapes = {n: s for n, s in unet.shapes.items() if n.startswith(_SHARED_PARTS)}
    for own, size in lora.shapes.items():
        stem, _, end = own.rpartition(".")
        if end == "down":
            continue
        name, shape = own, size
        if end == "up":
            name, shape = f"{stem}.weight", (size[0], *lora.shapes[f"{stem}.down"][1:])
        known = shapes.get(name)
        strange = known is None and (end == "up" or name.startswith(_SHARED_PARTS))
        if strange or (known is not None and math.prod(known) != math.prod(shape)):
            raise ModelError(
                "model.widths_do_not_fit",
                f'Control-LoRA "{lora.path.name}" does not fit the UNet of "{unet.path.name}": '
                f'"{name}" differs.',
                expected="no such tensor" if known is None else str(known),
                got=str(shape),
                hint="Use a Control-LoRA that was made for this model family.",
            )
        shapes[name] = shape if known is None else known
    return shapes


def _tensor(name: str, unet: Weights, lora: Weights) -> Tensor:
    own: Mapping[str, Any] = lora.shapes
    if name in own:
        return lora.tensor(name).to(unet.dtype)
    plain = unet.tensor(name)
    stem = name.removesuffix("weight")
    if f"{stem}up" not in own:
        return plain.to(unet.dtype)
    up, down = (lora.tensor(stem + part).float().flatten(1) for part in ("up", "down"))
    change = (up @ down).reshape(plain.shape).to(plain.device)
    return (plain.float() + change).to(unet.dtype)
