"""The n-th call of a node goes wrong, for every n: the store stays sound, a new run is right."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine import toy
from tests.engine.toy import link
from weft.engine.cancel import CancelToken
from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.errors import WeftError
from weft.engine.files.workspace import Workspace
from weft.engine.plan import Step
from weft.engine.run import Execution
from weft.engine.running.calls import Computed
from weft.engine.store.cache import MISSING
from weft.engine.store.disk_cache import DiskCache
from weft.engine.store.storage import Formats
from weft.engine.store.values import Values
from weft.engine.workflows.workflow import Workflow
from weft.nodes.basics.flow import switch

STEP = {
    "nodes": {
        "slow": {"type": "Slow", "inputs": {"a": 0.0}},
        "sum": {"type": "Add", "inputs": {"a": link("slow.value"), "b": 1.0}},
        "text": {"type": "ReadText", "inputs": {"file": "a.txt"}},
        "note": {"type": "WriteText", "inputs": {"text": link("text.value")}},
    },
    "interface": {"inputs": {"x": "slow.a"}, "outputs": {"x": "sum.value"}},
}
WORKFLOW = Workflow.from_json({
    "weft": 1,
    "nodes": {
        "each": {"type": "Step", "inputs": {"x": [1.0, 2.0, 3.0]}, "map": {"over": ["x"]}},
        "sum": {"type": "Sum", "inputs": {"items": link("each.x")}},
        "loop": {"type": "Step", "inputs": {"x": link("sum.value")}, "loop": {"times": 2}},
        "no": {"type": "Slow", "inputs": {"a": 9.0}},
        "pick": {"type": "Switch",
                 "inputs": {"on": True, "yes": link("loop.x"), "no": link("no.value")}},
    },
    "interface": {"outputs": {"end": "pick.value"}},
    "subgraphs": {"Step": STEP},
})  # fmt: skip
END = (2 + 3 + 4) + 2.0
WRITERS = 5

Fault = Callable[[Execution], None]


def out_of_memory(_: Execution) -> None:
    raise MemoryError("none left")


def crash(_: Execution) -> None:
    raise ZeroDivisionError("by zero")


def cancel(execution: Execution) -> None:
    execution._token.cancel()
    execution._token.check()


def make(folder: Path) -> Engine:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / "a.txt").write_text("words")
    return Engine(
        Registry([toy.REGISTRY, switch]),
        workspace=Workspace(inputs=[folder / "in"], output=folder / "out"),
        disk=DiskCache(str(folder / "cache"), values=Values(), formats=Formats()),
        journals=folder / "journals",
    )


def failing(nth: int, fault: Fault) -> type[Execution]:
    """A walk whose n-th call goes wrong, and every further call of the same node."""
    calls = itertools.count(1)
    hit: set[str] = set()

    class Failing(Execution):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            plain = self._calls.compute

            def compute(step: Step, arguments: dict[str, Any], key: bytes | None) -> Computed:
                if next(calls) == nth or step.node in hit:
                    hit.add(step.node)
                    fault(self)
                return plain(step, arguments, key)

            self._calls.compute = compute  # type: ignore[method-assign]

    return Failing


@pytest.mark.parametrize("fault", [out_of_memory, crash, cancel])
def test_nth_call_failing_leaves_a_sound_store_and_a_run_to_go_on_with(
    fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for nth in itertools.count(1):
        folder = tmp_path / str(nth)
        folder.mkdir()
        with make(folder) as broken, monkeypatch.context() as patched:
            patched.setattr("weft.engine.engine.Execution", failing(nth, fault))
            error: BaseException | None = None
            try:
                result = broken.run(WORKFLOW, scope="s", token=CancelToken())
            except WeftError as raised:
                error = raised
        if error is None:
            assert result["end"] == END
            break
        check_store(folder)
        with make(folder) as sound:
            assert sound.run(WORKFLOW, scope="s")["end"] == END
        assert len(list((folder / "out").iterdir())) == WRITERS  # none is lost, none is double
    assert nth > 15  # every call was the one that failed


def check_store(folder: Path) -> None:
    disk = DiskCache(str(folder / "cache"), values=Values(), formats=Formats())
    for file in (folder / "cache" / "values").rglob("[!.]*"):
        if file.is_file():
            assert disk.get(bytes.fromhex(file.name)) is not MISSING
