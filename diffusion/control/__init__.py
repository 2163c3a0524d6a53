"""Control: ControlNets, T2I-Adapters, and image conditioning beside the noise.

One file a method; `METHODS` lists them. To add one, write its file, add its row here, and give it a
row in `tests/diffusion/control/test_methods.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ModelError
from ..formats.words import family_words
from .control_lora import ControlLora
from .flux import FluxControl
from .method import ControlMethod
from .pixart import PixArtControl
from .sd3 import SD3Control
from .t2i_adapter import T2IAdapter
from .unet import UNetControl

if TYPE_CHECKING:
    from ..types import ControlNet

METHODS: tuple[ControlMethod, ...] = (
    UNetControl(),
    T2IAdapter(),
    ControlLora(),
    SD3Control(),
    FluxControl(),
    PixArtControl(),
)
"""Every control method; each network belongs to one."""


def method_of(net: ControlNet) -> ControlMethod:
    """The control method of a network.

    Raises:
        ModelError: weft knows none for it.
    """
    for method in METHODS:
        if method.owns(net):
            return method
    raise ModelError(
        "model.no_control",
        f'weft knows no control method for "{net.weights.path.name}" '
        f"({net.weights.kind}, {family_words(net.family)}).",
        expected=", ".join(method.name for method in METHODS),
        got=net.weights.kind,
    )


def is_steered(family: str) -> bool:
    """Whether some method acts on models of a family."""
    return any(family in models for method in METHODS for models in method.steers.values())


def steers(net_family: str, family: str) -> bool:
    """Whether ControlNets of a family act on models of another."""
    return any(family in method.steers.get(net_family, ()) for method in METHODS)
