"""The fuser of CoAdapter, which joins several T2I-Adapters."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names


def _coadapter(names: Names) -> Identity | None:
    names = names.bare
    ours = names.start("spatial_feat_mapping.") and names.start("transformer_layes.")
    return Identity("coadapter_fuser", "sd1") if ours else None


KIND = NetworkKind("coadapter_fuser", "a CoAdapter fuser", recognise=_coadapter, usable=False)
