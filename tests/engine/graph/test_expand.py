"""A subgraph gives exactly what its nodes give without it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.engine.errors import ValidationError
from weft.engine.graph.document import parse
from weft.engine.graph.expand import expand
from weft.engine.graph.parameters import parameter_of
from weft.engine.workflows.workflow import Workflow

from ..toy import REGISTRY, engine, link, run

TWICE = {
    "nodes": {
        "one": {"type": "Add", "inputs": {"a": 0.0, "b": 1.0}},
        "two": {"type": "Slow", "inputs": {"a": link("one.value")}},
        "out": {"type": "Add", "inputs": {"a": link("one.value"), "b": link("two.value")}},
    },
    "interface": {
        "inputs": {"x": "one.a", "bias": "one.bias"},
        "outputs": {"sum": "out.value", "early": "one.value"},
    },
}
NESTED = {
    "nodes": {
        "first": {"type": "Twice", "inputs": {"x": 3.0}},
        "second": {"type": "Twice", "inputs": {"x": link("first.sum"), "bias": 0.5}},
    },
    "interface": {
        "inputs": {"start": "first.x"},
        "outputs": {"end": "second.sum", "middle": "first.early"},
    },
}


def document(nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"weft": 1, "nodes": nodes, "subgraphs": {"Twice": TWICE, "Nested": NESTED}, **more}


MAIN = document(
    {
        "n": {"type": "Number", "inputs": {"value": 4.0}},
        "t": {"type": "Twice", "inputs": {"x": link("n.value")}},
        "m": {"type": "Nested", "inputs": {"start": link("t.sum")}},
        "s": {"type": "Sum", "inputs": {"items": [link("m.end"), link("m.middle"), link("t.sum")]}},
    },
    interface={"inputs": {"bias": "t.bias"}, "outputs": {"total": "s.value", "end": "m.end"}},
)


def test_subgraphs_run_at_any_depth_under_readable_ids() -> None:
    with engine() as e:
        result, log = run(e, Workflow.from_json(MAIN))
    t = (4 + 1) * 2
    middle = t + 1
    end = (middle * 2 + 1 + 0.5) * 2
    assert result["total"] == result["s.value"] == end + middle + t
    assert result["end"] == result["m.end"] == result["m/second/out.value"] == end
    assert {"n", "s", "t/one", "t/two", "m/first/one", "m/second/out"} <= set(log.ran)


def test_wanted_output_may_be_an_instance() -> None:
    with engine() as e:
        result, log = run(e, Workflow.from_json(MAIN), "t.early")
    assert result["t.early"] == 5
    assert log.ran == ["n", "t/one"]


def test_equal_instances_are_computed_once() -> None:
    twins = document(
        {
            "a": {"type": "Twice", "inputs": {"x": 1.0}},
            "b": {"type": "Twice", "inputs": {"x": 1.0}},
            "s": {"type": "Sum", "inputs": {"items": [link("a.sum"), link("b.sum")]}},
        }
    )
    with engine() as e:
        result, log = run(e, Workflow.from_json(twins), "s.value")
    assert result["s.value"] == 8
    assert len(log.ran) == 4
    assert len(log.cached) == 3


@st.composite
def nestings(draw: st.DrawFn) -> dict[str, Any]:
    """Documents whose subgraphs use subgraphs that come before them."""
    subgraphs: dict[str, Any] = {}
    for level in range(draw(st.integers(1, 4))):
        kinds = ["Add", *subgraphs]
        nodes: dict[str, Any] = {"start": {"type": "Add", "inputs": {"a": 0.0, "b": 1.0}}}
        for number in range(draw(st.integers(1, 3))):
            kind = draw(st.sampled_from(kinds))
            before = draw(st.sampled_from(sorted(nodes)))
            port = "value" if nodes[before]["type"] == "Add" else "out"
            value = draw(st.integers(-3, 3)).__float__()
            source = link(f"{before}.{port}")
            inputs = {"a": source, "b": value} if kind == "Add" else {"in": source}
            nodes[f"n{number}"] = {"type": kind, "inputs": inputs}
        last = list(nodes)[-1]
        port = "value" if nodes[last]["type"] == "Add" else "out"
        subgraphs[f"G{level}"] = {
            "nodes": nodes,
            "interface": {"inputs": {"in": "start.a"}, "outputs": {"out": f"{last}.{port}"}},
        }
    top = list(subgraphs)[-1]
    start = float(draw(st.integers(-5, 5)))
    main = {"g": {"type": top, "inputs": {"in": start}}}
    return {"weft": 1, "nodes": main, "subgraphs": subgraphs}


def naive(subgraphs: dict[str, Any], kind: str, start: float) -> float:
    """Evaluate a subgraph as a function, recursively."""
    graph, values = subgraphs[kind], {}
    for name, node in graph["nodes"].items():
        inputs = {
            n: values[v["link"].split(".")[0]] if isinstance(v, dict) else v
            for n, v in node["inputs"].items()
        }
        if name == "start":
            inputs["a"] = start
        if node["type"] == "Add":
            values[name] = inputs["a"] + inputs["b"]
        else:
            values[name] = naive(subgraphs, node["type"], inputs["in"])
    return float(values[list(graph["nodes"])[-1]])


@given(nestings())
@settings(max_examples=60)
def test_random_nesting_gives_what_it_gives_inlined(data: dict[str, Any]) -> None:
    workflow = Workflow.from_json(data)
    flat = expand(workflow.document).document
    assert not flat.subgraphs
    with engine() as e:
        result, _ = run(e, workflow, "g.out")
        target = expand(workflow.document).output("g.out")
        inlined, log = run(e, Workflow(flat), target)
    (main,) = data["nodes"].values()
    assert result["g.out"] == inlined[target]
    assert result["g.out"] == naive(data["subgraphs"], main["type"], main["inputs"]["in"])
    assert log.ran == []


def problems(data: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    found = Workflow.from_json(data).validate(REGISTRY)
    return [(p.code, p.node, p.port) for p in found if p.code != "graph.no_outputs"]


def test_subgraph_that_contains_itself_is_refused() -> None:
    loop = {"nodes": {"again": {"type": "B"}}, "interface": {}}
    back = {"nodes": {"again": {"type": "A"}}, "interface": {}}
    data = {"weft": 1, "nodes": {"x": {"type": "A"}}, "subgraphs": {"A": loop, "B": back}}
    assert problems(data) == [("graph.recursive_subgraph", "x/again/again", None)]


def test_subgraph_growing_without_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weft.engine.graph.expand.MAX_NODES", 1000)
    subgraphs: dict[str, Any] = {"G0": {"nodes": {"n": {"type": "Number"}}}}
    for level in range(1, 40):
        twice = {name: {"type": f"G{level - 1}"} for name in ("a", "b")}
        subgraphs[f"G{level}"] = {"nodes": twice}
    data = {"weft": 1, "nodes": {"x": {"type": "G39"}}, "subgraphs": subgraphs}
    assert problems(data)[0][0] == "graph.too_large"


def test_problems_inside_an_instance_name_its_path() -> None:
    broken = {"nodes": {"n": {"type": "Number", "inputs": {"value": "x"}}}}
    data = {"weft": 1, "nodes": {"i": {"type": "Broken"}}, "subgraphs": {"Broken": broken}}
    assert problems(data) == [("params.type", "i/n", "value")]


def test_wrong_use_of_an_instance_is_named() -> None:
    data = document(
        {
            "t": {"type": "Twice", "inputs": {"y": 1.0}},
            "s": {"type": "Slow", "inputs": {"a": link("t.nothing")}},
            "p": {"type": "TakePicture", "inputs": {"picture": link("t.sum")}},
            "q": {"type": "Twice", "inputs": {"x": "text"}},
        }
    )
    assert problems(data) == [
        ("graph.unknown_input", "t", "y"),
        ("graph.dangling_link", "s", "a"),
        ("graph.type_mismatch", "p", "picture"),
        ("params.type", "q/one", "a"),
    ]
    bad = {**TWICE, "interface": {"inputs": {"x": "nobody.a"}, "outputs": {}}}
    data = {"weft": 1, "nodes": {"t": {"type": "Twice"}}, "subgraphs": {"Twice": bad}}
    assert ("graph.bad_interface", "t", "x") in problems(data)


def test_run_of_a_broken_subgraph_is_refused_before_anything_runs() -> None:
    data = document({"t": {"type": "Twice", "inputs": {"y": 1.0}}})
    with engine() as e, pytest.raises(ValidationError, match="no input"):
        run(e, Workflow.from_json(data), "t.sum")


def test_parameter_of_an_instance_is_the_one_inside() -> None:
    workflow = parse(MAIN)
    found = parameter_of(workflow, REGISTRY, "m.start")
    assert found is not None
    assert found.name == "a"
    assert parameter_of(workflow, REGISTRY, "m.nothing") is None
    assert parameter_of(workflow, REGISTRY, "nobody.start") is None


def test_random_seeds_of_two_instances_differ_and_repeat() -> None:
    roll = {
        "nodes": {"d": {"type": "Dice", "inputs": {"seed": "random"}}},
        "interface": {"outputs": {"n": "d.value"}},
    }
    two = {"a": {"type": "Roll"}, "b": {"type": "Roll"}}
    data = {"weft": 1, "nodes": two, "subgraphs": {"Roll": roll}}
    with engine() as e:
        result, _ = run(e, Workflow.from_json(data), "a.n", "b.n")
        again, log = run(e, result.workflow, "a/d.value", "b/d.value")
    assert result["a.n"] != result["b.n"]
    assert set(result.seeds) == {"a/d.seed", "b/d.seed"}
    assert (again["a/d.value"], again["b/d.value"]) == (result["a.n"], result["b.n"])
    assert log.ran == []


def test_document_with_subgraphs_is_written_and_read_the_same() -> None:
    workflow = Workflow.from_json(MAIN)
    assert Workflow.from_json(workflow.to_json()).document == workflow.document
    assert workflow.to_json()["subgraphs"]["Twice"]["interface"] == TWICE["interface"]
