"""Offset weights of a UNet: every tensor is to be added to the same tensor of another UNet.

IC-Light is published so. Names and shapes are those of an InstructPix2Pix network, so that the file
would load and give noise; `Names.is_offset` tells by the scale of the last norm.

Source: Zhang et al. 2025, "IC-Light"; its files take 8 channels in (noise and foreground) or 12
(noise, foreground and background).
"""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names

_LIGHT = {8: "fc", 12: "fbc"}
"""Input channels of IC-Light's networks -> variant."""


def _iclight(names: Names) -> Identity | None:
    found = _offset(names)
    return found if found is not None and found.variant else None


def _unet_offset(names: Names) -> Identity | None:
    found = _offset(names)
    return found if found is not None and not found.variant else None


def _offset(names: Names) -> Identity | None:
    facts = names.network
    if facts is None or not names.is_offset:
        return None
    family = names.family(facts)
    light = _LIGHT.get(facts.in_channels, "") if family == "sd1" else ""
    kind = "iclight" if light else "unet_offset"
    return Identity(kind, family, facts.layout, facts.prefix, light)


ICLIGHT = NetworkKind(
    "iclight",
    "IC-Light offset weights",
    recognise=_iclight,
    variants={"fc": "foreground (fc)", "fbc": "foreground and background (fbc)"},
    usable=False,
)
OTHER = NetworkKind(
    "unet_offset",
    "offset weights of a UNet (differences to another one)",
    recognise=_unet_offset,
    usable=False,
)
