"""LoRAs of every layout that weft reads, and the first layout that it does not."""

from __future__ import annotations

import re

from ..formats.lora_family import lora_family
from .identity import Identity
from .kind import NetworkKind
from .names import Names

_OLD_LORA = re.compile(r"(unet|text_encoder):\d+:(up|down)\Z")
_OTHERS = ("image_proj.", "ip_adapter.", "id_encoder.", "lora_weights.")
"""Prefixes in files of identity models, which hold LoRAs among other things."""


def _lora(names: Names) -> Identity | None:
    names = names.bare
    if not names.has_lora or names.has_motion or names.start(*_OTHERS):
        return None
    return None if names.hold(".lora_layer.") else Identity("lora", lora_family(names.shapes))


def _numbered_lora(names: Names) -> Identity | None:
    ours = any(_OLD_LORA.match(name) for name in names.bare.shapes)
    return Identity("numbered_lora", "unknown") if ours else None


KIND = NetworkKind("lora", "a LoRA", folder="loras", recognise=_lora)
NUMBERED = NetworkKind(
    "numbered_lora",
    "a LoRA whose layers are only numbered (cloneofsimo's first layout)",
    recognise=_numbered_lora,
    usable=False,
)
