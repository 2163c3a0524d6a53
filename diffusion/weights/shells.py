"""Copies of a torch module that share its tensors: the tree is new, the gigabytes are not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module


def with_tensors(module: Module, tensors: Mapping[str, Tensor]) -> Module:
    """A copy of a module in which some tensors are others; the rest is shared.

    Args:
        module: Left as it is.
        tensors: Name (as in `state_dict`) -> new tensor of the same shape, or a matrix of a linear
            layer with more inputs. A tensor that the
            module uses under several names is replaced under all of them.

    Raises:
        KeyError: The module has no tensor of that name.
    """
    known = named_tensors(module)
    chosen = {id(known[name]): tensor for name, tensor in tensors.items()}
    return map_tensors(module, lambda old: chosen.get(id(old), old))


def map_tensors(module: Module, change: Callable[[Tensor], Tensor]) -> Module:
    """A copy of a module whose every parameter and buffer went through a function once.

    Parameters that come back as they are stay the same objects; new ones need no gradient.
    """
    from torch.nn import Parameter

    tensors: dict[int, Tensor] = {}

    def tensor(old: Tensor) -> Tensor:
        if id(old) not in tensors:
            new = change(old)
            if new is not old and isinstance(old, Parameter) and not isinstance(new, Parameter):
                new = Parameter(new, requires_grad=False)
            tensors[id(old)] = new
        return tensors[id(old)]

    return _shell(module, tensor, {})


def _shell(old: Module, tensor: Callable[[Tensor], Tensor], made: dict[int, Module]) -> Module:
    # No function within the other: one that calls itself is a cycle, and would hold all tensors
    # until the collector comes by.
    if id(old) in made:
        return made[id(old)]
    new = made[id(old)] = copy.copy(old)
    for kind in ("_parameters", "_buffers"):
        held = getattr(old, kind)
        setattr_plain(new, kind, {k: t if t is None else tensor(t) for k, t in held.items()})
    children = {k: m if m is None else _shell(m, tensor, made) for k, m in old._modules.items()}
    setattr_plain(new, "_modules", children)
    # What torch compiled for the old module refers to the old tensors.
    new.__dict__.pop("_compiled_call_impl", None)
    return new


def named_tensors(module: Module) -> dict[str, Tensor]:
    """All parameters and buffers by name, tied ones under each of their names."""
    found: dict[str, Tensor] = dict(module.named_parameters(remove_duplicate=False))
    return found | dict(module.named_buffers(remove_duplicate=False))


def lies_on(tensor: Tensor, device: torch.device) -> bool:
    """Whether a tensor is on a device; one without a number is any of its kind."""
    there = tensor.device
    return there.type == device.type and (device.index is None or device.index == there.index)


def setattr_plain(module: Module, name: str, value: object) -> None:
    """Set an attribute past torch's own `__setattr__`, which sorts values into its tables."""
    module.__dict__[name] = value
