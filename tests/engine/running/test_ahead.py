"""What the lock of a picture needs and takes long is begun with the run."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from tests.engine import toy
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.files.workspace import Workspace
from weft.engine.graph.document import Document
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine

WRITES = {"nodes": {"w": {"type": "WriteText", "inputs": {"text": "a"}}}}
GRAPH = Path(__file__).parents[3] / "graphs" / "txt2img.json"


def test_run_that_writes_lets_the_lock_be_prepared_meanwhile() -> None:
    begun, locked = threading.Event(), Queue[Any]()

    @node("Embed", category="toy", effects=["writes"])
    def embed(run: Run) -> None:
        """Ask for the lock once its preparation has begun."""
        assert begun.wait(60)
        locked.put(run.lock())

    def ahead(document: Document, _: Workspace) -> None:
        assert list(document.nodes) == ["w"]
        begun.set()

    with Engine(Registry([embed]), ahead=ahead, lock=lambda *_: {"format": 1}) as engine:
        engine.run(Workflow.from_json({"nodes": {"w": {"type": "Embed"}}}))
    assert locked.get() == {"format": 1}


@pytest.mark.parametrize(
    ("document", "outputs", "metadata"),
    [(WRITES, None, False), ({"nodes": {"n": {"type": "Number"}}}, ["n.value"], True)],
)
def test_nothing_is_prepared_for_runs_that_embed_nothing(
    document: dict[str, Any],
    outputs: list[str] | None,
    metadata: bool,
    tmp_path: Path,
) -> None:
    def ahead(_: Document, __: Workspace) -> None:
        raise AssertionError("begun")  # pytest fails for a thread that raises

    with Engine(
        toy.REGISTRY, workspace=Workspace(output=tmp_path), ahead=ahead, metadata=metadata
    ) as engine:
        engine.run(Workflow.from_json(document), outputs=outputs)
    assert "ahead" not in {thread.name for thread in threading.enumerate()}


def test_models_of_a_picture_are_hashed_before_anything_needs_their_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = Queue[tuple[str, str]]()
    workflow = Workflow.load(GRAPH).set("sample.steps", 1)
    with StandardEngine(output=tmp_path, disk_cache=False, packs=False) as engine:
        sha256 = engine.locks.sha256

        def digest(path: Path) -> str:
            hashed.put((threading.current_thread().name, path.name))
            return sha256(path)

        monkeypatch.setattr(engine.locks, "sha256", digest)
        engine.run(workflow)
    assert hashed.get() == ("ahead", "thimble.safetensors")
