"""ControlNets of UNets (SD1.x, SD2.x, SDXL): a copy of the encoder that adds to the decoder.

Union networks are such copies that are told the type of their control image besides.

Source: Zhang et al. 2023; unions as xinsir's ControlNet++.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..families.call import Residuals
from .control_types import control_type_count, control_type_number
from .method import UNET_FITS, Active, ControlMethod

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import ControlNet

STEERS = {"sd1": ("sd1",), "sd2": ("sd2",), "sdxl": ("sdxl", "playground")}


class UNetControl(ControlMethod):
    """See the module."""

    name = "ControlNet (UNet)"
    steers = STEERS
    fits = UNET_FITS

    def owns(self, net: ControlNet) -> bool:
        return net.weights.kind == "controlnet" and net.family in STEERS

    def residuals(self, active: Active, x: Tensor, timestep: float, network: Any) -> Residuals:
        import torch

        arguments: dict[str, Any] = {
            "encoder_hidden_states": active.arguments["encoder_hidden_states"],
            "added_cond_kwargs": active.arguments.get("added_cond_kwargs"),
            "controlnet_cond": active.hint,
            "conditioning_scale": 1.0,
        }
        if count := control_type_count(active.use.net):
            number = control_type_number(active.use.net)
            chosen = torch.zeros(x.shape[0], count, device=x.device)
            if number is not None:
                chosen[:, number] = 1.0
            arguments["control_type"] = chosen
            arguments["control_type_idx"] = [] if number is None else [number]
        t = torch.full((x.shape[0],), timestep, device=x.device)
        down, mid = active.module(x, t, return_dict=False, **arguments)
        return {"down": down, "mid": [mid]}
