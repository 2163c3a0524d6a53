"""An accelerator that the host plays, for machines without one.

Its tensors say that they lie on `DEVICE`, a kind that this torch knows by name alone, and hold an
ordinary tensor inside. Like a real card it refuses to compute with tensors that lie elsewhere; so a
network of which one tensor was forgotten on the host fails here as it would there. It counts what
crosses over and what is there.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as nnf
from torch.overrides import TorchFunctionMode
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("ve", 0)
_aten = torch.ops.aten
_CROSSING = {
    _aten._to_copy.default,
    _aten.copy_.default,
    _aten.index.Tensor,
    _aten.index_put_.default,
}


class _Bytes:
    """Some memory of the card, freed when the last tensor in it is gone."""

    def __init__(self, card: Card, nbytes: int, brought: bool) -> None:
        self._card, self._nbytes, self._brought = card, nbytes, brought
        card._count(nbytes, brought)

    def __del__(self) -> None:
        self._card._count(-self._nbytes, self._brought)


class Played(torch.Tensor):
    """A tensor on the card."""

    inner: torch.Tensor
    memory: _Bytes

    @staticmethod
    def __new__(cls, inner: torch.Tensor, memory: _Bytes) -> Played:
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            # torch's own kernels take it for a tensor without numbers; Python is told `DEVICE`.
            device=torch.device("meta"),
        )
        made.inner, made.memory = inner, memory
        return made  # type: ignore[no-any-return]

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return DEVICE

    @property
    def is_meta(self) -> bool:  # type: ignore[override]
        return False

    @classmethod
    def __torch_dispatch__(cls, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{op} on the card, which is not plugged in")


class Card(TorchDispatchMode):
    """Plugged in while it is entered.

    Attributes:
        held: Bytes of what was brought and is still there.
        peak: The most of it that there was.
        moved: Bytes that crossed from the host.
        all_held: Bytes of everything on the card, what was computed there too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held = self.peak = self.moved = self.all_held = 0
        self._memory: weakref.WeakValueDictionary[int, _Bytes] = weakref.WeakValueDictionary()

    def reset(self) -> None:
        """Count anew what moves, and the most that lies there."""
        self.moved, self.peak = 0, self.held

    def _count(self, nbytes: int, brought: bool) -> None:
        self.all_held += nbytes
        if brought:
            self.held += nbytes
            self.peak = max(self.peak, self.held)

    def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        return self.as_one(op, args, kwargs)

    def as_one(self, op: Any, args: Any, kwargs: Any) -> Any:
        """Run something of the host's on what lies on the card, whose result lies there too."""
        tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
        here = [each for each in tensors if isinstance(each, Played)]
        there = [each for each in tensors if not isinstance(each, Played) and each.dim() > 0]
        if here and there and op not in _CROSSING:
            raise RuntimeError(f"{op}: expected all tensors on one device, got {DEVICE} and host")
        place = kwargs.get("device")
        stays = bool(here)
        if place is not None:
            stays = torch.device(place).type == DEVICE.type
            kwargs["device"] = torch.device("cpu") if stays else torch.device(place)
        brought = stays and not here and bool(there)
        if op is _aten.copy_.default:
            stays, brought = isinstance(args[0], Played), False
        inside = tree_map(_inner, (args, kwargs))
        with no_dispatch():
            found = op(*inside[0], **inside[1])
        if brought:
            self.moved += found.numel() * found.element_size()
        outer = {id(each.inner): each for each in here}

        def placed(value: Any) -> Any:
            if not stays or not isinstance(value, torch.Tensor):
                return value
            same = outer.get(id(value))
            return same if same is not None else self._place(value, brought)

        return tree_map(placed, found)

    def _place(self, inner: torch.Tensor, brought: bool) -> Played:
        key = inner.untyped_storage()._cdata
        memory = self._memory.get(key)
        if memory is None:
            memory = _Bytes(self, inner.untyped_storage().nbytes(), brought)
            self._memory[key] = memory
        return Played(inner, memory)


class _Manners(TorchFunctionMode):
    """What torch decides before any dispatch mode is asked.

    `torch.tensor` makes its numbers on the host, and they are brought; a tensor that is on the card
    in the type that is wanted stays what it is; attention takes one of the host's kernels.
    """

    def __init__(self, card: Card) -> None:
        super().__init__()
        self._card = card

    def __torch_function__(self, f: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        place = kwargs.get("device")
        if f in (torch.tensor, torch.as_tensor) and place is not None:
            return f(*args, **{**kwargs, "device": "cpu"}).to(place)
        if f is torch.Tensor.to and len(args) > 1 and isinstance(args[1], Played):
            args = (args[0], DEVICE, args[1].dtype, *args[2:])
        if f is torch.Tensor.to and isinstance(args[0], Played) and not kwargs.get("copy"):
            wanted = [*args[1:], kwargs.get("device"), kwargs.get("dtype")]
            if all(each is None or each == DEVICE or each == args[0].dtype for each in wanted):
                return args[0]
        if f is nnf.scaled_dot_product_attention:
            return self._card.as_one(f, args, kwargs)
        return f(*args, **kwargs)


@contextmanager
def plugged_in() -> Iterator[Card]:
    """A card, and no gradients, which it knows nothing of."""
    card = Card()
    with torch.no_grad(), _Manners(card), card:
        yield card


def _inner(value: Any) -> Any:
    return value.inner if isinstance(value, Played) else value
