"""IP-Adapters of InstantX for SD3.5 and Flux: known, not usable yet. No torch."""

from __future__ import annotations

from .identity import Identity
from .ip_adapter_forms import Form, form_of, is_sd3
from .kind import NetworkKind
from .names import Names


def _rule(names: Names) -> Identity | None:
    """Image tokens for the blocks of a transformer."""
    names = names.bare
    if form_of(names) is not Form.INSTANTX:
        return None
    return Identity("ip_adapter_instantx", "sd3" if is_sd3(names) else "flux")


KIND = NetworkKind(
    "ip_adapter_instantx",
    "an IP-Adapter of InstantX",
    recognise=_rule,
    usable=False,
)
