"""Opened files: nodes of earlier versions, and pictures that hold two workflows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.engine.graph.test_migration import REGISTRY, faded
from weft.engine.graph.document import parse
from weft.engine.share.bundle import Bundle, Manifest
from weft.engine.share.lock import Lock, NodeLock, Runtime
from weft.engine.workflows.workflow import Workflow
from weft.nodes.shared_file import open_shared

RAN = {
    "1": {"class_type": "Plain", "inputs": {}},
    "2": {"class_type": "Plain", "inputs": {}},
}


def comfy_picture(path: Path, drawn: list[int]) -> Path:
    """A picture of ComfyUI that ran two nodes and drew these."""
    nodes = [{"id": n, "type": "Plain", "pos": [n, n], "size": [9, 9]} for n in drawn]
    texts = PngInfo()
    texts.add_text("prompt", json.dumps(RAN))
    texts.add_text("workflow", json.dumps({"nodes": nodes, "links": [], "version": 0.4}))
    Image.new("RGB", (4, 4)).save(path, pnginfo=texts)
    return path


LOCK = Lock(
    runtime=Runtime(weft="1", numerics="cpu float32"),
    nodes={"Fade": NodeLock(version=1, pack="toys"), "Plain": NodeLock(version=9, pack="toys")},
)
BROUGHT = ("f was saved for version 1 of Fade; its inputs were migrated to version 2.",)


def test_picture_is_brought_from_the_versions_of_its_lock(tmp_path: Path) -> None:
    texts = PngInfo()
    texts.add_text("weft", json.dumps(faded(percent=25)))
    texts.add_text("weft_lock", LOCK.model_dump_json())
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path, pnginfo=texts)
    workflow = open_shared(path, REGISTRY).workflow
    assert workflow.document.nodes["f"].inputs["amount"] == 0.25
    assert workflow.remarks == BROUGHT


def test_bundle_is_brought_from_the_versions_of_its_lock(tmp_path: Path) -> None:
    made = Bundle(Workflow(parse(faded(percent=25))), LOCK, {}, None, Manifest())
    path = tmp_path / "a.weft.zip"
    path.write_bytes(made.to_zip())
    shared = open_shared(path, REGISTRY)
    assert shared.is_bundle
    assert shared.workflow.document.nodes["f"].inputs["amount"] == 0.25
    assert shared.workflow.remarks == BROUGHT


def test_picture_whose_drawing_shows_what_ran_opens_in_its_places(tmp_path: Path) -> None:
    workflow = open_shared(comfy_picture(tmp_path / "a.png", [1, 2]), REGISTRY).workflow
    assert set(workflow.document.layout["nodes"]) == {"1", "2"}
    assert workflow.remarks == ()


@pytest.mark.parametrize("drawn", [[1], [1, 3], []])
def test_picture_whose_drawing_shows_other_nodes_says_that_it_opens_what_ran(
    tmp_path: Path, drawn: list[int]
) -> None:
    workflow = open_shared(comfy_picture(tmp_path / "a.png", drawn), REGISTRY).workflow
    assert set(workflow.document.nodes) == {"1", "2"}
    (remark,) = workflow.remarks
    assert "The one that ran is opened" in remark
