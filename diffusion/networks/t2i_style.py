"""The style adapter of T2I-Adapter."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names


def _t2i_style(names: Names) -> Identity | None:
    names = names.bare
    ours = names.has("style_embedding", "proj") and names.start("transformer_layes.")
    return Identity("t2i_style", "sd1") if ours else None


KIND = NetworkKind("t2i_style", "a T2I style adapter", recognise=_t2i_style, usable=False)
