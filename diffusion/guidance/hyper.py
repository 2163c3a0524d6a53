"""Hypernetworks: small networks in front of the keys and values of a UNet's attention.

Source: the hypernetworks of A1111's stable-diffusion-webui (after NovelAI): c' = c + s h(c), for
what keys and values are made of, in self- and cross-attention of the widths that the file has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..types.guidance import GuidanceRule, Moment

if TYPE_CHECKING:
    from torch import Tensor

    from ..patches.hypernetwork import Hypernetwork, Layers


@dataclass(frozen=True, slots=True)
class HypernetworkRule(GuidanceRule):
    """Lets every evaluation of a UNet run with a hypernetwork.

    Attributes:
        network: The hypernetwork.
        strength: Factor on what it adds.
    """

    acts_inside: ClassVar[bool] = True
    takes_negative: ClassVar[bool] = False
    network: Hypernetwork
    strength: float = 1.0

    def around(self, moment: Moment) -> AbstractContextManager[Any]:
        from .switches import switched

        return switched(_active, (*_active.get(), self))


_active: ContextVar[tuple[HypernetworkRule, ...]] = ContextVar("weft_hypernetworks", default=())


def install_hyper_switches(unet: Any) -> None:
    """Build the switch into a new UNet2DConditionModel; done once, at building."""
    for name, module in unet.named_modules():
        if name.endswith((".attn1", ".attn2")):
            module.to_k.register_forward_pre_hook(_for_keys)
            module.to_v.register_forward_pre_hook(_for_values)


def _for_keys(_: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
    return _changed(arguments, 0)


def _for_values(_: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
    return _changed(arguments, 1)


def _changed(arguments: tuple[Any, ...], which: int) -> tuple[Any, ...] | None:
    active = _active.get()
    if not active:
        return None
    x, *rest = arguments
    for rule in active:
        layers = rule.network.layers(x.shape[-1], x.device, x.dtype)
        if layers is not None:
            x = x + rule.strength * run_layers(layers[which], x, rule.network.settings)
    return (x, *rest)


def run_layers(layers: Layers, x: Tensor, settings: Mapping[str, Any]) -> Tensor:
    """The output of one of a file's networks for (..., width)."""
    import torch.nn.functional as F

    act = activation(str(settings["activation"]))
    last = max(number for number, (weight, _) in enumerate(layers) if weight.ndim == 2)
    for number, (weight, bias) in enumerate(layers):
        if weight.ndim == 1:
            x = F.layer_norm(x, weight.shape, weight, bias)
            continue
        x = F.linear(x, weight, bias)
        if number < last or settings["activate_output"]:
            x = act(x)
    return x


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """An activation by its name in files; "swish" is A1111's name for the hard one."""
    import torch.nn.functional as F

    if name == "linear":
        return lambda x: x
    found: Callable[[Tensor], Tensor] = getattr(F, ACTIVATIONS[name])
    return found


ACTIVATIONS: Mapping[str, str] = {
    "linear": "",
    "relu": "relu",
    "leakyrelu": "leaky_relu",
    "elu": "elu",
    "swish": "hardswish",
    "hardswish": "hardswish",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "softsign": "softsign",
    "mish": "mish",
    "gelu": "gelu",
    "silu": "silu",
}
"""Names in files -> torch's."""
