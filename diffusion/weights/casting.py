"""Networks in other number types than their own.

Weights stored in a small type (float8) are widened when they are used: layers change their class,
nothing else. There are no hooks and no state, so that copies of a module that share its tensors,
and several threads, work as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    import torch

    from .handle import Weights


class _CastLinear(nn.Linear):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        bias = None if self.bias is None else self.bias.to(input.dtype)
        return F.linear(input, self.weight.to(input.dtype), bias)


class _CastConv2d(nn.Conv2d):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        bias = None if self.bias is None else self.bias.to(input.dtype)
        output: Tensor = self._conv_forward(input, self.weight.to(input.dtype), bias)
        return output


def cast_when_used(module: nn.Module) -> None:
    """Let linear and convolution layers widen their weights; widen all other tensors for good."""
    dtype = next(p.dtype for p in module.parameters() if p.element_size() > 1)
    for layer in module.modules():
        if type(layer) is nn.Linear:
            layer.__class__ = _CastLinear
        elif type(layer) is nn.Conv2d:
            layer.__class__ = _CastConv2d
        else:
            for name, parameter in list(layer.named_parameters(recurse=False)):
                if parameter.is_floating_point() and parameter.element_size() == 1:
                    wide = nn.Parameter(parameter.to(dtype), requires_grad=False)
                    setattr(layer, name, wide)


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
