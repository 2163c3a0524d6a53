"""Every problem is found, addressed and explained; all of them at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from weft.engine.errors import Problem, ValidationError
from weft.engine.files.workspace import Workspace
from weft.engine.validate import validate
from weft.engine.workflows.workflow import Workflow

from .toy import REGISTRY, flow, link


def problems(workflow: Workflow, **options: Any) -> list[Problem]:
    options.setdefault("outputs", [])
    return validate(workflow.document, REGISTRY, **options)


def only(workflow: Workflow, **options: Any) -> Problem:
    found = problems(workflow, **options)
    assert len(found) == 1, found
    return found[0]


def test_validate_good_workflow_finds_nothing() -> None:
    assert problems(flow(n=("Number", {}), s=("Slow", {"a": "@n.value"}))) == []


def test_validate_unknown_type_offers_the_nearest_name() -> None:
    p = only(flow(x=("Numbre", {})))
    assert (p.code, p.node, p.got) == ("graph.unknown_type", "x", "Numbre")
    assert "Number" in (p.hint or "")


def test_validate_unknown_input_offers_the_nearest_name() -> None:
    p = only(flow(x=("Add", {"a": 1, "b": 1, "bais": 2})))
    assert (p.code, p.node, p.port) == ("graph.unknown_input", "x", "bais")
    assert "bias" in (p.hint or "")


def test_validate_missing_input_is_named() -> None:
    p = only(flow(x=("Add", {"a": 1})))
    assert (p.code, p.port, p.expected) == ("graph.missing_input", "b", "FLOAT")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("7", "params.type"),
        (True, "params.type"),
        (None, "params.type"),
        ([1.0], "params.type"),
        ({"value": 1}, "params.type"),
        (1e7, "params.out_of_range"),
        (-(10**9), "params.out_of_range"),
    ],
)
def test_validate_bad_number_is_refused_not_converted(value: object, code: str) -> None:
    data = {"nodes": {"n": {"type": "Number", "inputs": {"value": value}}}}
    p = only(Workflow.from_json(data))
    assert (p.code, p.node, p.port) == (code, "n", "value")
    assert p.expected


@pytest.mark.parametrize("value", [-1, 2**64, 1.0, "7", "Random", True, None])
def test_validate_bad_seed_is_refused(value: object) -> None:
    data = {"nodes": {"d": {"type": "Dice", "inputs": {"seed": value}}}}
    assert only(Workflow.from_json(data)).code in ("params.type", "params.out_of_range")


@pytest.mark.parametrize("value", [0, 2**64 - 1, "random"])
def test_validate_seed_in_range_or_random_is_accepted(value: object) -> None:
    assert problems(flow(d=("Dice", {"seed": value}))) == []


def test_validate_type_mismatch_names_both_ends() -> None:
    p = only(flow(n=("Number", {}), t=("TakePicture", {"picture": "@n.value"})))
    assert (p.code, p.node, p.port) == ("graph.type_mismatch", "t", "picture")
    assert (p.expected, p.got) == ("PICTURE", "FLOAT")
    for part in ("n.value", "t.picture", "TakePicture"):
        assert part in p.message


def test_validate_type_mismatch_offers_the_node_between() -> None:
    p = only(flow(n=("Number", {}), u=("Unwrap", {"opaque": "@n.value"})))
    assert p.hint == "Put Wrap between them."


def test_validate_literal_where_only_a_link_can_be() -> None:
    p = only(flow(t=("TakePicture", {"picture": "x.png"})))
    assert (p.code, p.port) == ("params.type", "picture")
    assert "link" in p.message


def test_validate_dangling_link_and_unknown_output() -> None:
    found = problems(flow(n=("Number", {}), s=("Add", {"a": "@m.value", "b": "@n.valu"})))
    assert [(p.code, p.port) for p in found] == [
        ("graph.dangling_link", "a"),
        ("graph.unknown_output", "b"),
    ]


def test_validate_cycle_names_every_link() -> None:
    p = only(
        flow(
            a=("Slow", {"a": "@c.value"}),
            b=("Slow", {"a": "@a.value"}),
            c=("Slow", {"a": "@b.value"}),
            tail=("Slow", {"a": "@c.value"}),
        )
    )
    assert p.code == "graph.cycle"
    for edge in ("a.value -> b.a", "b.value -> c.a", "c.value -> a.a"):
        assert edge in p.message
    assert "tail" not in p.message


def test_validate_node_reading_itself_is_a_cycle() -> None:
    assert only(flow(a=("Slow", {"a": "@a.value"}))).code == "graph.cycle"


def test_validate_two_cycles_are_both_found() -> None:
    found = problems(
        flow(
            a=("Slow", {"a": "@b.value"}),
            b=("Slow", {"a": "@a.value"}),
            c=("Slow", {"a": "@d.value"}),
            d=("Slow", {"a": "@c.value"}),
        )
    )
    assert [p.code for p in found] == ["graph.cycle", "graph.cycle"]


def test_validate_nothing_to_compute_is_a_problem() -> None:
    assert only(flow(n=("Number", {})), outputs=None).code == "graph.no_outputs"


def test_validate_unknown_wanted_output() -> None:
    assert only(flow(n=("Number", {})), outputs=["n.image"]).code == "run.unknown_output"


def test_validate_interface_must_name_what_is_there() -> None:
    data = flow(n=("Number", {})).to_json()
    data["interface"] = {"inputs": {"x": "n.nothing"}, "outputs": {"y": "m.value"}}
    found = problems(Workflow.from_json(data))
    assert [p.code for p in found] == ["graph.bad_interface"] * 2


def test_validate_finds_all_problems_at_once() -> None:
    found = problems(
        flow(
            a=("Nope", {"x": "@gone.value"}),
            b=("Number", {"value": "7"}),
            c=("Add", {"a": "@a.anything"}),
            d=("Number", {"value": 1e9}),
        )
    )
    assert [(p.code, p.node) for p in found] == [
        ("graph.unknown_type", "a"),
        ("graph.dangling_link", "a"),
        ("params.type", "b"),
        ("graph.missing_input", "c"),
        ("params.out_of_range", "d"),
    ]


def test_validate_missing_file_offers_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("x")
    workspace = Workspace(inputs=[tmp_path])
    p = only(flow(r=("ReadText", {"file": "helo.txt"})), workspace=workspace)
    assert (p.code, p.node, p.port) == ("files.not_found", "r", "file")
    assert "hello.txt" in (p.hint or "")
    assert problems(flow(r=("ReadText", {"file": "hello.txt"})), workspace=workspace) == []


def test_validate_one_input_given_under_two_names() -> None:
    p = only(flow(n=("Number", {"value": 1, "val": 2})))
    assert p.code == "graph.input_twice"


def test_validate_list_with_links_and_literals_is_refused() -> None:
    data = {
        "nodes": {
            "n": {"type": "Number"},
            "s": {"type": "Sum", "inputs": {"items": [link("n.value"), 3]}},
            "a": {"type": "Slow", "inputs": {"a": [link("n.value")]}},
        }
    }
    found = problems(Workflow.from_json(data))
    assert [(p.code, p.node) for p in found] == [
        ("params.type", "s"),
        ("graph.type_mismatch", "a"),
    ]


def test_validate_problem_as_json_leaves_out_what_is_empty() -> None:
    record = only(flow(x=("Numbre", {}))).to_json()
    assert set(record) == {"code", "message", "node", "expected", "got", "hint"}


def test_validate_of_a_thoroughly_broken_document_stays_linear() -> None:
    """Hints compare names, which is slow; a hostile file must not get one for each of its nodes."""
    nodes = {
        f"node{i}": {"type": f"Numbr{i}", "inputs": {"a": link(f"nod{i}.value")}}
        for i in range(3000)
    }
    found = problems(Workflow.from_json({"nodes": nodes}))
    assert len(found) == 6000
    assert sum("Did you mean" in (p.hint or "") for p in found) <= 100
    text = str(ValidationError("Problems:", found))
    assert text.endswith("... and 5900 more")
    assert len(text) < 40_000
