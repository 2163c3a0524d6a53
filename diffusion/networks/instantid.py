"""IP-Adapters on raw face embeddings: known, not usable yet. No torch."""

from __future__ import annotations

from .identity import Identity
from .ip_adapter_forms import Form, form_of, resampler_of
from .kind import NetworkKind
from .names import Names


def _rule(names: Names) -> Identity | None:
    """A resampler over face embeddings."""
    names = names.bare
    if form_of(names) is not Form.RESAMPLER:
        return None
    kind, family = resampler_of(names)
    return Identity("instantid", family) if kind == "instantid" else None


KIND = NetworkKind(
    "instantid",
    "an IP-Adapter on raw face embeddings (InstantID, or Portrait unnorm)",
    recognise=_rule,
    usable=False,
)
