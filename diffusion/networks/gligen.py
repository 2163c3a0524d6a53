"""GLIGEN networks, alone or inside of a UNet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import NETWORK
from ..formats.gligen_names import gligen_config, is_gligen
from .identity import Identity
from .kind import Network, NetworkKind
from .names import Names

if TYPE_CHECKING:
    from torch.nn import Module


def _layers(names: Names) -> Identity | None:
    """GLIGEN's own layers, without the UNet that they belong to."""
    alone = names.network is None and names.control is None
    return Identity("gligen", "sd1") if alone and is_gligen(names.shapes) else None


def _gligen(config: dict[str, Any]) -> Module:
    from ..grounding.gligen_network import GligenNetwork

    return GligenNetwork(**config)


KIND = NetworkKind(
    "gligen",
    "a GLIGEN network",
    folder="gligen",
    recognise=_layers,
    networks=(Network("gligen", "gligen", gligen_config, _gligen, NETWORK),),
)
