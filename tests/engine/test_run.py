"""What runs, what does not, and in what order."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from weft.engine.cancel import CancelToken
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.declaration.widgets import Range
from weft.engine.engine import Engine
from weft.engine.errors import Cancelled, RunError
from weft.engine.events import (
    Event,
    NodeCached,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    RunFinished,
    RunStarted,
)
from weft.engine.testing import EventLog
from weft.engine.workflows.workflow import Workflow

from .toy import Gate, Pair, engine, flow, meeting, run

DIAMOND = {
    "a": ("Number", {"value": 2}),
    "b": ("Add", {"a": "@a.value", "b": 1}),
    "c": ("Add", {"a": "@a.value", "b": 10}),
    "d": ("Add", {"a": "@b.value", "b": "@c.value"}),
}


def test_run_with_shared_input_runs_it_once() -> None:
    with engine() as e:
        result, log = run(e, flow(**DIAMOND), "d.value")
    assert result["d.value"] == 15
    assert sorted(log.ran) == ["a", "b", "c", "d"]
    assert log.ran.index("a") == 0
    assert log.ran[-1] == "d"


def test_run_repeated_calls_nothing() -> None:
    with engine() as e:
        run(e, flow(**DIAMOND), "d.value")
        result, log = run(e, flow(**DIAMOND), "d.value")
    assert result["d.value"] == 15
    assert log.ran == []
    assert sorted(log.cached) == ["a", "b", "c", "d"]


def test_run_with_one_input_changed_reruns_only_downstream() -> None:
    with engine() as e:
        run(e, flow(**DIAMOND), "d.value")
        result, log = run(e, flow(**DIAMOND).set("c.b", 20), "d.value")
    assert result["d.value"] == 25
    assert log.ran == ["c", "d"]


def test_run_with_equal_intermediate_value_stops_there() -> None:
    chain = {
        "n": ("Number", {"value": 5}),
        "s": ("Sign", {"a": "@n.value"}),
        "d": ("Add", {"a": "@s.value", "b": 1}),
    }
    with engine() as e:
        run(e, flow(**chain), "d.value")
        result, log = run(e, flow(**chain).set("n.value", 7), "d.value")
    assert result["d.value"] == 2
    assert log.ran == ["n", "s"]
    assert log.cached == ["d"]


def test_run_computes_only_what_is_wanted() -> None:
    with engine() as e:
        _, log = run(e, flow(**DIAMOND), "b.value")
    assert log.ran == ["a", "b"]


def test_run_without_outputs_computes_roots_and_interface() -> None:
    data = flow(**DIAMOND, shown=("Show", {"a": "@b.value"})).to_json()
    data["interface"] = {"outputs": {"answer": "c.value"}}
    with engine() as e:
        result, log = run(e, Workflow.from_json(data))
    assert set(log.ran) == {"a", "b", "c", "shown"}
    assert result["answer"] == result["c.value"] == 12


def test_run_of_deep_chain_does_not_recurse() -> None:
    nodes: dict[str, tuple[str, dict[str, object]]] = {"n0": ("Number", {"value": 0})}
    for i in range(5000):
        nodes[f"n{i + 1}"] = ("Add", {"a": f"@n{i}.value", "b": 1})
    with engine() as e:
        result, log = run(e, flow(**nodes), "n5000.value")
    assert result["n5000.value"] == 5000
    assert len(log.ran) == 5001


def test_run_of_list_input_collects_links_in_order() -> None:
    nodes = {
        "a": ("Number", {"value": 1}),
        "b": ("Number", {"value": 2}),
        "s": ("Sum", {"items": ["@a.value", "@b.value", "@a.value"]}),
        "t": ("Sum", {"items": [1, 2]}),
    }
    with engine() as e:
        result, _ = run(e, flow(**nodes), "s.value", "t.value")
    assert (result["s.value"], result["t.value"]) == (4, 3)


def test_run_with_named_outputs_links_each() -> None:
    nodes = {
        "n": ("Number", {"value": 5}),
        "p": ("Split", {"a": "@n.value"}),
        "d": ("Add", {"a": "@p.low", "b": "@p.high"}),
    }
    with engine() as e:
        result, _ = run(e, flow(**nodes), "d.value", "p.high")
    assert (result["d.value"], result["p.high"]) == (10, 6)


def test_run_with_failing_node_keeps_the_other_branch() -> None:
    nodes = {
        "n": ("Number", {"value": 1}),
        "bad": ("Fail", {"a": "@n.value"}),
        "after": ("Add", {"a": "@bad.value", "b": 1}),
        "good": ("Slow", {"a": "@n.value"}),
    }
    log = EventLog()
    with engine() as e:
        with pytest.raises(RunError) as caught:
            e.run(flow(**nodes), outputs=["after.value", "good.value"], on_event=log)
        (problem,) = caught.value.problems
        assert (problem.code, problem.node, problem.port) == ("toy.refused", "bad", "a")
        assert problem.hint == "Try another."
        assert log.failed == ["bad"]
        assert "good" in log.ran
        assert "after" not in log.nodes(NodeStarted)
        assert log.events[-1].status == "failed"  # type: ignore[union-attr]
        _, again = run(e, flow(**nodes), "good.value")
    assert again.ran == []


def test_run_failure_is_not_remembered() -> None:
    nodes = {"n": ("Number", {}), "bad": ("Crash", {"a": "@n.value"})}
    with engine() as e:
        for _ in range(2):
            log = EventLog()
            with pytest.raises(RunError) as caught:
                e.run(flow(**nodes), outputs=["bad.value"], on_event=log)
            assert log.failed == ["bad"]
            assert isinstance(caught.value.__cause__, ZeroDivisionError)
            assert caught.value.problems[0].code == "run.exception"


def test_run_impure_node_runs_each_time_and_equal_value_stops_there() -> None:
    nodes = {"t": ("Now", {"value": 3}), "d": ("Add", {"a": "@t.value", "b": 1})}
    with engine() as e:
        run(e, flow(**nodes), "d.value")
        _, log = run(e, flow(**nodes), "d.value")
    assert log.ran == ["t"]
    assert log.cached == ["d"]


def test_run_value_without_content_is_known_by_its_making() -> None:
    nodes = {
        "n": ("Number", {"value": 5}),
        "w": ("Wrap", {"a": "@n.value"}),
        "u": ("Unwrap", {"opaque": "@w.opaque"}),
    }
    with engine() as e:
        run(e, flow(**nodes), "u.value")
        _, log = run(e, flow(**nodes), "u.value")
        assert log.ran == []
        result, log = run(e, flow(**nodes).set("n.value", 6), "u.value")
    assert log.ran == ["n", "w", "u"]
    assert result["u.value"] == 6


@pytest.mark.parametrize("budget", [0, 1000, 3000])
def test_run_with_evicted_values_computes_them_again(budget: int) -> None:
    nodes: dict[str, tuple[str, dict[str, object]]] = {"n0": ("Number", {"value": 1})}
    for i in range(12):
        nodes[f"n{i + 1}"] = ("Add", {"a": f"@n{i}.value", "b": "@n0.value"})
    with engine(budget=budget) as e:
        for last in (12, 11, 12, 5):
            result, _ = run(e, flow(**nodes), f"n{last}.value")
            assert result[f"n{last}.value"] == last + 1
        result, _ = run(e, flow(**nodes).set("n12.bias", 100), "n12.value")
    assert result["n12.value"] == 113


def test_run_with_values_dropped_reruns_the_ancestors_it_needs_once() -> None:
    nodes = {
        "a": ("Number", {"value": 1}),
        "b": ("Add", {"a": "@a.value", "b": 1}),
        "c": ("Split", {"a": "@b.value"}),
        "d": ("Add", {"a": "@b.value", "b": "@c.high"}),
    }
    with engine() as e:
        run(e, flow(**nodes), "d.value")
        e.cache.drop_values()
        result, log = run(e, flow(**nodes).set("d.bias", 1), "d.value")
    assert result["d.value"] == 6
    assert sorted(log.ran) == ["a", "b", "c", "d"]


def test_run_with_linked_widget_checks_its_value() -> None:
    nodes = {"big": ("Add", {"a": 1e6, "b": 1e6}), "n": ("Number", {"value": "@big.value"})}
    with engine() as e, pytest.raises(RunError) as caught:
        run(e, flow(**nodes), "n.value")
    (problem,) = caught.value.problems
    assert (problem.code, problem.node, problem.port) == ("params.out_of_range", "n", "value")


def test_run_integer_into_float_input_arrives_as_float() -> None:
    nodes = {"i": ("Dice", {"seed": 3}), "n": ("Number", {"value": "@i.value"})}
    with engine() as e:
        result, _ = run(e, flow(**nodes), "n.value")
    assert type(result["n.value"]) is float


def test_run_async_node_is_awaited() -> None:
    @node("Later", category="toy")
    async def later(a: float) -> float:
        """Give a number later.

        Args:
            a: A number.
        """
        await asyncio.sleep(0)
        return a + 1

    nodes = {"n": ("Number", {"value": 1}), "l": ("Later", {"a": "@n.value"})}
    with engine(nodes=[later]) as e:
        result, _ = run(e, flow(**nodes), "l.value")
    assert result["l.value"] == 2


def test_run_started_in_a_running_loop_runs_beside_it() -> None:
    async def notebook() -> object:
        with engine() as e:
            return e.run(flow(n=("Number", {"value": 3})), outputs=["n.value"])["n.value"]

    before = threading.active_count()
    assert asyncio.run(notebook()) == 3
    assert threading.active_count() == before


def test_run_cancelled_in_a_node_stops_at_its_next_check() -> None:
    gate = Gate()
    token = CancelToken()
    nodes = {
        "n": ("Number", {}),
        "w": ("Wait", {"a": "@n.value"}),
        "after": ("Slow", {"a": "@w.value"}),
    }
    log = EventLog()

    def cancel() -> None:
        assert gate.entered.wait(30)
        token.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with engine(nodes=[gate.node]) as e:
        with pytest.raises(Cancelled):
            e.run(flow(**nodes), outputs=["after.value"], on_event=log, token=token)
        canceller.join()
        assert "after" not in log.nodes(NodeStarted)
        assert log.events[-1].status == "cancelled"  # type: ignore[union-attr]
        gate.open.set()
        result, second = run(e, flow(**nodes), "after.value")
    assert second.cached == ["n"]
    assert result["after.value"] == 0


def test_run_cancelled_by_its_id_stops_and_is_forgotten() -> None:
    gate, ids = Gate(), []
    nodes = {"n": ("Number", {}), "w": ("Wait", {"a": "@n.value"})}

    with engine(nodes=[gate.node]) as e, ThreadPoolExecutor(1) as pool:
        running = pool.submit(
            e.run, flow(**nodes), outputs=["w.value"], on_event=lambda x: ids.append(x.run)
        )
        assert gate.entered.wait(30)
        assert e.cancel(ids[0])
        with pytest.raises(Cancelled):
            running.result(30)
        assert not e.cancel(ids[0])
        assert not e.cancel("nobody")


def test_run_cancelled_beforehand_calls_nothing() -> None:
    token = CancelToken()
    token.cancel()
    log = EventLog()
    with engine() as e, pytest.raises(Cancelled):
        e.run(flow(**DIAMOND), outputs=["d.value"], on_event=log, token=token)
    assert log.ran == []


async def test_arun_task_cancelled_stops_the_node() -> None:
    gate = Gate()
    nodes = {"n": ("Number", {}), "w": ("Wait", {"a": "@n.value"})}
    with engine(nodes=[gate.node]) as e:
        task = asyncio.create_task(e.arun(flow(**nodes), outputs=["w.value"]))
        assert await asyncio.to_thread(gate.entered.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_run_cancelled_while_an_async_node_waits_ends_at_once() -> None:
    waiting, token = asyncio.Event(), CancelToken()

    @node("Forever", category="toy")
    async def forever(a: float) -> float:
        """Wait for what never comes.

        Args:
            a: A number.
        """
        waiting.set()
        await asyncio.Event().wait()
        return a

    nodes = {"n": ("Number", {}), "f": ("Forever", {"a": "@n.value"})}
    with engine(nodes=[forever]) as e:
        task = asyncio.create_task(e.arun(flow(**nodes), outputs=["f.value"], token=token))
        await waiting.wait()
        token.cancel()
        with pytest.raises(Cancelled):
            await task


async def test_run_cancelled_while_it_waits_for_another_leaves_that_one_alone() -> None:
    gate, token = Gate(), CancelToken()
    nodes = {"n": ("Number", {}), "w": ("Wait", {"a": "@n.value"})}
    with engine(nodes=[gate.node]) as e:
        first = asyncio.create_task(e.arun(flow(**nodes), outputs=["w.value"]))
        assert await asyncio.to_thread(gate.entered.wait, 30)
        ahead = asyncio.Event()

        def listen(event: Event) -> None:
            if isinstance(event, NodeCached):
                ahead.set()

        second = asyncio.create_task(
            e.arun(flow(**nodes), outputs=["w.value"], token=token, on_event=listen)
        )
        await ahead.wait()  # it knows the number and goes on to wait for the first
        token.cancel()
        with pytest.raises(Cancelled):
            await second
        gate.open.set()
        assert (await first)["w.value"] == 0
    assert gate.calls == 1


def test_two_runs_sharing_a_step_compute_it_once() -> None:
    gate = Gate()
    nodes = {"n": ("Number", {}), "w": ("Wait", {"a": "@n.value"})}
    with engine(nodes=[gate.node]) as e, ThreadPoolExecutor(2) as pool:
        first = pool.submit(run, e, flow(**nodes), "w.value")
        assert gate.entered.wait(30)
        second = pool.submit(run, e, flow(**nodes), "w.value")
        gate.open.set()
        results = [first.result(30)[0]["w.value"], second.result(30)[0]["w.value"]]
    assert results == [0, 0]
    assert gate.calls == 1


def test_run_independent_branches_overlap() -> None:
    meet, nodes = meeting()
    with engine(nodes=[meet]) as e:
        result, _ = run(e, flow(**nodes), "d.value")
    assert result["d.value"] == 3


def test_run_progress_arrives_in_order_between_start_and_finish() -> None:
    @node("Count", category="toy")
    def count(run: Run, *, to: int = 3) -> int:
        """Count.

        Args:
            to: Number of steps.
        """
        for i in range(to):
            run.progress(i + 1, to)
        return to

    with engine(nodes=[count]) as e:
        _, log = run(e, flow(c=("Count", {})), "c.value")
    kinds = [type(event).__name__ for event in log.events]
    assert kinds == [
        "RunStarted", "NodeStarted", "NodeProgress", "NodeProgress", "NodeProgress",
        "NodeFinished", "RunFinished",
    ]  # fmt: skip
    assert [e.value for e in log.events if isinstance(e, NodeProgress)] == [1, 2, 3]


def test_run_out_of_memory_frees_the_cache_and_tries_once_more() -> None:
    calls: list[int] = []

    @node("Hungry", category="toy")
    def hungry(a: float, *, appetite: int = 1) -> float:
        """Run out of memory a few times.

        Args:
            a: A number.
            appetite: How often.
        """
        calls.append(1)
        if len(calls) <= appetite:
            raise MemoryError("no room")
        return a

    nodes = {"n": ("Number", {"value": 1}), "h": ("Hungry", {"a": "@n.value"})}
    with engine(nodes=[hungry]) as e:
        result, _ = run(e, flow(**nodes), "h.value")
        assert result["h.value"] == 1
        assert len(calls) == 2
        calls.clear()
        with pytest.raises(RunError) as caught:
            run(e, flow(**nodes).set("h.appetite", 9), "h.value")
    assert len(calls) == 2
    assert caught.value.problems[0].code == "run.out_of_memory"


def test_run_out_of_memory_says_who_holds_what() -> None:
    @node("Text", category="toy")
    def text(*, letters: int = 0) -> str:
        """Give a long text.

        Args:
            letters: How long.
        """
        return "x" * letters

    @node("Starve", category="toy")
    def starve(a: str, b: str) -> str:
        """Run out of memory.

        Args:
            a: A text.
            b: Another.
        """
        raise MemoryError("no room")

    nodes = {
        "small": ("Text", {"letters": 2**21}),
        "large": ("Text", {"letters": 2**22}),
        "s": ("Starve", {"a": "@small.value", "b": "@large.value"}),
    }
    held = [("model thimble", 2**23)]
    with (
        Engine(Registry([text, starve]), holdings=lambda: held) as e,
        pytest.raises(RunError) as caught,
    ):
        run(e, flow(**nodes), "s.value")
    got = caught.value.problems[0].got
    assert got == "held: model thimble 8.0 MiB, large 4.0 MiB, small 2.0 MiB"


def test_run_reports_plan_seeds_and_end() -> None:
    nodes = {"d": ("Dice", {"seed": 7}), "s": ("Slow", {"a": "@d.value"})}
    with engine() as e:
        result, log = run(e, flow(**nodes), "s.value")
    first, last = log.events[0], log.events[-1]
    assert isinstance(first, RunStarted)
    assert first.nodes == ("d", "s")
    assert dict(first.seeds) == {"d.seed": 7} == result.seeds
    assert isinstance(last, RunFinished)
    assert (last.status, last.ran, last.cached) == ("done", 2, 0)


def test_run_says_how_large_the_outputs_of_each_node_are() -> None:
    @node("Text", category="toy")
    def text(*, letters: int = 0) -> str:
        """Give a long text.

        Args:
            letters: How long.
        """
        return "x" * letters

    with Engine(Registry([text])) as e:
        _, log = run(e, flow(t=("Text", {"letters": 4096})), "t.value")
    (finished,) = [event for event in log.events if isinstance(event, NodeFinished)]
    assert 4096 < finished.bytes < 5000


def test_run_with_random_seed_draws_it_and_reports_a_workflow_that_repeats() -> None:
    with engine() as e:
        workflow = flow(d=("Dice", {"seed": "random"}))
        first, _ = run(e, workflow, "d.value")
        second, _ = run(e, workflow, "d.value")
        assert first["d.value"] != second["d.value"]
        again, log = run(e, first.workflow, "d.value")
    assert again["d.value"] == first["d.value"] == first.seeds["d.seed"]
    assert log.ran == []


def test_node_returning_the_wrong_number_of_outputs_is_named() -> None:
    @node("Short", category="toy", lane="inline")
    def short(*, value: float = 0.0) -> Pair:
        """Return too little.

        Args:
            value: Anything.
        """
        return (value,)  # type: ignore[return-value]

    with engine(nodes=[short]) as e, pytest.raises(RunError) as caught:
        run(e, flow(s=("Short", {})), "s.low")
    assert caught.value.problems[0].code == "node.wrong_outputs"


def test_range_of_a_parameter_refuses_nan() -> None:
    assert Range(0, 1).problem(float("nan")) is not None
