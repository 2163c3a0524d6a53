"""A module that holds named tensors and computes nothing: for files that change other networks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class TensorBag(nn.Module):
    """Empty parameters of given names; dots make modules within modules.

    Args:
        tensors: Name and shape of each.
    """

    def __init__(self, tensors: Sequence[tuple[str, tuple[int, ...]]]) -> None:
        super().__init__()
        for name, shape in tensors:
            *path, last = name.split(".")
            place: nn.Module = self
            for part in path:
                if part not in place._modules:
                    place.add_module(part, nn.Module())
                place = place.get_submodule(part)
            place.register_parameter(last, nn.Parameter(torch.empty(shape), requires_grad=False))
