"""Why something ran, or will run, and what changed: said in words, before and while it happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.events import NodeStarted
from weft.engine.files.workspace import Workspace
from weft.engine.store.cache import MemoryCache
from weft.engine.store.disk_cache import DiskCache
from weft.engine.store.history import History
from weft.engine.store.storage import Formats
from weft.engine.store.values import Values
from weft.engine.testing import EventLog
from weft.engine.workflows.workflow import Workflow

from ..toy import REGISTRY, flow

FLOW = {
    "n": ("Number", {"value": 2}),
    "a": ("Slow", {"a": "@n.value"}),
    "r": ("ReadText", {"file": "note.txt"}),
    "s": ("Slow", {"a": "@a.value"}),
}
WANTED = ["s.value", "r.value"]


def made(tmp_path: Path, registry: Registry = REGISTRY, numerics: str = "cpu") -> Engine:
    """An engine as a new process on the same folders would have it."""
    (tmp_path / "in").mkdir(exist_ok=True)
    note = tmp_path / "in" / "note.txt"
    if not note.exists():
        note.write_text("one")
    return Engine(
        registry,
        workspace=Workspace(inputs=[tmp_path / "in"]),
        cache=MemoryCache(),
        disk=DiskCache(str(tmp_path / "cache"), values=Values(), formats=Formats()),
        history=History(tmp_path / "history.sqlite"),
        numerics=lambda: numerics,
    )


def explained(engine: Engine, workflow: Workflow) -> dict[str, tuple[str, ...]]:
    found = engine.explain(workflow, outputs=WANTED, scope="x")
    return {e.node: (e.state, *e.why) for e in found}


def test_explain_before_and_after_the_first_run(tmp_path: Path) -> None:
    with made(tmp_path) as e:
        first = explained(e, flow(**FLOW))
        assert first["n"][0] == "trivial"
        assert first["a"] == ("runs", "it has not run before")
        assert first["s"][0] == "depends"
        e.run(flow(**FLOW), outputs=WANTED, scope="x")
        assert {state for state, *_ in explained(e, flow(**FLOW)).values()} == {"hit"}
    with made(tmp_path) as later:
        again = explained(later, flow(**FLOW))
    assert again["a"] == again["s"] == again["r"] == ("hit",)


def test_explain_names_the_parameter_that_changed(tmp_path: Path) -> None:
    changed = {**FLOW, "a": ("Add", {"a": "@n.value", "b": 1, "bias": 0.25})}
    with made(tmp_path) as e:
        e.run(flow(**changed), outputs=WANTED, scope="x")
    moved = flow(**changed).set("a.bias", 0.5)
    with made(tmp_path) as later:
        found = explained(later, moved)
        assert found["a"][0] == "trivial"  # inline: it is simply called
        assert found["s"][0] == "runs"
        assert found["s"][1] == "a a.value: content changed"
        log = EventLog()
        later.run(moved, outputs=WANTED, on_event=log, scope="x")
    why = {e.node: e.why for e in log.events if isinstance(e, NodeStarted)}
    assert why["a"] == ("bias: 0.25 -> 0.5",)
    assert why["s"] == ("a a.value: content changed",)


def test_explain_names_a_changed_file_link_and_type(tmp_path: Path) -> None:
    with made(tmp_path) as e:
        e.run(flow(**FLOW), outputs=WANTED, scope="x")
    (tmp_path / "in" / "note.txt").write_text("two!")
    with made(tmp_path) as later:
        assert explained(later, flow(**FLOW))["r"] == (
            "runs",
            "file file 'note.txt': content changed",
        )
        relinked = flow(**{**FLOW, "s": ("Slow", {"a": 5.5})})
        assert explained(later, relinked)["s"] == ("runs", "a: a.value -> 5.5")
        retyped = flow(**{**FLOW, "s": ("Sum", {"items": ["@a.value"]})})
        found = explained(later, retyped)["s"]
    assert found[0] == "runs"
    assert "node type: Slow -> Sum" in found


def test_explain_names_a_new_version_and_another_device(tmp_path: Path) -> None:
    def model(version: int) -> Registry:
        @node("Model", category="toy", lane="gpu", version=version)
        def compute(a: float) -> float:
            """Compute.

            Args:
                a: A number.
            """
            return a

        return Registry([REGISTRY, compute])

    nodes = flow(**{**FLOW, "s": ("Model", {"a": "@n.value"})})
    with made(tmp_path, model(1)) as e:
        e.run(nodes, outputs=WANTED, scope="x")
    with made(tmp_path, model(2)) as later:
        assert explained(later, nodes)["s"] == ("runs", "node version: 1 -> 2")
    with made(tmp_path, model(1), numerics="cuda") as other:
        assert explained(other, nodes)["s"] == ("runs", "device: cpu -> cuda")


def test_explain_says_what_always_runs(tmp_path: Path) -> None:
    nodes = {"t": ("Now", {}), "w": ("WriteText", {"text": "x"}), "s": ("Slow", {"a": "@t.value"})}
    with made(tmp_path) as e:
        found = {x.node: x for x in e.explain(flow(**nodes), outputs=["s.value"])}
        both = {x.node: x.state for x in e.explain(flow(**nodes), outputs=None)}
    assert found["t"].state == "always"
    assert "not pure" in found["t"].why[0]
    assert found["s"].state == "depends"
    assert both == {"w": "always"}


def test_explain_of_a_result_that_was_cleared(tmp_path: Path) -> None:
    with made(tmp_path) as e:
        e.run(flow(**FLOW), outputs=WANTED, scope="x")
        assert e.disk is not None
        e.disk.clear()
    with made(tmp_path) as later:
        found = explained(later, flow(**FLOW))
    assert found["a"] == ("trivial", "nothing changed, but its result is not in the cache")
    assert found["s"][0] == "trivial"


def test_explain_runs_nothing(tmp_path: Path) -> None:
    calls: list[int] = []

    @node("Costly", category="toy")
    def costly(*, value: float = 0.0) -> float:
        """Count the calls.

        Args:
            value: Anything.
        """
        calls.append(1)
        return value

    with made(tmp_path, Registry([REGISTRY, costly])) as e:
        e.explain(flow(c=("Costly", {})), outputs=["c.value"])
    assert calls == []


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_history_that_cannot_be_read_is_a_warning(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "history.sqlite").write_bytes(content)
    with made(tmp_path) as e:
        result: Any = e.run(flow(**FLOW), outputs=WANTED, scope="x")
    assert result["s.value"] == 2
    assert ("cannot be used" in caplog.text) == bool(content)


def test_history_keeps_scopes_apart(tmp_path: Path) -> None:
    with made(tmp_path) as e:
        e.run(flow(**FLOW), outputs=WANTED, scope="x")
        assert set(e.history.last("x")) == {"n", "a", "r", "s"}
        assert e.history.last("y") == {}
