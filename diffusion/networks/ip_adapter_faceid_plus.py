"""Files of an IP-Adapter FaceID Plus: known, not usable yet. No torch."""

from __future__ import annotations

from .identity import Identity
from .ip_adapter_forms import Form, form_of, is_kolors_face, text_family
from .kind import NetworkKind
from .names import Names


def _rule(names: Names) -> Identity | None:
    """A face embedding and a resampler over the image of the face."""
    names = names.bare
    if form_of(names) is not Form.FACE_AND_IMAGE or is_kolors_face(names):
        return None
    return Identity("ip_adapter_faceid_plus", text_family(names))


KIND = NetworkKind(
    "ip_adapter_faceid_plus",
    "an IP-Adapter FaceID Plus",
    recognise=_rule,
    usable=False,
)
