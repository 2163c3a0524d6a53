"""What a lazy input needs is computed when it is awaited, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from weft.engine.cancel import CancelToken
from weft.engine.declaration.lazy import Lazy
from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.errors import Cancelled, DeclarationError, RunError
from weft.engine.store.disk_cache import DiskCache
from weft.engine.store.storage import Formats
from weft.engine.store.values import Values
from weft.engine.workflows.workflow import Workflow
from weft.nodes.basics import flow as flow_nodes

from ..toy import REGISTRY, Gate, engine, flow, run

LAZY = Registry([REGISTRY, flow_nodes])


@node("Sometimes", category="toy")
async def sometimes(a: Lazy[float], *, times: int = 1) -> float:
    """Await an input some times.

    Args:
        a: A number.
        times: How often.
    """
    return sum([await a for _ in range(times)], 0.0)


@node("Yes", category="toy", lane="inline")
def yes(*, value: bool = True) -> bool:
    """Say yes or no.

    Args:
        value: Which.
    """
    return value


NODES = [flow_nodes.switch, sometimes, yes]
BRANCHES = {
    "q": ("Yes", {"value": True}),
    "n": ("Number", {"value": 2}),
    "a": ("Slow", {"a": "@n.value"}),
    "b": ("Add", {"a": 10, "b": 1}),
    "c": ("Slow", {"a": "@b.value"}),
    "s": ("Switch", {"on": "@q.value", "yes": "@a.value", "no": "@c.value"}),
    "d": ("Add", {"a": "@s.value", "b": 1}),
}


@pytest.mark.parametrize(
    ("on", "value", "ran"), [(True, 3, {"q", "n", "a", "s", "d"}), (False, 12, set("qbcsd"))]
)
def test_switch_computes_only_the_branch_it_takes(on: bool, value: float, ran: set[str]) -> None:
    with engine(nodes=NODES) as e:
        result, log = run(e, flow(**BRANCHES).set("q.value", on), "d.value")
    assert result["d.value"] == value
    assert set(log.ran) == ran


def test_switch_back_and_forth_computes_each_branch_once() -> None:
    with engine(nodes=NODES) as e:
        run(e, flow(**BRANCHES), "d.value")
        run(e, flow(**BRANCHES).set("q.value", False), "d.value")
        result, log = run(e, flow(**BRANCHES), "d.value")
    assert result["d.value"] == 3
    assert log.ran == ["s"]  # choosing is done again, nothing else
    assert "d" in log.cached


def test_branch_wanted_elsewhere_too_is_computed_anyway() -> None:
    nodes = {**BRANCHES, "e": ("Add", {"a": "@c.value", "b": 0})}
    with engine(nodes=NODES) as e:
        result, log = run(e, flow(**nodes), "d.value", "e.value")
    assert (result["d.value"], result["e.value"]) == (3, 11)
    assert len(log.ran) == len(set(log.ran)) == 8


@pytest.mark.parametrize("times", [0, 1, 3])
def test_lazy_input_awaited_several_times_is_computed_once(times: int) -> None:
    nodes = {
        "n": ("Number", {"value": 2}),
        "a": ("Slow", {"a": "@n.value"}),
        "x": ("Sometimes", {"a": "@a.value", "times": times}),
    }
    with engine(nodes=NODES) as e:
        result, log = run(e, flow(**nodes), "x.value")
    assert result["x.value"] == 2 * times
    assert log.ran.count("a") == min(times, 1)


def test_lazy_input_may_be_a_literal_or_a_nested_switch() -> None:
    nodes = {
        **BRANCHES,
        "t": ("Switch", {"on": False, "yes": "@c.value", "no": "@s.value"}),
        "x": ("Sometimes", {"a": 4.0, "times": 2}),
        "z": ("Add", {"a": "@t.value", "b": "@x.value"}),
    }
    with engine(nodes=NODES) as e:
        result, log = run(e, flow(**nodes), "z.value")
    assert result["z.value"] == 2 + 8
    assert "c" not in log.ran


def test_chain_of_switches_as_long_as_you_like() -> None:
    nodes: dict[str, Any] = {"n": ("Number", {"value": 1})}
    last = "@n.value"
    for i in range(1500):
        nodes[f"s{i}"] = ("Switch", {"on": True, "yes": last, "no": 0.0})
        last = f"@s{i}.value"
    with engine(nodes=NODES) as e:
        result, _ = run(e, flow(**nodes), "s1499.value")
    assert result["s1499.value"] == 1


def test_failure_behind_a_switch_is_reported_once_and_ends_the_branch() -> None:
    nodes = {
        **BRANCHES,
        "a": ("Fail", {"a": "@n.value"}),
        "a2": ("Slow", {"a": "@a.value"}),
        "s": ("Switch", {"on": "@q.value", "yes": "@a2.value", "no": "@c.value"}),
    }
    with engine(nodes=NODES) as e:
        with pytest.raises(RunError) as caught:
            run(e, flow(**nodes), "d.value")
        assert [p.node for p in caught.value.problems] == ["a"]
        result, _ = run(e, flow(**nodes).set("q.value", False), "d.value")
    assert result["d.value"] == 12


def test_run_cancelled_while_a_switch_waits_ends() -> None:
    gate, token = Gate(), CancelToken()
    nodes = {**BRANCHES, "a": ("Wait", {"a": "@n.value"})}
    import threading

    def cancel() -> None:
        assert gate.entered.wait(30)
        token.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with engine(nodes=[*NODES, gate.node]) as e, pytest.raises(Cancelled):
        e.run(flow(**nodes), outputs=["d.value"], token=token)
    canceller.join()


@pytest.mark.parametrize("budget", [0, 1500])
def test_lazy_values_survive_a_small_cache(budget: int) -> None:
    with engine(nodes=NODES, budget=budget) as e:
        for on, value in ((True, 3), (False, 12), (True, 3)):
            result, _ = run(e, flow(**BRANCHES).set("q.value", on), "d.value")
            assert result["d.value"] == value


def test_switch_of_values_without_content_keeps_what_follows_cached() -> None:
    nodes = {
        "n": ("Number", {"value": 5}),
        "w": ("Wrap", {"a": "@n.value"}),
        "s": ("Switch", {"on": True, "yes": "@w.opaque", "no": "@w.opaque"}),
        "u": ("Unwrap", {"opaque": "@s.value"}),
    }
    with engine(nodes=NODES) as e:
        run(e, flow(**nodes), "u.value")
        _, log = run(e, flow(**nodes), "u.value")
    assert log.ran == ["s"]


def test_second_process_computes_neither_branch(tmp_path: Path) -> None:
    def made() -> Engine:
        disk = DiskCache(str(tmp_path), values=Values(), formats=Formats())
        return Engine(Registry([LAZY, yes]), disk=disk)

    nodes = {**BRANCHES, "d": ("Slow", {"a": "@s.value"})}
    with made() as first:
        run(first, flow(**nodes), "d.value")
    with made() as second:
        result, log = run(second, flow(**nodes), "d.value")
    assert result["d.value"] == 2
    assert not {"a", "c", "d"} & set(log.ran)


def codes(workflow: Workflow) -> list[tuple[str, str | None, str | None]]:
    registry = Registry([LAZY, yes])
    found = workflow.validate(registry)
    return [(p.code, p.node, p.port) for p in found if p.code != "graph.no_outputs"]


def test_type_of_a_switch_is_that_of_its_inputs() -> None:
    def through(*more: tuple[str, str]) -> Workflow:
        nodes = {
            "n": ("Number", {}),
            "w": ("Wrap", {"a": "@n.value"}),
            "s": ("Switch", {"on": True, "yes": "@w.opaque", "no": "@w.opaque"}),
            "t": ("Switch", {"on": True, "yes": "@s.value", "no": "@s.value"}),
        }
        nodes |= {name: (kind, {port: "@t.value"}) for name, kind, port in more}  # type: ignore[misc]
        return flow(**nodes)

    assert codes(through(("u", "Unwrap", "opaque"))) == []  # type: ignore[arg-type]
    assert codes(through(("x", "Slow", "a"))) == [  # type: ignore[arg-type]
        ("graph.type_mismatch", "x", "a")
    ]


def test_switch_between_two_types_is_refused() -> None:
    nodes = {
        "n": ("Number", {}),
        "w": ("Wrap", {"a": "@n.value"}),
        "s": ("Switch", {"on": True, "yes": "@w.opaque", "no": "@n.value"}),
    }
    assert {code for code, *_ in codes(flow(**nodes))} == {"graph.type_mismatch"}


def test_cycle_through_a_lazy_input_is_a_cycle() -> None:
    nodes = {
        "s": ("Switch", {"on": True, "yes": "@d.value", "no": 1.0}),
        "d": ("Slow", {"a": "@s.value"}),
    }
    assert codes(flow(**nodes))[0][0] == "graph.cycle"


def test_lazy_input_of_a_plain_function_is_refused() -> None:
    def lazy(a: Lazy[float]) -> float:
        """Be wrong.

        Args:
            a: A number.
        """
        return 0.0

    with pytest.raises(DeclarationError, match="async def"):
        node("Wrong", category="toy")(lazy)


async def test_node_with_lazy_inputs_is_still_a_function() -> None:
    assert await flow_nodes.switch(True, Lazy.of(1), Lazy.of(2)) == 1
