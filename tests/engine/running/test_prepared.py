"""Threads that are prepared before they call nodes: in them or nowhere."""

from __future__ import annotations

import threading

import pytest

from tests.engine import toy
from tests.engine.toy import engine, flow
from weft.engine.declaration.node import node
from weft.engine.running.fair_pool import FairPool


def test_pool_whose_threads_cannot_be_prepared_fails_its_work_and_does_none() -> None:
    did: list[int] = []

    def refuse() -> None:
        raise OSError("not allowed")

    pool = FairPool(1, "test", refuse)
    try:
        futures = [pool.submit("me", lambda n=n: did.append(n)) for n in range(3)]  # type: ignore[misc]
        for future in futures:
            with pytest.raises(OSError, match="not allowed"):
                future.result(30)
    finally:
        pool.close()
    assert did == []


def test_engine_apart_runs_every_node_in_prepared_threads_and_shares_what_is_known() -> None:
    prepared: set[int] = set()
    ran: list[tuple[str, int]] = []

    @node("Quick", category="toy", lane="inline")
    def quick(a: float) -> float:
        """Note the thread.

        Args:
            a: A number.
        """
        ran.append(("quick", threading.get_ident()))
        return a

    @node("Slower", category="toy", lane="cpu")
    def slower(a: float) -> float:
        """Note the thread.

        Args:
            a: A number.
        """
        ran.append(("slower", threading.get_ident()))
        return a

    flowed = flow(
        n=("Number", {"value": 1.0}),
        q=("Quick", {"a": "@n.value"}),
        s=("Slower", {"a": "@q.value"}),
    )
    with engine(nodes=[quick, slower]) as e:
        with e.apart(lambda: prepared.add(threading.get_ident())) as held:
            toy.run(held, flowed, "s.value")
        assert [name for name, _ in ran] == ["quick", "slower"]
        assert {thread for _, thread in ran} <= prepared
        toy.run(e, flowed, "s.value")
    assert len(ran) == 2  # answered from what both remember
