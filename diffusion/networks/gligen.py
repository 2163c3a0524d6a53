"""GLIGEN networks, alone or inside of a UNet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import NETWORK
from ..formats.gligen_names import gligen_config
from .kind import Network, NetworkKind

if TYPE_CHECKING:
    from torch.nn import Module


def _gligen(config: dict[str, Any]) -> Module:
    from ..grounding.gligen_network import GligenNetwork

    return GligenNetwork(**config)


KIND = NetworkKind(
    "gligen",
    "a GLIGEN network",
    folder="gligen",
    networks=(Network("gligen", "gligen", gligen_config, _gligen, NETWORK),),
)
