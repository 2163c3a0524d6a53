"""Reading is strict, writing is canonical, and one is the inverse of the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.errors import DocumentError
from weft.engine.graph import document
from weft.engine.workflows.workflow import Workflow

from ..toy import REGISTRY, flow

NAMES = st.text("abcXYZ019_-:\u7f16\u00e9", min_size=1, max_size=8)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
)  # fmt: skip
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
NODES = st.dictionaries(
    NAMES,
    st.fixed_dictionaries({"type": NAMES, "inputs": st.dictionaries(NAMES, VALUES, max_size=4)}),
    max_size=5,
)


@given(NODES)
def test_document_written_and_read_is_the_same_and_writes_the_same(
    nodes: dict[str, object],
) -> None:
    first = document.parse({"weft": 1, "nodes": nodes})
    text = document.dumps(first)
    second = document.parse(document.read_json(text))
    assert second == first
    assert document.dumps(second) == text
    for node_id, node in first.nodes.items():
        for name, value in node.inputs.items():
            assert repr(second.nodes[node_id].inputs[name]) == repr(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "document.json"),
        ("{", "document.json"),
        ('{"weft": 1, "nodes": {"a": {"type": "N", "inputs": {"x": NaN}}}}', "document.json"),
        ('{"weft": 1, "nodes": {"a": {"type": "N", "inputs": {"x": Infinity}}}}', "document.json"),
        ('{"weft": 1, "nodes": {"a": {}, "a": {}}}', "document.duplicate_key"),
        ('{"weft": 2, "nodes": {}}', "document.version"),
        ('{"weft": "1", "nodes": {}}', "document.version"),
        ("[]", "document.invalid"),
        ("3", "document.invalid"),
        ('{"weft": 1, "nodes": []}', "document.invalid"),
        ('{"weft": 1, "nodes": {"a.b": {"type": "N"}}}', "document.invalid"),
        ('{"weft": 1, "nodes": {"": {"type": "N"}}}', "document.invalid"),
        ('{"weft": 1, "nodes": {"a": {"type": 3}}}', "document.invalid"),
        ('{"weft": 1, "nodes": {"a": {"typ": "N"}}}', "document.invalid"),
        ('{"weft": 1, "nods": {}}', "document.invalid"),
        ('{"nodes": [{"id": 1}], "links": []}', "document.comfy_editor"),
        ('{"weft": 1, "nodes": {}, "layout": ' + "[" * 70 + "]" * 70 + "}", "document.too_deep"),
        ("[" * 100_000, "document.too_deep"),
    ],
)
def test_document_of_wrong_shape_is_refused(text: str, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        Workflow.from_json(document.read_json(text))
    assert caught.value.code == code


def test_document_of_too_many_bytes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "big.json"
    with file.open("wb") as out:
        out.truncate(document.MAX_BYTES + 1)
    with pytest.raises(DocumentError) as caught:
        Workflow.load(file)
    assert caught.value.code == "document.too_large"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x80abc"])
def test_document_that_is_not_text_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(content)
    with pytest.raises(DocumentError):
        Workflow.load(file)


def test_document_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"gone\.json") as caught:
        Workflow.load(tmp_path / "gone.json")
    assert caught.value.code == "document.not_found"


def test_document_lists_every_wrong_place() -> None:
    with pytest.raises(DocumentError) as caught:
        document.parse({"weft": 1, "nodes": {"a": {"type": 3}, "b": {"inputs": []}}})
    text = str(caught.value)
    assert "nodes.a.type" in text
    assert "nodes.b.type" in text
    assert "nodes.b.inputs" in text


def test_literal_list_of_two_is_no_link() -> None:
    assert document.as_link(["a", 0]) is None
    assert document.as_link({"link": "a.b", "x": 1}) is None
    assert document.as_link({"link": 3}) is None
    link = document.as_link({"link": "a.b"})
    assert link is not None
    assert (link.node, link.output) == ("a", "b")


def test_json_schema_accepts_what_is_written() -> None:
    schema = document.json_schema()
    assert set(schema["properties"]) >= {"weft", "nodes", "interface"}
    json.dumps(schema)


def test_workflow_set_gives_a_new_workflow() -> None:
    first = flow(n=("Number", {"value": 1}))
    second = first.set("n.value", 2)
    assert first.document.nodes["n"].inputs["value"] == 1
    assert second.document.nodes["n"].inputs["value"] == 2


@pytest.mark.parametrize("target", ["m.value", "n", "", "value"])
def test_workflow_set_of_unknown_node_is_refused(target: str) -> None:
    with pytest.raises(Exception, match="is no input"):
        flow(n=("Number", {})).set(target, 2)


def test_workflow_with_inputs_uses_the_interface() -> None:
    data = flow(n=("Number", {})).to_json()
    data["interface"] = {"inputs": {"strength": "n.value"}}
    workflow = Workflow.from_json(data).with_inputs(strength=3)
    assert workflow.document.nodes["n"].inputs == {"value": 3}
    with pytest.raises(Exception, match="public input"):
        workflow.with_inputs(strenght=3)


def test_workflow_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    first = flow(n=("Number", {"value": 1.5}), s=("Slow", {"a": "@n.value"}))
    first.save(tmp_path / "w.json")
    assert Workflow.load(tmp_path / "w.json").document == first.document
    assert [p.name for p in tmp_path.iterdir()] == ["w.json"]


def test_comfy_api_file_becomes_a_document() -> None:
    comfy = {
        "3": {"class_type": "PrimitiveNumber", "inputs": {"val": 5}, "_meta": {"title": "five"}},
        "5:7": {"class_type": "Split", "inputs": {"a": ["3", 0]}},
        "9": {"class_type": "Add", "inputs": {"a": ["5:7", 1], "b": 2, "upload": "image"}},
    }
    workflow = Workflow.from_json(comfy, REGISTRY)
    assert workflow.to_json()["nodes"] == {
        "3": {"type": "Number", "title": "five", "inputs": {"value": 5}},
        "5:7": {"type": "Split", "inputs": {"a": {"link": "3.value"}}},
        "9": {"type": "Add", "inputs": {"a": {"link": "5:7.high"}, "b": 2}},
    }
    assert workflow.validate(REGISTRY)[0].code == "graph.no_outputs"


def test_comfy_request_body_is_unwrapped() -> None:
    prompt = {"1": {"class_type": "PrimitiveNumber", "inputs": {"val": 5}}}
    body = {"prompt": prompt, "client_id": "x", "extra_data": {}}
    assert list(Workflow.from_json(body, REGISTRY).document.nodes) == ["1"]


def test_comfy_api_file_with_unknown_class_names_it() -> None:
    comfy = {
        "1": {"class_type": "Mystery", "inputs": {}},
        "2": {"class_type": "Show", "inputs": {"a": ["1", 2]}},
    }
    found = Workflow.from_json(comfy, REGISTRY).validate(REGISTRY)
    assert [(p.code, p.node) for p in found] == [("graph.unknown_type", "1")]
