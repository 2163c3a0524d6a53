"""PhotoMaker: identity from photos, for SDXL."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names


def _photomaker(names: Names) -> Identity | None:
    names = names.bare
    return Identity("photomaker", "sdxl") if names.start("id_encoder.") else None


KIND = NetworkKind(
    "photomaker", "a PhotoMaker network", folder="photomaker", recognise=_photomaker, usable=False
)
