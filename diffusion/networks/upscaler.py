"""Upscalers: ESRGAN, Real-ESRGAN and compact networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import EXACT
from ..formats.upscaler_names import upscaler_config, upscaler_layout
from .identity import Identity
from .kind import Network, NetworkKind
from .names import Names

if TYPE_CHECKING:
    from torch.nn import Module


def _upscaler(names: Names) -> Identity | None:
    """A network that weft reads, or another one that begins as upscalers do (layout "")."""
    if (found := upscaler_layout(names.shapes)) is not None:
        return Identity("upscaler", "unknown", *found)
    other = names.start("conv_first.", "model.0.weight", "params_ema.")
    return Identity("upscaler", "unknown") if other else None


def _rrdb(config: dict[str, Any]) -> Module:
    from ..pictures.upscalers import RRDB

    return RRDB(**config)


def _srvgg(config: dict[str, Any]) -> Module:
    from ..pictures.upscalers import SRVGG

    return SRVGG(**config)


KIND = NetworkKind(
    "upscaler",
    "an upscaler",
    folder="upscale_models",
    recognise=_upscaler,
    networks=(
        Network(
            "rrdb",
            "upscaler",
            upscaler_config,
            _rrdb,
            EXACT,
            owns=lambda shapes: "conv_first.weight" in shapes,
        ),
        Network("srvgg", "upscaler", upscaler_config, _srvgg, EXACT),
    ),
)
