"""SDXL's union ControlNet, also for control images without a control mode."""

from __future__ import annotations

import copy
from typing import Any

from diffusers.models.controlnets.controlnet_union import ControlNetUnionModel
from torch import Tensor, nn


class UnionControl(ControlNetUnionModel):
    """A union ControlNet as in diffusers, for one control image with or without a control type.

    A picture of no kind is added as a plain ControlNet adds it, past the layers that weigh pictures
    of several kinds: so does ComfyUI when a union is set to "auto".
    """

    def forward(  # type: ignore[override]
        self,
        sample: Tensor,
        timestep: Tensor,
        *,
        controlnet_cond: Tensor,
        control_type_idx: list[int],
        conditioning_scale: float,
        **told: Any,
    ) -> Any:
        if control_type_idx:
            return super().forward(
                sample,
                timestep,
                controlnet_cond=[controlnet_cond],
                control_type_idx=control_type_idx,
                conditioning_scale=conditioning_scale,
                **told,
            )
        plain = copy.copy(self)  # a shell of its own: the module is shared
        entry = _Plus(self.conv_in, self.controlnet_cond_embedding(controlnet_cond))
        plain.__dict__["_modules"] = {**self._modules, "conv_in": entry}
        return ControlNetUnionModel.forward(
            plain,
            sample,
            timestep,
            controlnet_cond=[],
            control_type_idx=[],
            conditioning_scale=[conditioning_scale],
            from_multi=True,
            **told,
        )


class _Plus(nn.Module):
    """A layer whose outcome has something added."""

    def __init__(self, layer: nn.Module, more: Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.more = more

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layer(x) + self.more
        return result
