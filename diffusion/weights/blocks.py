"""Which blocks of a network stay on its device when not all fit, and which are offloaded.

A *block* is what is offloaded together: the tensors of one layer. Blocks stand in the order in
which they are kept, and what is kept is always a beginning of that order. So more room only ever
adds blocks, less only takes some away, and the same room always gives the same choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

SMALL = 2**16
"""Bytes up to which a fetch costs the latency of a copy, not its size: such blocks stay first."""


@dataclass(frozen=True, slots=True)
class Block:
    """The tensors of one layer.

    Attributes:
        path: The layer's name in its network; "" = the network itself.
        names: Its tensors, as in `shells.named_tensors`.
        nbytes: Of them all; those that an earlier layer has as well do not count.
    """

    path: str
    names: tuple[str, ...]
    nbytes: int


def blocks_of(module: Module) -> tuple[Block, ...]:
    """A network's blocks in the order in which they are kept.

    Small ones first, then the largest: it is cheap to keep the former and costly to bring the
    latter, and what is still offloaded then needs the least room. Equals stand as in the network.
    """
    found: list[Block] = []
    seen: set[int] = set()
    inside: set[int] = set()
    for path, layer in module.named_modules():
        if id(layer) in inside:
            continue
        if reads_children(layer):
            inside |= {id(each) for each in layer.modules()}
        fresh = {}
        for name, tensor in tensors_to_run(layer):
            if id(tensor) not in seen:
                seen.add(id(tensor))
                fresh[f"{path}.{name}" if path else name] = tensor
        if fresh:
            nbytes = sum(tensor.numel() * tensor.element_size() for tensor in fresh.values())
            found.append(Block(path, tuple(fresh), nbytes))
    return tuple(sorted(found, key=lambda block: (block.nbytes > SMALL, -block.nbytes)))


def tensors_to_run(layer: Module) -> Iterator[tuple[str, Tensor]]:
    """The tensors that a layer needs on its device: its own, not those of layers in it."""
    deep = reads_children(layer)
    yield from layer.named_parameters(recurse=deep, remove_duplicate=False)
    yield from layer.named_buffers(recurse=deep, remove_duplicate=False)


def reads_children(layer: Module) -> bool:
    """Whether a layer computes with the tensors of layers in it without calling them."""
    from torch import nn

    return isinstance(layer, nn.MultiheadAttention | nn.TransformerEncoderLayer)


def kept(sizes: Sequence[int], room: int, *, working: int = 0, in_flight: int = 1) -> int:
    """How many blocks stay, from the first on.

    Args:
        sizes: Bytes of the blocks, in the order in which they are kept.
        room: Bytes on the device for them all.
        working: Bytes left free besides for activations while the rest is fetched.
        in_flight: Fetched blocks on the device at a time.

    Returns:
        All if they fit. Else the most that leave room for fetched blocks and `working`; 0 if not
        even these fit, for the network has to run.
    """
    if sum(sizes) <= room:
        return len(sizes)
    largest = [0] * (len(sizes) + 1)  # of the blocks from each on
    for at in reversed(range(len(sizes))):
        largest[at] = max(sizes[at], largest[at + 1])
    best = held = 0
    for count, size in enumerate(sizes):
        if held + in_flight * largest[count] + working <= room:
            best = count
        held += size
    return best


def fetch_room(sizes: Sequence[int], count: int, *, working: int = 0, in_flight: int = 1) -> int:
    """Bytes that fetching the blocks after the first `count` takes; 0 if there are none."""
    rest = sizes[count:]
    return in_flight * max(rest) + working if rest else 0
