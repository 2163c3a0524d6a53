"""Files of an IP-Adapter Plus: known, not usable yet. No torch."""

from __future__ import annotations

from .identity import Identity
from .ip_adapter_forms import Form, form_of, resampler_of
from .kind import NetworkKind
from .names import Names


def _rule(names: Names) -> Identity | None:
    """A resampler over the tokens of ViT-H, or of Kolors' image encoder."""
    names = names.bare
    if form_of(names) is not Form.RESAMPLER:
        return None
    kind, family = resampler_of(names)
    return Identity("ip_adapter_plus", family) if kind == "ip_adapter_plus" else None


KIND = NetworkKind(
    "ip_adapter_plus",
    "an IP-Adapter Plus",
    recognise=_rule,
    usable=False,
)
