"""Runs that share threads get them in turn."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import CancelledError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.engine.running.fair_pool import FairPool


@settings(max_examples=30)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40))
def test_owners_take_turns_whatever_the_order_of_arrival(arrivals: list[str]) -> None:
    served: list[str] = []
    gate = threading.Event()
    pool = FairPool(1, "test")
    futures = [pool.submit("gate", gate.wait)]
    futures += [pool.submit(who, lambda who=who: served.append(who)) for who in arrivals]
    gate.set()
    for future in futures:
        future.result(10)
    pool.close()
    assert sorted(served) == sorted(arrivals)
    left = {who: arrivals.count(who) for who in arrivals}
    while served:  # each round serves everybody once who has something left
        turn, served = served[: len(left)], served[len(left) :]
        assert sorted(turn) == sorted(left)
        left = {who: count - 1 for who, count in left.items() if count > 1}


def test_late_owner_is_served_before_the_early_one_is_done() -> None:
    served: list[str] = []
    gate = threading.Event()
    pool = FairPool(1, "test")
    pool.submit("early", gate.wait)
    many = [pool.submit("early", lambda: served.append("early")) for _ in range(1000)]
    one = pool.submit("late", lambda: served.append("late"))
    gate.set()
    one.result(10)
    many[-1].result(10)
    pool.close()
    assert served.index("late") <= 1


@given(st.lists(st.integers(0, 5), max_size=30))
def test_one_owner_is_served_by_rank_and_equals_in_order(ranks: list[int]) -> None:
    served: list[tuple[int, int]] = []
    gate = threading.Event()
    pool = FairPool(1, "test")
    futures = [pool.submit("a", gate.wait, rank=-1)]
    for number, rank in enumerate(ranks):
        job = (rank, number)
        futures.append(pool.submit("a", lambda job=job: served.append(job), rank))
    gate.set()
    for future in futures:
        future.result(10)
    pool.close()
    assert served == sorted(served)


def test_failure_reaches_whoever_waits_and_the_thread_goes_on() -> None:
    pool = FairPool(1, "test")
    broken = pool.share("a").submit(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        broken.result(10)
    assert pool.share("a").submit(max, 2, 3).result(10) == 3
    pool.close()


def test_closed_pool_drops_what_waits_and_takes_nothing_more() -> None:
    gate, entered = threading.Event(), threading.Event()
    pool = FairPool(1, "test")
    running = pool.submit("a", lambda: (entered.set(), gate.wait()))
    entered.wait(10)
    waiting = pool.submit("a", lambda: None)
    closer = threading.Thread(target=pool.close)
    closer.start()
    with pytest.raises(CancelledError):
        waiting.result(10)
    gate.set()
    closer.join(10)
    assert running.done()
    with pytest.raises(RuntimeError):
        pool.submit("a", lambda: None)


def test_idle_thread_holds_no_result() -> None:
    class Big:
        pass

    pool = FairPool(1, "test")
    future = pool.submit("a", Big)
    result = weakref.ref(future.result(10))
    pool.submit("a", lambda: None).result(10)
    del future
    gc.collect()
    assert result() is None
    pool.close()


def test_calls_that_meet_get_a_thread_each_though_one_was_idle() -> None:
    pool = FairPool(2, "test")
    pool.submit("a", int).result(10)
    with pool._work:
        while not pool._idle:  # until the only thread waits
            pool._work.wait(0.01)
        meeting = threading.Barrier(2, timeout=10)
        # Both are handed in before the idle thread can wake.
        both = [pool.submit("a", meeting.wait) for _ in range(2)]
    assert sorted(future.result(20) for future in both) == [0, 1]
    pool.close()
