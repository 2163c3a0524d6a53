"""Waiting for a coroutine from code that is not async."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """Wait for a coroutine from code that is not async.

    Where an event loop runs already (a notebook, an async program) the work has a loop of its own
    in a thread of its own, and the caller's loop stands still meanwhile; async programs await
    `arun` instead. A `KeyboardInterrupt` cancels the work and waits until it has ended.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _run_in_thread(work)


def _run_in_thread(work: Coroutine[Any, Any, T]) -> T:
    begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = Future()
    ended: Future[T] = Future()

    async def main() -> T:
        task = asyncio.create_task(work)
        begun.set_result((asyncio.get_running_loop(), task))
        return await task

    def run() -> None:
        try:
            result = asyncio.run(main())
        except BaseException as error:  # the caller gets whatever it was
            ended.set_exception(error)
        else:
            ended.set_result(result)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), name="weft-run")
    try:
        thread.start()
        return ended.result()
    except KeyboardInterrupt:
        loop, task = begun.result()
        with contextlib.suppress(RuntimeError):  # its loop has ended just now
            loop.call_soon_threadsafe(task.cancel)
        raise
    finally:
        thread.join()
