"""A trace says what ran when and where, in the format that viewers read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weft.engine.errors import RunError
from weft.engine.events import NodeFinished, NodeStarted
from weft.engine.running.trace import Trace

from ..toy import engine, flow, meeting


def test_trace_of_overlapping_nodes_uses_a_row_each(tmp_path: Path) -> None:
    meet, nodes = meeting()
    trace = Trace()
    with engine(nodes=[meet]) as e:
        e.run(flow(**nodes), outputs=["d.value"], on_event=trace.receive)
        e.run(flow(**nodes), outputs=["d.value"], on_event=trace.receive)
    trace.save(tmp_path / "t.json")
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    calls = {e["name"]: e for e in events if e["ph"] == "X"}
    assert set(calls) == {"x", "y", "d"}
    assert calls["x"]["tid"] != calls["y"]["tid"]
    threads = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
    assert {threads[calls[n]["tid"]] for n in ("x", "y")} == {"io 0", "io 1"}
    assert threads[calls["d"]["tid"]] == "inline 0"
    instants = [e["name"] for e in events if e["ph"] == "i"]
    assert [n for n in instants if n.startswith("run")] == ["run started", "run done"] * 2
    assert {"x cached", "y cached", "d cached"} <= set(instants)


def test_trace_draws_a_call_by_its_own_duration() -> None:
    times = iter([10.0, 11.0, 15.5])
    trace = Trace(clock=lambda: next(times))
    trace.receive(NodeStarted("r", "n", (), "gpu"))
    trace.receive(NodeFinished("r", "n", 3.0, 12.0))
    (call,) = [e for e in trace.to_json()["traceEvents"] if e["ph"] == "X"]
    assert (call["ts"], call["dur"]) == (2e6, 3e6)
    assert call["args"]["waited_ms"] == 1000.0


def test_trace_of_a_failing_node_holds_the_error() -> None:
    trace = Trace()
    with engine() as e, pytest.raises(RunError):
        nodes = {"n": ("Number", {}), "f": ("Fail", {"a": "@n.value"})}
        e.run(flow(**nodes), outputs=["f.value"], on_event=trace.receive)
    (call,) = [x for x in trace.to_json()["traceEvents"] if x["ph"] == "X" and x["name"] == "f"]
    assert call["args"]["error"]["code"] == "toy.refused"
