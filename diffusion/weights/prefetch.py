"""Prefetching on CUDA: the tensors of the next layer are copied while the layer before it computes.

The order of the layers is that of the last pass. A guess that was wrong costs a copy, never a wrong
number: what came is used only if it came from the very tensors that are asked for.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import torch

from .offload import Fetcher
from .shells import lies_on

if TYPE_CHECKING:
    from torch import Tensor


class Coming(NamedTuple):
    """A copy under way.

    Attributes:
        sources: What is copied.
        tensors: The copies; not to be read before `done`.
        done: Recorded after them on their stream; None = they are made already.
    """

    sources: Sequence[Tensor]
    tensors: list[Tensor]
    done: torch.Event | None


class Prefetcher(Fetcher):
    """Fetches the tensors of a layer, and prefetches those of the layer that followed last time."""

    in_flight = 3
    """One that computes, one that has arrived, one on its way."""

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self._passed: torch.Event | None = None
        self._lock = threading.Lock()
        self._after: dict[int, list[weakref.ref[Tensor]]] = {}
        self._last: int | None = None
        self._coming: Coming | None = None

    def fetch(self, number: int, tensors: Sequence[Tensor]) -> list[Tensor]:
        with self._lock:
            coming, self._coming = self._coming, None
            if self._last is not None:
                self._after[self._last] = [weakref.ref(tensor) for tensor in tensors]
            self._last = number
            expected = [each() for each in self._after.get(number, ())]
        if coming is not None and _same(coming.sources, tensors):
            found = self._arrived(coming)
        else:
            found = super().fetch(number, tensors)
        sources = [each for each in expected if each is not None]
        if sources and len(sources) == len(expected):
            started = self._start(sources)
            with self._lock:
                self._coming = started
        return found

    def forget(self) -> None:
        with self._lock:
            self._coming = self._last = None

    # What follows is all that needs a card.

    def _start(self, sources: Sequence[Tensor]) -> Coming:
        """Copy from pinned memory on a second stream; only the next layer's is pinned."""
        computing, second = torch.cuda.current_stream(self.device), _stream(self.device)
        pinned = [each if lies_on(each, self.device) else each.pin_memory() for each in sources]
        # The host runs ahead of the card. Unless it waits, layers pile up that are still to be
        # used; so it waits for all that was asked of the card before the last layer in flight.
        passed, self._passed = self._passed, computing.record_event()
        if passed is not None:
            passed.synchronize()
        with torch.cuda.stream(second):
            made = [each.to(self.device, non_blocking=True) for each in pinned]
        return Coming(sources, made, second.record_event())

    def _arrived(self, coming: Coming) -> list[Tensor]:
        """Have the stream that computes wait for the copies, and own them from then on."""
        assert coming.done is not None
        computing = torch.cuda.current_stream(self.device)
        computing.wait_event(coming.done)
        for tensor in coming.tensors:
            # Or the second stream would write its next copy where this one is still read.
            tensor.record_stream(computing)
        return coming.tensors


def _same(left: Sequence[Tensor], right: Sequence[Tensor]) -> bool:
    return len(left) == len(right) and all(a is b for a, b in zip(left, right, strict=True))


@cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """The second stream of a card: one, for streams do not share the memory that they free."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
