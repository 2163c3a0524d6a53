"""Nodes that change what they are given: found and named, and nothing of it kept."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from weft.engine.declaration.lazy import Lazy
from weft.engine.declaration.node import node, spec_of
from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.errors import Problem, RunError, WeftError
from weft.engine.testing import EventLog, assert_ran

from ..toy import REGISTRY, flow


@dataclass
class Box:
    """A value with content, and open to change."""

    items: list[float]


@node("Numbers", category="toy")
def numbers(*, count: int = 3) -> list[float]:
    """Count.

    Args:
        count: How far.
    """
    return [float(i) for i in range(count)]


@node("Pack", category="toy", lane="inline")
def pack(items: list[float]) -> Box:
    """Put numbers into a box.

    Args:
        items: Numbers.
    """
    return Box(list(items))


def _append(items: list[float]) -> float:
    items.append(1.0)
    return sum(items)


@node("AppendInThread", category="toy")
def append_in_thread(items: list[float]) -> float:
    """Change a list.

    Args:
        items: Changed.
    """
    return _append(items)


@node("AppendInline", category="toy", lane="inline")
def append_inline(items: list[float]) -> float:
    """Change a list.

    Args:
        items: Changed.
    """
    return _append(items)


@node("AppendLater", category="toy")
async def append_later(items: list[float]) -> float:
    """Change a list.

    Args:
        items: Changed.
    """
    return _append(items)


@node("AppendAndFail", category="toy")
def append_and_fail(items: list[float]) -> float:
    """Change a list, then fail.

    Args:
        items: Changed.
    """
    raise ValueError(str(_append(items)))


@node("Unpack", category="toy")
def unpack(boxes: list[Box]) -> float:
    """Empty one of several boxes.

    Args:
        boxes: The last is emptied.
    """
    return boxes[-1].items.pop()


@node("Polite", category="toy")
def polite(items: list[float], boxes: list[Box] | None = None) -> list[float]:
    """Change only what is its own: the list that collects links, and a copy.

    Args:
        items: Not changed.
        boxes: The list is the call's own.
    """
    if boxes is not None:
        boxes.pop()
    return [*items, 1.0]


@node("AppendAwaited", category="toy")
async def append_awaited(first: Lazy[list[float]], second: Lazy[list[float]]) -> float:
    """Change a list that is computed only if it is awaited.

    Args:
        first: Changed.
        second: Never awaited.
    """
    return _append(await first)


KNOWN = Registry(
    [
        REGISTRY, numbers, pack, append_in_thread, append_inline, append_later, append_and_fail,
        unpack, polite, append_awaited,
    ]
)  # fmt: skip


def impure(kind: str, **more: Any) -> Any:
    """Numbers, and a node of a kind that takes them."""
    return flow(n=("Numbers", {}), bad=(kind, {"items": "@n.value"}), **more)


def failed(engine: Engine, workflow: Any, *outputs: str) -> tuple[list[Problem], EventLog]:
    log = EventLog()
    with pytest.raises(RunError) as caught:
        engine.run(workflow, outputs=outputs, on_event=log)
    return list(caught.value.problems), log


BOTH = pytest.mark.parametrize("full", [True, False], ids=["full", "sampled"])


@BOTH
@pytest.mark.parametrize("kind", ["AppendInThread", "AppendInline", "AppendLater", "AppendAndFail"])
def test_purity_names_node_input_and_producer_and_keeps_nothing(kind: str, full: bool) -> None:
    with Engine(KNOWN, debug_purity=full) as e:
        for _ in range(2):
            (problem,), log = failed(e, impure(kind), "bad.value")
            assert (problem.code, problem.node, problem.port) == (
                "node.mutated_input", "bad", "items",
            )  # fmt: skip
            assert "n.value (Numbers)" in problem.message
            assert problem.hint is not None
            assert kind in problem.hint
            assert_ran(log, ["n"])  # again: what was changed is not given to anybody
        result = e.run(impure("Polite"), outputs=["bad.value", "n.value"])
    assert result["n.value"] == [0.0, 1.0, 2.0]
    assert result["bad.value"] == [0.0, 1.0, 2.0, 1.0]


@BOTH
def test_purity_looks_into_each_of_several_links(full: bool) -> None:
    workflow = flow(
        n=("Numbers", {}),
        one=("Pack", {"items": "@n.value"}),
        two=("Pack", {"items": [5, 6]}),
        bad=("Unpack", {"boxes": ["@one.box", "@two.box"]}),
    )
    with Engine(KNOWN, debug_purity=full) as e:
        (problem,), _ = failed(e, workflow, "bad.value")
    assert (problem.code, problem.port) == ("node.mutated_input", "boxes")
    assert "two.box (Pack)" in problem.message


@BOTH
def test_purity_watches_what_is_awaited(full: bool) -> None:
    workflow = flow(
        n=("Numbers", {}),
        m=("Numbers", {"count": 2}),
        bad=("AppendAwaited", {"first": "@n.value", "second": "@m.value"}),
    )
    with Engine(KNOWN, debug_purity=full) as e:
        (problem,), log = failed(e, workflow, "bad.value")
    assert (problem.code, problem.port) == ("node.mutated_input", "first")
    assert_ran(log, ["n"])


@BOTH
def test_purity_watches_values_written_in_the_workflow(full: bool) -> None:
    workflow = flow(bad=("AppendInline", {"items": [1, 2]}))
    with Engine(KNOWN, debug_purity=full) as e:
        (problem,), _ = failed(e, workflow, "bad.value")
    assert problem.code == "node.mutated_input"
    assert "the workflow itself" in problem.message


@BOTH
def test_purity_keeps_the_changed_value_from_the_next_reader(full: bool) -> None:
    workflow = impure("AppendInline", after=("Polite", {"items": "@n.value"}))
    with Engine(KNOWN, debug_purity=full) as e:
        problems, log = failed(e, workflow, "bad.value", "after.value")
        assert [(p.code, p.node) for p in problems] == [("node.mutated_input", "bad")]
        assert_ran(log, ["n"])
        result = e.run(workflow, outputs=["after.value"])
    assert result["after.value"] == [0.0, 1.0, 2.0, 1.0]


@BOTH
def test_purity_lets_polite_nodes_pass(full: bool) -> None:
    workflow = flow(
        n=("Numbers", {}),
        box=("Pack", {"items": "@n.value"}),
        good=("Polite", {"items": "@n.value", "boxes": ["@box.box", "@box.box"]}),
        w=("Wrap", {"a": 3}),  # no content: cannot be compared
        u=("Unwrap", {"opaque": "@w.opaque"}),
        sum=("Add", {"a": "@u.value", "b": "@dice.value"}),  # an integer arrives as a float
        dice=("Dice", {"seed": 4}),
    )
    with Engine(KNOWN, debug_purity=full) as e:
        result = e.run(workflow, outputs=["good.value", "sum.value"])
    assert result["good.value"] == [0.0, 1.0, 2.0, 1.0]
    assert result["sum.value"] == 7


@pytest.mark.parametrize(("text", "full"), [("", False), ("purity", True), (" purity, ", True)])
def test_purity_is_read_from_the_environment_when_an_engine_is_made(
    text: str, full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_DEBUG", text)
    with Engine(KNOWN) as e:
        monkeypatch.setenv("WEFT_DEBUG", "nonsense")
        assert e._purity.everywhere is full
    with Engine(KNOWN, debug_purity=False) as e:
        assert not e._purity.everywhere


def test_purity_with_an_unknown_mode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_DEBUG", "purty")
    with pytest.raises(WeftError) as caught:
        Engine(KNOWN)
    assert caught.value.code == "run.bad_debug"
    assert "purity" in str(caught.value.problem.expected)


def test_purity_believes_nodes_of_weft_unless_all_are_watched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = replace(spec_of(append_in_thread), code=None)
    registry = Registry([REGISTRY, numbers])
    registry.add_spec(own)
    with Engine(registry, debug_purity=False) as e:
        assert e.run(impure("AppendInThread"), outputs=["bad.value"])["bad.value"] == 4
    with Engine(registry, debug_purity=True) as e:
        failed(e, impure("AppendInThread"), "bad.value")


def test_what_was_made_while_a_node_changed_a_value_is_not_kept() -> None:
    """A reader that runs beside the node sees the change, and its result has the right key."""
    begun, changed, read = threading.Event(), threading.Event(), threading.Event()

    @node("AppendSlowly", category="toy")
    def append_slowly(items: list[float]) -> float:
        """Change a list while another node reads it.

        Args:
            items: Changed.
        """
        begun.set()
        items.append(1.0)
        changed.set()
        read.wait(60)
        return 0.0

    @node("SumBeside", category="toy", lane="io")
    def sum_beside(items: list[float]) -> float:
        """Add numbers up while another node changes them.

        Args:
            items: Numbers.
        """
        if not read.is_set():
            changed.wait(60)
        return sum(items)

    @node("Told", category="toy", lane="inline")
    def told(value: float) -> float:
        """Hand on a number.

        Args:
            value: It.
        """
        read.set()
        return value

    registry = Registry([KNOWN, append_slowly, sum_beside, told])
    workflow = impure(
        "AppendSlowly",
        sum=("SumBeside", {"items": "@n.value"}),
        told=("Told", {"value": "@sum.value"}),
    )
    with Engine(registry) as e:
        problems, _ = failed(e, workflow, "bad.value", "told.value")
        assert {(p.code, p.node) for p in problems} >= {("node.mutated_input", "bad")}
        result = e.run(workflow, outputs=["told.value"])
    assert result["told.value"] == 3.0


def test_run_beside_a_node_that_changes_a_value_does_not_end_well() -> None:
    """The value is shared with another run, which cannot know what it read."""
    started, over = threading.Event(), threading.Event()

    @node("WaitAndSum", category="toy", lane="io")
    def wait_and_sum(items: list[float]) -> float:
        """Add numbers up, later.

        Args:
            items: Numbers.
        """
        started.set()
        over.wait(60)
        return sum(items)

    registry = Registry([KNOWN, wait_and_sum])
    other = flow(n=("Numbers", {}), sum=("WaitAndSum", {"items": "@n.value"}))
    with Engine(registry) as e, ThreadPoolExecutor(1) as pool:
        beside = pool.submit(e.run, other, outputs=["sum.value"])
        assert started.wait(60)
        failed(e, impure("AppendInThread"), "bad.value")
        over.set()
        with pytest.raises(RunError):
            beside.result()
        assert e.run(other, outputs=["sum.value"])["sum.value"] == 3.0


def test_node_that_writes_over_what_it_gave_before_is_named() -> None:
    buffer: list[float] = []

    @node("Buffered", category="toy")
    def buffered(*, count: int = 1) -> list[float]:
        """Count into one list, always the same.

        Args:
            count: How far.
        """
        buffer[:] = [float(i) for i in range(count)]
        return buffer

    with Engine(Registry([KNOWN, buffered])) as e:
        one = flow(b=("Buffered", {"count": 1}))
        assert e.run(one, outputs=["b.value"])["b.value"] == [0.0]
        (problem,), _ = failed(e, flow(b=("Buffered", {"count": 2})), "b.value")
        assert (problem.code, problem.node) == ("node.changed_output", "b")
        assert e.run(one, outputs=["b.value"])["b.value"] == [0.0]


def test_explain_does_not_let_a_node_change_the_workflow() -> None:
    workflow = flow(bad=("AppendInline", {"items": [1, 2]}))
    with Engine(KNOWN) as e:
        e.explain(workflow, outputs=["bad.value"])
        e.explain(workflow, outputs=["bad.value"])
    assert workflow.document.nodes["bad"].inputs["items"] == [1, 2]
