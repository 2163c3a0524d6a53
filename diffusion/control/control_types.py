"""Control types of union ControlNets. No torch.

One such network follows control images of several types and is given the number of the type. The
numbers differ between networks, the names do not: a type is kept by name and looked up when it is
used.
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
CONTROL_TYPES: Mapping[str, Mapping[str, int]] = {"sdxl": _SDXL, "flux": _FLUX}
"""Family -> control type -> its number. Source: the model cards of xinsir's union network for
SDXL and of InstantX's and Shakker's for Flux."""


def control_type_count(net: ControlNet) -> int:
    """The number of control types of a union ControlNet; 0 for other ControlNets."""
    config = net.weights.config
    return int(config.get("num_control_type") or config.get("num_mode") or 0)


def set_control_type(net: ControlNet, control_type: str | None) -> ControlNet:
    """Tell a union ControlNet the type of its control image.

    Args:
        net: The network.
        control_type: A name of `CONTROL_TYPES`; None = tell it none.

    Raises:
        ModelError: It follows one type of control image only, or was not trained for this one.
    """
    if control_type is None:
        return replace(net, control_type=None)
    count = control_type_count(net)
    if not count:
        raise ModelError(
            "control.no_union",
            f'ControlNet "{net.weights.path.name}" follows one type of control image only.',
            expected="a union ControlNet",
            got="a ControlNet without control types",
            hint="Leave out SetUnionControlNetType, or set it to auto.",
        )
    numbers = CONTROL_TYPES.get(net.family, {})
    known = [name for name, number in numbers.items() if number < count]
    if control_type not in known:
        raise ModelError(
            "control.unknown_picture",
            f'ControlNet "{net.weights.path.name}" was not trained for control images of type '
            f'"{control_type}".',
            expected=", ".join(known) or "auto",
            got=control_type,
        )
    return replace(net, control_type=control_type)


def control_type_number(net: ControlNet) -> int | None:
    """The number of a control type in a union ControlNet; None = none."""
    return None if net.control_type is None else CONTROL_TYPES[net.family][net.control_type]
