"""IP-Adapters of XLabs for Flux."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names


def _xlabs(names: Names) -> Identity | None:
    names = names.bare
    ours = names.has("ip_adapter_proj_model.proj.weight")
    return Identity("ip_adapter_xlabs", "flux") if ours else None


KIND = NetworkKind("ip_adapter_xlabs", "an IP-Adapter of XLabs", recognise=_xlabs, usable=False)
