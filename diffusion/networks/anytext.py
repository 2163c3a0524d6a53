"""AnyText: a ControlNet that writes glyphs."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names


def is_anytext(names: Names) -> bool:
    """Whether there are encoders of glyphs and of their positions."""
    return names.hold("glyph_block.") and names.hold("position_block.")


def _anytext(names: Names) -> Identity | None:
    return Identity("anytext", "sd1") if is_anytext(names.bare) else None


KIND = NetworkKind("anytext", "AnyText's network", recognise=_anytext, usable=False)
