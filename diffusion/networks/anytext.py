"""AnyText: a ControlNet that writes glyphs."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names


def _anytext(names: Names) -> Identity | None:
    ours = names.hold("glyph_block.") and names.hold("position_block.")
    return Identity("anytext", "sd1") if ours else None


KIND = NetworkKind("anytext", "AnyText's network", recognise=_anytext, usable=False)
