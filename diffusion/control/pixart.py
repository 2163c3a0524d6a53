"""ControlNets of PixArt: copies of the first transformer blocks, run in parallel to them.

Source: Chen et al. 2024, "PixArt-delta"; the network is in `pixart_network`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..families.call import Residuals
from ..families.family import even
from ..families.pixart import HIDDEN
from .method import Active, ControlMethod

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import ControlNet


class PixArtControl(ControlMethod):
    """See the module."""

    name = "ControlNet (PixArt)"
    steers: ClassVar = {"pixart": ("pixart_alpha", "pixart_sigma")}
    fits = (("heads", "num_attention_heads"), ("widths of heads", "attention_head_dim"))

    def owns(self, net: ControlNet) -> bool:
        return net.weights.kind == "controlnet" and net.family == "pixart"

    def takes_latents(self, net: ControlNet) -> bool:
        return True

    def residuals(self, active: Active, x: Tensor, timestep: float, network: Any) -> Residuals:
        import torch

        count, padded = x.shape[0], even(x)
        mask = active.arguments["encoder_attention_mask"]
        text = network.caption_projection(active.arguments["encoder_hidden_states"])
        time, _ = network.adaln_single(
            torch.full((count,), timestep, device=x.device),
            active.arguments["added_cond_kwargs"],
            batch_size=count,
            hidden_dtype=x.dtype,
        )
        arguments = {
            "timestep": time,
            "encoder_hidden_states": text,
            "encoder_attention_mask": (1.0 - mask[:, None].to(x.dtype)) * HIDDEN,
        }
        hidden = network.transformer_blocks[0](network.pos_embed(padded), **arguments)
        return {"blocks": active.module(hidden, network.pos_embed(even(active.hint)), **arguments)}
