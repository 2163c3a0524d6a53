"""The tools for tests are tested too."""

from __future__ import annotations

import pytest

from weft.engine.errors import RunError
from weft.engine.files.workspace import Workspace
from weft.engine.testing import EventLog, assert_ran

from .toy import engine, flow, run

CHAIN = {
    "a": ("Number", {"value": 2}),
    "b": ("Add", {"a": "@a.value", "b": 1}),
    "c": ("Add", {"a": "@b.value", "b": 1}),
}


def test_log_tells_what_ran_failed_and_was_written(tmp_path: object) -> None:
    nodes = {
        **CHAIN,
        "bad": ("Fail", {"a": "@a.value"}),
        "note": ("WriteText", {"text": "x"}),
    }
    log = EventLog()
    with engine(workspace=Workspace(output=tmp_path)) as e:  # type: ignore[arg-type]
        with pytest.raises(RunError):
            e.run(flow(**nodes), outputs=["c.value", "bad.value"], on_event=log)
        assert (log.ran, log.failed, log.cached) == (["a", "b", "c"], ["bad"], [])
        assert [p.code for p in log.problems] == ["toy.refused"]
        log.clear()
        assert log.events == []
        e.run(flow(**nodes, d=("Number", {})).set("bad.a", 1), outputs=["c.value"], on_event=log)
        assert log.cached == ["a", "b", "c"]
        log.clear()
        e.run(flow(note=nodes["note"]), on_event=log)
    assert [p.name for p in log.artifacts] == ["note_00001.txt"]


def test_assert_ran_of_what_ran_passes_in_any_order() -> None:
    with engine() as e:
        _, log = run(e, flow(**CHAIN), "c.value")
    assert_ran(log, ["c", "a", "b"])
    assert_ran(log, ["a", "b", "c"], in_order=True)
    with pytest.raises(AssertionError, match="another order") as caught:
        assert_ran(log, ["c", "a", "b"], in_order=True)
    assert "a b c" in str(caught.value)


def test_assert_ran_says_what_became_of_each_node() -> None:
    nodes = {**CHAIN, "bad": ("Fail", {"a": "@a.value"}), "new": ("Number", {"value": 3})}
    log = EventLog()
    with engine() as e:
        run(e, flow(**CHAIN), "b.value")
        with pytest.raises(RunError):
            e.run(flow(**nodes), outputs=["c.value", "bad.value", "new.value"], on_event=log)
    with pytest.raises(AssertionError) as caught:
        assert_ran(log, ["a", "bad", "c", "c", "nobody"])
    lines = [" ".join(line.split()) for line in str(caught.value).splitlines()]
    assert lines[0] == "Other nodes ran than expected:"
    assert set(lines[1:]) == {
        "+ new ran, was not expected to",
        "- a was answered from the cache",
        "- bad failed: [toy.refused] Node bad (Fail): It cannot be. Try another.",
        "- c ran, but was expected once more",
        "- nobody was not called: nothing that was wanted needs it, or what it needs failed",
        "= c",
    }
