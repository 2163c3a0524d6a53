"""Files of an IP-Adapter FaceID: known, not usable yet. No torch."""

from __future__ import annotations

from .identity import Identity
from .ip_adapter_forms import Form, form_of, is_kolors_face, text_family
from .kind import NetworkKind
from .names import Names


def _rule(names: Names) -> Identity | None:
    """A face embedding, with LoRAs for the UNet in the file; or Kolors' FaceID."""
    names = names.bare
    form = form_of(names)
    if form is Form.FACE_AND_IMAGE and is_kolors_face(names):
        return Identity("ip_adapter_faceid", "kolors")
    return Identity("ip_adapter_faceid", text_family(names)) if form is Form.FACE else None


KIND = NetworkKind(
    "ip_adapter_faceid",
    "an IP-Adapter FaceID",
    recognise=_rule,
    usable=False,
)
