"""T2I-Adapters: features of the control image alone, the same at every step, for UNets.

Source: Mou et al. 2023.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from ..families.call import Residuals
from ..families.family import Family
from .hints import fit_hint
from .method import UNET_FITS, Active, ControlMethod
from .unet import STEERS

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import ControlNet, ControlUse, Model

KIND = "t2i_adapter"


class T2IAdapter(ControlMethod):
    """See the module."""

    name = "T2I-Adapter"
    steers = STEERS
    fits = UNET_FITS

    def owns(self, net: ControlNet) -> bool:
        return net.weights.kind == KIND

    def hint(
        self, use: ControlUse, family: Family, size: tuple[int, int], batch: int, like: Tensor
    ) -> Tensor:
        config, cell = use.net.weights.config, family.latent.downscale
        step = config["downscale_factor"]  # adapters take whole blocks of pixels
        height, width = (math.ceil(side * cell / step) * step for side in size)
        hint = fit_hint(use.image, (height, width), batch, like)
        return hint if config["in_channels"] == 3 else hint.mean(1, keepdim=True)

    def residuals(self, active: Active, x: Tensor, timestep: float, network: Any) -> Residuals:
        if not active.kept:
            active.kept["features"] = active.module(active.hint)
        return {"inside": active.kept["features"]}

    def check(self, model: Model, use: ControlUse) -> None:
        super().check(model, use)
        weights = use.net.weights
        # A light one tells its last level's width by the one before.
        levels = tuple(model.weights.config["block_out_channels"])
        found = weights.config["channels"][: len(levels)]
        if found != levels[: len(found)] or len(found) < len(levels) - 1:
            raise ModelError(
                "model.widths_do_not_fit",
                f'T2I-Adapter "{weights.path.name}" does not fit the network of '
                f'"{model.weights.path.name}": other level widths.',
                expected=str(levels),
                got=str(found),
                hint="Use an adapter that was trained for this model family.",
            )
