"""IP-Adapters of the base layout: one linear layer makes the image tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import NETWORK
from ..formats.shapes import ip_adapter_config
from .identity import Identity
from .ip_adapter_forms import Form, form_of, text_family
from .kind import Network, NetworkKind
from .names import Names

if TYPE_CHECKING:
    from torch.nn import Module


def _rule(names: Names) -> Identity | None:
    names = names.bare
    if form_of(names) is not Form.LINEAR:
        return None
    family = text_family(names)
    if family == "unknown":
        # SD1.x is also the family of UNets in its layout with prompts of another width.
        family = "sdxl" if names.start("ip_adapter.101.") else "sd1"
    return Identity("ip_adapter", family)


def _build(config: dict[str, Any]) -> Module:
    from ..image_prompts.ip_attention import IPAdapterNetwork

    return IPAdapterNetwork(config)


KIND = NetworkKind(
    "ip_adapter",
    "an IP-Adapter",
    folder="ipadapter",
    recognise=_rule,
    networks=(Network("ip_adapter", "ip_adapter", ip_adapter_config, _build, NETWORK),),
)
