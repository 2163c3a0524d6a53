"""A thread pool that several runs share: each in turn gets the next free thread.

An ordinary pool serves in order of arrival, so a run that hands in a thousand steps makes every
other run wait for all of them. Within a run the order is that of the plan: what ends an item of a
map comes before what begins the next.
"""

from __future__ import annotations

import contextvars
import heapq
import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_Job = tuple[int, int, "Future[Any]", Callable[[], Any]]  # rank, number, ...


class FairPool:
    """Threads, and a queue for each owner that has work waiting.

    Args:
        threads: At most so many, started when there is work for them.
        name: Begins their names.
        prepare: Called first in each of them; if it fails, so does all work that it is given.
    """

    def __init__(self, threads: int, name: str, prepare: Callable[[], None] = lambda: None) -> None:
        self._prepare = prepare
        self._most = threads
        self._name = name
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._queued = 0
        self._closed = False
        self._waiting: OrderedDict[str, list[_Job]] = OrderedDict()  # heaps
        self._numbers = itertools.count()
        self._work = threading.Condition()

    def share(self, owner: str, rank: int = 0) -> Executor:
        """The pool as an executor whose work counts for one owner, and has one rank."""
        return _Share(self, owner, rank)

    def submit(self, owner: str, call: Callable[[], T], rank: int = 0) -> Future[T]:
        """Have something called in a thread.

        Args:
            owner: Whose turn it counts for.
            call: What to call.
            rank: Lower goes first among what waits for the same owner; equals in order.

        Raises:
            RuntimeError: The pool is closed.
        """
        future: Future[T] = Future()
        with self._work:
            if self._closed:
                raise RuntimeError("the pool is closed")
            jobs = self._waiting.setdefault(owner, [])
            heapq.heappush(jobs, (rank, next(self._numbers), future, call))
            self._queued += 1
            # A thread that was woken counts as idle until it has taken its work, so idle ones may
            # be spoken for: then another starts, or two calls would wait for one thread.
            if self._queued <= self._idle:
                self._work.notify()
            elif len(self._threads) < self._most:
                name = f"{self._name}_{len(self._threads)}"
                thread = threading.Thread(target=self._serve, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def close(self) -> None:
        """Drop what waits, wait for what runs, end the threads."""
        with self._work:
            self._closed = True
            dropped = [future for jobs in self._waiting.values() for _, _, future, _ in jobs]
            self._waiting.clear()
            self._queued = 0
            self._work.notify_all()
        for future in dropped:
            future.cancel()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        trouble: Exception | None = None
        try:
            self._prepare()
        except Exception as error:
            trouble = error
        while True:
            with self._work:
                while not self._waiting:
                    if self._closed:
                        return
                    self._idle += 1
                    self._work.wait()
                    self._idle -= 1
                owner, jobs = self._waiting.popitem(last=False)
                _, _, future, call = heapq.heappop(jobs)
                self._queued -= 1
                if jobs:
                    self._waiting[owner] = jobs  # behind the others
            _perform(future, call, trouble)
            del future, call  # or an idle thread would hold its last result


def _perform(future: Future[Any], call: Callable[[], Any], trouble: Exception | None) -> None:
    if not future.set_running_or_notify_cancel():
        return
    if trouble is not None:
        future.set_exception(trouble)
        return
    try:
        # A context of its own, or settings that a call makes would stay with the thread.
        result = contextvars.Context().run(call)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)


class _Share(Executor):
    def __init__(self, pool: FairPool, owner: str, rank: int) -> None:
        self._pool = pool
        self._owner = owner
        self._rank = rank

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As `Executor.submit`."""
        return self._pool.submit(self._owner, lambda: fn(*args, **kwargs), self._rank)
