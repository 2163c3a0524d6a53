"""IP-Adapters of a layout that weft does not know. No torch."""

from __future__ import annotations

from .identity import Identity
from .ip_adapter_forms import Form, form_of, resampler_of, text_family
from .kind import NetworkKind
from .names import Names


def _rule(names: Names) -> Identity | None:
    """A projection of no known form, or a resampler over tokens of an unknown width."""
    names = names.bare
    form = form_of(names)
    rest = form is Form.RESAMPLER and resampler_of(names)[0] == "ip_adapter_other"
    if rest or form is Form.OTHER:
        return Identity("ip_adapter_other", text_family(names))
    return None


KIND = NetworkKind(
    "ip_adapter_other",
    "an IP-Adapter of an unknown layout",
    recognise=_rule,
    usable=False,
)
