"""Networks in other number types than their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

    from .handle import Weights


def module_in(weights: Weights, dtype: torch.dtype) -> nn.Module:
    """The module of a network that runs beside another, computing in the other's type.

    Args:
        weights: Of a ControlNet, an adapter.
        dtype: What the network beside it computes in. If its own is another (a loader was asked
            for one), this is a copy that lives as long as it is held.
    """
    from .shells import map_tensors

    module = weights.module
    if weights.dtype == dtype:
        return module
    return map_tensors(module, lambda t: t.to(dtype) if t.is_floating_point() else t)
