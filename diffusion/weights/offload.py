"""Offloaded networks: layers fetch their offloaded tensors when they run.

Such a layer's class is replaced by one of the same name whose `forward` runs a copy of the layer
with its tensors on the device, and forgets it. Nothing is written to, nothing has to be put back:
an exception leaves nothing behind, several threads may run one network, and copies of a module that
share its tensors work as before.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import torch

from .blocks import reads_children, tensors_to_run
from .shells import lies_on, map_tensors, setattr_plain

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


class Fetcher:
    """Copies the tensors of offloaded layers to a device.

    Attributes:
        in_flight: Layers whose tensors are on the device at a time because of it, at most.
    """

    in_flight = 1

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def fetch(self, number: int, tensors: Sequence[Tensor]) -> list[Tensor]:
        """The tensors of a layer on the device; one that is there already is not copied.

        Args:
            number: Of the layer that runs.
            tensors: Its tensors.
        """
        return [tensor.to(self.device) for tensor in tensors]

    def forget(self) -> None:
        """Drop what was prefetched and not used."""


def with_offload(module: Module, fetcher: Fetcher) -> Module:
    """A copy of a module whose layers fetch those of their tensors that are on another device.

    Args:
        module: Left as it is; the copy shares its tensors.
        fetcher: Copies them to its device.
    """
    own = map_tensors(module, lambda tensor: tensor)
    for number, layer in enumerate(list(own.modules())):
        if not all(lies_on(tensor, fetcher.device) for _, tensor in tensors_to_run(layer)):
            layer.__class__ = _offloaded(type(layer))  # type: ignore[arg-type]  # of torch: its own __hash__
            setattr_plain(layer, "_fetcher", fetcher)
            setattr_plain(layer, "_number", number)
    return own


def _fetched(layer: Any, kind: type[Module]) -> Module:
    """A copy of a layer, of its plain class, with its tensors on the device."""
    there = [tensor for _, tensor in tensors_to_run(layer)]
    fetched = dict(zip(map(id, there), layer._fetcher.fetch(layer._number, there), strict=True))
    guest: Module
    if reads_children(layer):
        guest = map_tensors(layer, lambda tensor: fetched[id(tensor)])
    else:
        guest = copy.copy(layer)
        for table in ("_parameters", "_buffers"):
            held = getattr(layer, table).items()
            setattr_plain(guest, table, {k: t if t is None else fetched[id(t)] for k, t in held})
    guest.__class__ = kind
    return guest


@cache
def _offloaded(kind: type[Module]) -> type[Module]:
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def forward(self: Any, *args: Any, **named: Any) -> Any:
        return kind.forward(_fetched(self, kind), *args, **named)

    return type(kind.__name__, (kind,), {"forward": forward, "__module__": kind.__module__})
