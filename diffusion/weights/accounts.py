"""Bytes of weights by device, and their networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from .shells import lies_on

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from .handle import Weights


def own_bytes(handles: Iterable[Weights]) -> dict[int, dict[str, int]]:
    """Bytes by the id of a handle and by device; a tensor that several share counts once.

    It counts for the handle that lends it, or for the first if none of them does.
    """
    seen: set[int] = set()
    found: dict[int, dict[str, int]] = {}
    for each in sorted(handles, key=lambda each: bool(each.parents)):
        own: dict[str, int] = {}
        for tensor in (each.slot.tensors or {}).values():
            # Untyped storage would be the whole mapped file; shared tensors are the same objects.
            if id(tensor) not in seen:
                seen.add(id(tensor))
                place = str(each.device) if lies_on(tensor, each.device) else "cpu"
                own[place] = own.get(place, 0) + tensor.numel() * tensor.element_size()
        found[id(each)] = own
    return found


def bytes_on(tensors: Mapping[str, Tensor], device: torch.device) -> int:
    """Bytes on a device, of its own or not."""
    return sum(
        tensor.numel() * tensor.element_size()
        for tensor in {id(tensor): tensor for tensor in tensors.values()}.values()
        if lies_on(tensor, device)
    )


def lenders_of(weights: Weights) -> Iterator[Weights]:
    """The handles whose tensors a derived one goes on using, the nearest first."""
    while weights.parents:
        weights = weights.parents[0]
        yield weights
