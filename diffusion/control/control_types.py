"""What union ControlNets are told their picture is. No torch.

One such network follows pictures of several kinds and is given the number of the kind. The numbers
differ between networks, the names do not: a kind is kept by name and looked up when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import ModelError

if TYPE_CHECKING:
    from ..types import ControlNet

_SDXL = {
    "openpose": 0,
    "depth": 1,
    "hed/pidi/scribble/ted": 2,
    "canny/lineart/anime_lineart/mlsd": 3,
    "normal": 4,
    "segment": 5,
    "tile": 6,
    "repaint": 7,
}
_FLUX = {
    "canny/lineart/anime_lineart/mlsd": 0,
    "tile": 1,
    "depth": 2,
    "blur": 3,
    "openpose": 4,
    "gray": 5,
    "low quality": 6,
}
PICTURES: Mapping[str, Mapping[str, int]] = {"sdxl": _SDXL, "flux": _FLUX}
"""Family -> kind of picture -> its number. Source: the model cards of xinsir's union network for
SDXL and of InstantX's and Shakker's for Flux."""


def kinds_of(net: ControlNet) -> int:
    """How many kinds of pictures a ControlNet tells apart; 0 for one that is no union."""
    config = net.weights.config
    return int(config.get("num_control_type") or config.get("num_mode") or 0)


def set_picture(net: ControlNet, picture: str | None) -> ControlNet:
    """Tell a union ControlNet what its picture is.

    Args:
        net: The network.
        picture: A name of `PICTURES`; None = tell it nothing.

    Raises:
        ModelError: It follows one kind of picture only, or was not trained for this one.
    """
    if picture is None:
        return replace(net, picture=None)
    count = kinds_of(net)
    if not count:
        raise ModelError(
            "control.no_union",
            f'ControlNet "{net.weights.path.name}" follows one kind of picture only.',
            expected="a union ControlNet",
            got="a ControlNet without kinds",
            hint="Leave out SetUnionControlNetType, or set it to auto.",
        )
    numbers = PICTURES.get(net.family, {})
    known = [name for name, number in numbers.items() if number < count]
    if picture not in known:
        raise ModelError(
            "control.unknown_picture",
            f'ControlNet "{net.weights.path.name}" was not trained for pictures of kind '
            f'"{picture}".',
            expected=", ".join(known) or "auto",
            got=picture,
        )
    return replace(net, picture=picture)


def picture_number(net: ControlNet) -> int | None:
    """The number that a union ControlNet is told; None = nothing."""
    return None if net.picture is None else PICTURES[net.family][net.picture]
