"""ControlNets of SD3 and SD3.5: copies of transformer blocks over the control image's latent.

Source: Stability AI's and InstantX's networks, through diffusers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ..families.call import Residuals
from ..families.family import Family, even
from ..vae.format import LatentFormat
from .method import JOINT_FITS, Active, ControlMethod

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import ControlNet


class SD3Control(ControlMethod):
    """See the module."""

    name = "ControlNet (SD3)"
    steers: ClassVar = {"sd3": ("sd3",)}
    fits = JOINT_FITS

    def owns(self, net: ControlNet) -> bool:
        return net.weights.kind == "controlnet" and net.family == "sd3"

    def takes_latents(self, net: ControlNet) -> bool:
        return True

    def latent_space(self, net: ControlNet, family: Family) -> LatentFormat:
        # Those that were trained without pooled text were also trained without the latents' shift,
        # except those for inpainting.
        config = net.weights.config
        bare = config["force_zeros_for_pooled_projection"] and not self.takes_mask(net)
        return replace(family.latent, shift=0.0) if bare else family.latent

    def residuals(self, active: Active, x: Tensor, timestep: float, network: Any) -> Residuals:
        import torch

        config, padded = active.use.net.weights.config, even(x)
        pooled = active.arguments["pooled_projections"]
        bare = config["force_zeros_for_pooled_projection"]
        parts = active.module(
            # Those without places of their own begin behind the transformer's patches.
            hidden_states=padded if config["use_pos_embed"] else network.pos_embed(padded),
            controlnet_cond=even(active.hint),
            conditioning_scale=1.0,
            encoder_hidden_states=None
            if config["joint_attention_dim"] is None
            else active.arguments["encoder_hidden_states"],
            pooled_projections=torch.zeros_like(pooled) if bare else pooled,
            timestep=torch.full((x.shape[0],), timestep, device=x.device),
            return_dict=False,
        )[0]
        blocks = len(network.transformer_blocks)
        return {"blocks": [parts[n * len(parts) // blocks] for n in range(blocks)]}
