"""Every workflow file of graphs/ is described, valid, canonical, and runs on thimble."""

from __future__ import annotations

from pathlib import Path

import pytest

import weft
from weft.engine.graph.document import dumps
from weft.nodes.standard.folders import standard_workspace
from weft.nodes.standard.registry import standard_registry

GRAPHS = sorted((Path(__file__).parent.parent / "graphs").glob("*.json"))


@pytest.mark.parametrize("path", GRAPHS, ids=lambda p: p.stem)
def test_graph_is_described_valid_and_canonical(path: Path) -> None:
    workflow = weft.load(path)
    document = workflow.document
    assert document.title
    assert document.description
    assert document.interface.inputs
    assert document.interface.outputs
    assert workflow.validate(standard_registry(packs=False), standard_workspace()) == []
    assert path.read_text("utf-8") == dumps(document)


@pytest.mark.parametrize("path", GRAPHS, ids=lambda p: p.stem)
def test_graph_runs_and_gives_a_picture_that_is_not_flat(path: Path, tmp_path: Path) -> None:
    result = weft.run(path, output=tmp_path)
    pictures = result["pictures"] if "pictures" in result else [result["picture"]]
    assert all(picture.std() > 0.05 for picture in pictures)
    assert [a for a in result.artifacts if Path(a.path).stat().st_size > 1000]
