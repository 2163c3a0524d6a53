"""JSON as programs write it: a byte order mark before it, NaN in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases.places import case
from tests.server.running import serving
from weft.cli.main import main
from weft.engine.errors import DocumentError
from weft.engine.graph.document import read_json, read_text

NAN = float("nan")


@pytest.mark.parametrize("name", ["behaviour/15_bom.json", "behaviour/06_api_with_nan.json"])
def test_workflow_runs(name: str, tmp_path: Path) -> None:
    from PIL import Image

    assert main(["run", str(case(name)), "--out", str(tmp_path / "out")]) == 0
    with Image.open(tmp_path / "out" / "r_00001.png") as picture:
        assert picture.size == (64, 64)
        assert picture.getpixel((0, 0)) == (255, 0, 0)


def test_picture_with_nan_that_nobody_reads_is_converted(tmp_path: Path) -> None:
    picture = case("behaviour/06_workflow_and_prompt_with_nan.png")
    assert main(["convert", str(picture), "-o", str(tmp_path / "w.json")]) == 0
    document = json.loads((tmp_path / "w.json").read_text())
    assert {node["type"] for node in document["nodes"].values()} == {"EmptyImage", "SaveImage"}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_file_is_read_with_and_without_a_byte_order_mark(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes('{"a": "ä"}'.encode(encoding))
    assert read_json(read_text(path)) == {"a": "ä"}
    assert read_json(path.read_bytes()) == {"a": "ä"}


def node(**more: Any) -> dict[str, Any]:
    return {"class_type": "EmptyImage", "inputs": {"width": 8}, **more}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_nan_that_nobody_reads_is_dropped(number: str) -> None:
    value = float(number.lower().replace("infinity", "inf"))
    api = {"1": node(is_changed=[value], other={"deep": [value]})}
    assert read_json(json.dumps(api)) == {"1": node()}
    editor = {
        "nodes": [
            {"id": 1, "type": "X", "properties": {"a": value, "b": 2}, "widgets_values": [1]}
        ],
        "links": [],
        "extra": {"ds": {"scale": value}},
    }
    assert read_json(json.dumps(editor)) == {
        "nodes": [{"id": 1, "type": "X", "widgets_values": [1]}],
        "links": [],
    }


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"1": node(inputs={"width": float("nan")})}, "1.inputs.width"),
        ({"1": node(_meta={"title": float("nan")})}, "1._meta.title"),
        (
            {"nodes": [{"id": 1, "type": "X", "widgets_values": [float("inf")]}], "links": []},
            "values.0",
        ),
        (
            {"weft": 1, "nodes": {"a": {"type": "X", "inputs": {"v": float("nan")}}}},
            "nodes.a.inputs.v",
        ),
        ([float("nan")], "0"),
    ],
)
def test_nan_in_a_value_that_is_used_is_refused_with_its_place(data: Any, place: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_json(json.dumps(data))
    assert caught.value.code == "document.json"
    assert place in str(caught.value)


def test_values_of_subgraph_widgets_are_used() -> None:
    data = {"id": 1, "type": "X", "properties": {"proxyWidgets": [["1", float("nan")]]}}
    with pytest.raises(DocumentError):
        read_json(json.dumps(data))


def test_words_in_texts_are_no_numbers() -> None:
    data = {"1": node(inputs={"text": "NaN Infinity"})}
    assert read_json(json.dumps(data)) == data


async def test_server_takes_a_prompt_with_nan_that_nobody_reads(tmp_path: Path) -> None:
    body = '{"prompt": ' + case("behaviour/06_api_with_nan.json").read_text() + "}"
    async with serving(tmp_path) as api:
        headers = {"Content-Type": "application/json"}
        status, answer = await api.ask("POST", "/prompt", data=body, headers=headers)
        assert status == 200, answer
        refused = body.replace('"width": 64', '"width": NaN')
        status, _ = await api.ask("POST", "/prompt", data=refused, headers=headers)
        assert status == 400
