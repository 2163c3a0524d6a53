"""ControlNeXt: a small convolutional network in place of a ControlNet."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names


def _controlnext(names: Names) -> Identity | None:
    names = names.bare
    ours = names.has("embedding.0.weight", "down_res.0.conv1.weight")
    return Identity("controlnext", "unknown") if ours and names.start("mid_convs.") else None


KIND = NetworkKind("controlnext", "a ControlNeXt network", recognise=_controlnext, usable=False)
