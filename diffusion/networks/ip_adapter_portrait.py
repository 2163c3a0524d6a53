"""Files of an IP-Adapter Portrait: known, not usable yet. No torch."""

from __future__ import annotations

from .identity import Identity
from .ip_adapter_forms import FACE, Form, form_of, text_family
from .kind import NetworkKind
from .names import Names


def _rule(names: Names) -> Identity | None:
    """Linear layers over face embeddings, without LoRAs in the file."""
    names = names.bare
    if form_of(names) is not Form.LAYERS or names.size("image_proj.proj.0.weight", 1) != FACE:
        return None
    return Identity("ip_adapter_portrait", text_family(names))


KIND = NetworkKind(
    "ip_adapter_portrait",
    "an IP-Adapter Portrait",
    recognise=_rule,
    usable=False,
)
