"""Waiting for coroutines where an event loop runs already."""

from __future__ import annotations

import asyncio
import contextvars
import signal
import threading

import pytest

from weft.engine.sync import run_sync

PLACE = contextvars.ContextVar("PLACE", default="nowhere")


async def place() -> tuple[str, bool]:
    await asyncio.sleep(0)
    return PLACE.get(), threading.current_thread() is threading.main_thread()


def test_without_a_loop_it_runs_in_this_thread() -> None:
    assert run_sync(place()) == ("nowhere", True)


def test_in_a_running_loop_it_runs_in_a_thread_with_the_callers_context() -> None:
    async def notebook() -> tuple[str, bool]:
        PLACE.set("notebook")
        return run_sync(place())

    assert asyncio.run(notebook()) == ("notebook", False)


def test_in_a_running_loop_errors_reach_the_caller() -> None:
    async def fails() -> None:
        raise ValueError("of the work")

    async def notebook() -> None:
        run_sync(fails())

    with pytest.raises(ValueError, match="of the work"):
        asyncio.run(notebook())


def test_interrupt_in_a_running_loop_cancels_the_work_and_waits_for_its_end() -> None:
    seen: list[str] = []

    async def work() -> None:
        try:
            # As Ctrl-C does, while the main thread waits.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            seen.append("ended")

    async def notebook() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # that of a notebook's kernel
        with pytest.raises(KeyboardInterrupt):
            run_sync(work())

    before = signal.getsignal(signal.SIGINT)
    try:
        asyncio.run(notebook())
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == ["cancelled", "ended"]
