"""Where node functions run: threads by kind of work, so that loading overlaps with sampling."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from .node import Lane


class Lanes:
    """Thread pools, made when first used.

    `gpu` has one thread, because two models at work on one device only get in each other's way
    and double the memory; `cpu` has one a core, `io` a few.
    """

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {"gpu": 1, "cpu": os.cpu_count() or 1, "io": 4}
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._lock = threading.Lock()

    def pool(self, lane: Lane) -> ThreadPoolExecutor:
        """The pool of a lane."""
        with self._lock:
            pool = self._pools.get(lane)
            if pool is None:
                pool = ThreadPoolExecutor(self._sizes[lane], thread_name_prefix=f"weft-{lane}")
                self._pools[lane] = pool
            return pool

    def close(self) -> None:
        """Wait for running work and end the threads."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)


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
