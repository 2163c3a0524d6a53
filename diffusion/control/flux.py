"""ControlNets of Flux: copies of transformer blocks, over a latent or (XLabs) over pixels.

Source: InstantX's, Shakker's and AliMama's networks through diffusers; XLabs' as ComfyUI runs it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..families.call import Residuals
from ..families.family import Family, even
from ..families.flux import GUIDANCE
from ..families.flux_tokens import patches
from .control_types import control_type_number
from .method import JOINT_FITS, Active, ControlMethod

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import ControlNet, ControlUse


class FluxControl(ControlMethod):
    """See the module."""

    name = "ControlNet (Flux)"
    steers: ClassVar = {"flux": ("flux",)}
    fits = JOINT_FITS

    def owns(self, net: ControlNet) -> bool:
        return net.weights.kind == "controlnet" and net.family == "flux"

    def takes_latents(self, net: ControlNet) -> bool:
        return not net.weights.config.get("conditioning_embedding_channels")

    def hint(
        self, use: ControlUse, family: Family, size: tuple[int, int], batch: int, like: Tensor
    ) -> Tensor:
        import torch.nn.functional as F

        hint = super().hint(use, family, size, batch, like)
        if self.takes_latents(use.net):
            return patches(even(hint))
        # Networks with an encoder of their own take values around 0, and whole patches.
        tall, wide = (side % 2 * family.latent.downscale for side in size)
        return F.pad(hint * 2.0 - 1.0, (0, wide, 0, tall), mode="replicate")

    def residuals(self, active: Active, x: Tensor, timestep: float, network: Any) -> Residuals:
        import torch

        net, module = active.use.net, active.module
        arguments = {name: v for name, v in active.arguments.items() if name != "guidance"}
        if net.weights.config["guidance_embeds"]:
            usual = torch.full((x.shape[0],), GUIDANCE, device=x.device, dtype=x.dtype)
            guidance = active.arguments.get("guidance", usual)
            arguments["guidance"] = guidance.nan_to_num(nan=GUIDANCE)
        number = control_type_number(net)
        if number is not None:
            arguments["controlnet_mode"] = torch.full((x.shape[0], 1), number, device=x.device)
        elif module.union:
            module = copy.copy(module)  # a shell of its own: the module is shared
            module.union = False
        double, single = module(
            hidden_states=patches(even(x)),
            controlnet_cond=active.hint,
            conditioning_scale=1.0,
            timestep=torch.full((x.shape[0],), timestep, device=x.device, dtype=x.dtype),
            return_dict=False,
            **arguments,
        )
        found: dict[str, Sequence[Tensor]] = {}
        for name, parts, blocks in (
            ("double", double, network.transformer_blocks),
            ("single", single, network.single_transformer_blocks),
        ):
            if parts:
                cyclic = name == "double" and not self.takes_latents(net)
                found[name] = _spread(parts, len(blocks), cyclic=cyclic)
        return found


def _spread(parts: Sequence[Tensor], blocks: int, *, cyclic: bool) -> list[Tensor]:
    """One addition for every block: each serves a run of blocks, or (XLabs) they take turns."""
    run = math.ceil(blocks / len(parts))
    return [parts[n % len(parts) if cyclic else n // run] for n in range(blocks)]
