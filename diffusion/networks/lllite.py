"""ControlNet-LLLite: small modules at the layers of a UNet."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names


def _lllite(names: Names) -> Identity | None:
    names = names.bare
    if names.start("lllite_dit_"):
        return Identity("lllite", "unknown")
    if not names.start("lllite_unet_"):
        return None
    # SDXL has no attention in its first three blocks.
    first = names.start("lllite_unet_input_blocks_1_1_", "lllite_unet_input_blocks_2_1_")
    return Identity("lllite", "sd1" if first else "sdxl")


KIND = NetworkKind("lllite", "a ControlNet-LLLite", recognise=_lllite, usable=False)
