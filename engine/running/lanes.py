"""Where node functions run: threads by kind of work, so that loading overlaps with sampling."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future

from ..declaration.node import Lane
from .fair_pool import FairPool


class Lanes:
    """Thread pools, made when first used and shared fairly between runs.

    `gpu` has one thread, because two models at work on one device only get in each other's way
    and double the memory; `cpu` has one a core, `io` a few.

    Args:
        prepare: Called first in each thread. Quick nodes then run in threads as well: nothing of
            theirs is to run in one that was not prepared. None if there is nothing to prepare.
    """

    def __init__(self, prepare: Callable[[], None] | None = None) -> None:
        self.prepared = prepare is not None
        self._prepare = prepare or (lambda: None)
        self._sizes: dict[str, int] = {"gpu": 1, "cpu": os.cpu_count() or 1, "io": 4}
        self._pools: dict[str, FairPool] = {}
        self._lock = threading.Lock()

    def pool(self, lane: Lane, run: str, rank: int = 0) -> Executor:
        """The pool of a lane, as one run sees it.

        Args:
            lane: Which.
            run: Whose work it is.
            rank: Place of the work among that of the run; lower goes first.
        """
        with self._lock:
            pool = self._pools.get(lane)
            if pool is None:
                size = self._sizes.get(lane, self._sizes["cpu"])
                pool = FairPool(size, f"weft-{lane}", self._prepare)
                self._pools[lane] = pool
            return pool.share(run, rank)

    def close(self) -> None:
        """Wait for running work and end the threads."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()


class Flights:
    """Steps being computed now, by key: who comes second waits instead of computing again."""

    def __init__(self) -> None:
        self._flying: dict[bytes, Future[None]] = {}
        self._lock = threading.Lock()

    def join(self, key: bytes) -> Future[None] | None:
        """None: the caller is first, computes, and must `leave`. Else: wait for it, look again."""
        with self._lock:
            flight = self._flying.get(key)
            if flight is None:
                self._flying[key] = Future()
            return flight

    def leave(self, key: bytes) -> None:
        """The computation is over, well or not; those waiting look again."""
        with self._lock:
            flight = self._flying.pop(key)
        flight.set_result(None)
