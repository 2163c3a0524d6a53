"""PuLID: identity from a face, for SDXL and Flux."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names


def _pulid(names: Names) -> Identity | None:
    names = names.bare
    if not names.start("id_adapter.", "pulid_encoder.", "pulid_ca."):
        return None
    return Identity("pulid", "flux" if names.start("pulid_ca.") else "sdxl")


KIND = NetworkKind("pulid", "a PuLID network", recognise=_pulid, usable=False)
