"""Upscalers: ESRGAN, Real-ESRGAN and compact networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..device import EXACT
from ..formats.upscaler_names import upscaler_config
from .kind import Network, NetworkKind

if TYPE_CHECKING:
    from torch.nn import Module


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
