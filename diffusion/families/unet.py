"""Families whose network is diffusers' UNet2DConditionModel: SD1.x, SD2.x, SDXL, Playground."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ShapeError
from .call import Inputs, Residuals, Row
from .family import Family, repeat_tokens

if TYPE_CHECKING:
    from torch import Tensor

    from ..formats.network_facts import NetworkFacts
    from ..types import Model

LCM_GUIDANCE = 7.5
"""What a guidance-distilled UNet (`time_cond_proj`) is told when the prompt says nothing."""


def is_modern(facts: NetworkFacts) -> bool:
    """Whether a UNet without sizes is of SD2.x rather than SD1.x: linear projections, or width."""
    return facts.context == 1024 or (facts.linear and facts.context != 768)


class UNetFamily(Family):
    """Text through cross-attention; inpainting and editing pictures as further channels."""

    def extra_channels(self, model: Model) -> int:
        return int(model.weights.config["in_channels"]) - self.latent.channels

    def prepare(
        self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor
    ) -> dict[str, Any]:
        batch = shape[0]
        context = repeat_tokens(rows, batch, like)
        wanted = model.weights.config["cross_attention_dim"]
        if context.shape[-1] != wanted:
            raise ShapeError(
                "conditioning.does_not_fit",
                "The prompt was encoded by the text encoder of another model.",
                expected=f"width {wanted} ({self.words})",
                got=str(context.shape[-1]),
                hint="Encode it with the text encoder of the checkpoint that is sampled.",
            )
        inputs: dict[str, Any] = {"encoder_hidden_states": context}
        width = model.weights.config.get("time_cond_proj_dim")
        if width:
            inputs["timestep_cond"] = _guidance_embedding(rows, batch, width).to(like)
        added = self._added(model, rows, shape, like)
        if added:
            inputs["added_cond_kwargs"] = added
        return inputs

    def forward(
        self, network: Any, x: Tensor, timestep: float, inputs: Inputs, residuals: Residuals
    ) -> Tensor:
        import torch

        if inputs.channels is not None:
            x = torch.cat([x, inputs.channels], dim=1)
        output: Tensor = network(
            x,
            torch.full((x.shape[0],), timestep, device=x.device),
            down_block_additional_residuals=residuals.get("down"),
            mid_block_additional_residual=residuals["mid"][0] if "mid" in residuals else None,
            # diffusers empties the list it is given
            down_intrablock_additional_residuals=list(residuals["inside"])
            if "inside" in residuals
            else None,
            return_dict=False,
            **inputs.arguments,
        )[0]
        return output

    def _added(self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor) -> dict[str, Any]:
        """SDXL's sizes and pooled text."""
        return {}


def _guidance_embedding(rows: Sequence[Row], batch: int, width: int) -> Tensor:
    """Sines and cosines of the guidance an LCM was distilled for. Source: Luo et al. 2023."""
    import torch

    said = [row.entry.guidance for row in rows for _ in range(batch)]
    values = [LCM_GUIDANCE if each is None else 0.0 if each == "off" else each for each in said]
    silent = torch.tensor([each == "off" for each in said])
    half = width // 2
    steps = torch.exp(torch.arange(half) * -(math.log(10000.0) / (half - 1)))
    angles = (torch.tensor(values) - 1.0)[:, None] * 1000.0 * steps[None]
    waves = torch.cat([angles.sin(), angles.cos()], dim=1)
    waves = waves.masked_fill(silent[:, None], 0.0)
    return torch.nn.functional.pad(waves, (0, width - waves.shape[1]))
