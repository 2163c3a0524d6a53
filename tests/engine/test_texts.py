"""Texts that whoever asks for a run gives along for the files that it writes."""

from __future__ import annotations

import pytest

from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.workflows.workflow import Workflow

seen: list[dict[str, str]] = []


@node("WriteTexts", category="toy", lane="inline", effects=["writes"])
def write_texts(run: Run) -> None:
    """Note what a file would carry."""
    seen.append(dict(run.texts()))


@pytest.mark.parametrize("metadata", [True, False])
def test_texts_reach_nodes_that_write_unless_nothing_may_be_embedded(metadata: bool) -> None:
    seen.clear()
    workflow = Workflow.from_json({"nodes": {"w": {"type": "WriteTexts"}}})
    with Engine(Registry([write_texts]), metadata=metadata) as engine:
        engine.run(workflow, texts={"workflow": "{}"})
        engine.run(workflow)
    carried = {"workflow": "{}"} if metadata else {}
    assert seen[0] == carried
    assert seen[1] == {}
