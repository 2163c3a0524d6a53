"""Values of nodes in the names of files."""

from __future__ import annotations

from typing import Any

import pytest

from weft.engine.declaration.registry import Registry
from weft.engine.graph.expand import expand
from weft.engine.graph.file_names import name_problems, named
from weft.engine.workflows.workflow import Workflow

from .. import toy
from ..toy import link

REGISTRY = Registry([toy.REGISTRY])


def document(prefix: Any, **more: Any) -> dict[str, Any]:
    nodes: dict[str, Any] = {
        "7": {"type": "Number", "inputs": {"value": 2.0}},
        "big one": {"type": "Number", "title": "Large", "inputs": {"val": 3.5}},
        "dice": {"type": "Dice", "inputs": {"seed": 42}},
        "sum": {"type": "Add", "inputs": {"a": link("7.value"), "b": link("dice.value")}},
        "file": {"type": "ReadText", "inputs": {"file": "photos/cat: 1.jpg"}},
        "write": {"type": "WriteText", "inputs": {"text": link("file.value"), "prefix": prefix}},
        **more,
    }
    nodes["big-one"] = nodes.pop("big one")
    return {"weft": 1, "nodes": nodes}


def name_of(prefix: str, **more: Any) -> Any:
    workflow = Workflow.from_json(document(prefix, **more))
    return named(expand(workflow.document), REGISTRY).nodes["write"].inputs["prefix"]


def problem_of(prefix: str, **more: Any) -> str:
    workflow = Workflow.from_json(document(prefix, **more))
    (problem,) = name_problems(expand(workflow.document), REGISTRY)
    assert (problem.code, problem.node, problem.port) == ("files.bad_name", "write", "prefix")
    return str(problem)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("%7.value%", "2"),
        ("%7.val%", "2"),
        ("%big-one.value%", "3.5"),
        ("%Large.value%", "3.5"),
        ("%Dice.seed%", "42"),
        ("%dice.seed%_x", "42_x"),
        ("%sum.bias%", "0"),
        ("%file.file%", "photos_cat_ 1.jpg"),
        ("%year%/%7.value%", "%year%/2"),
        ("%date:yyyy.MM%", "%date:yyyy.MM%"),
        ("no token", "no token"),
    ],
)
def test_value_of_a_node_is_filled_in(prefix: str, expected: str) -> None:
    assert name_of(prefix) == expected


def test_other_type_names_are_names_too() -> None:
    other = {"type": "Number", "inputs": {"value": 2}}
    assert name_of("%PrimitiveNumber.value%", **{"big one": other}) == "2"


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("%Number.value%", "use a node id: %7.value%, %big-one.value%"),
        ("%sum.a%", "comes from 7.value"),
        ("%7.valeu%", "%7.value%"),
        ("%dise.seed%", '"dice"'),
        ("%nothing%", "%year%"),
        ("%date:HH%", "yyyy"),
        ("%width%", "%year%"),
        ("50% of 100%", "no known token"),
        (".%7.value%", "dot"),
        ("%year%/con", "device name"),
        ("%date:hh:mm%", "':'"),
        ("\ud800", "surrogate"),
    ],
)
def test_name_that_cannot_be_is_refused_with_what_would_fit(prefix: str, words: str) -> None:
    assert words in problem_of(prefix)


def test_long_value_is_refused_and_not_cut() -> None:
    long = {"type": "ReadText", "inputs": {"file": "x" * 300}}
    assert "300 bytes" in problem_of("%file.file%", file=long)


def test_random_seed_is_no_problem_before_it_is_drawn() -> None:
    dice = {"type": "Dice", "inputs": {"seed": "random"}}
    workflow = Workflow.from_json(document("%dice.seed%", dice=dice))
    assert list(name_problems(expand(workflow.document), REGISTRY)) == []


INNER = {
    "nodes": {
        "number": {"type": "Number", "inputs": {"value": 1}},
        "text": {"type": "ReadText", "inputs": {"file": "x"}},
        "write": {
            "type": "WriteText",
            "inputs": {
                "text": link("text.value"),
                "prefix": "%number.value%-%Number.value%-%outer.value%",
            },
        },
    },
    "interface": {"inputs": {"n": "number.value"}, "outputs": {}},
}


def test_nodes_of_the_same_subgraph_come_first() -> None:
    data = {
        "weft": 1,
        "nodes": {
            "outer": {"type": "Number", "inputs": {"value": 9}},
            "a": {"type": "Inner", "inputs": {"n": 5}},
            "b": {"type": "Inner", "inputs": {}},
            "w": {
                "type": "WriteText",
                "inputs": {"text": link("t.value"), "prefix": "%a.n%%b.n%%a/number.value%"},
            },
            "t": {"type": "ReadText", "inputs": {"file": "x"}},
        },
        "subgraphs": {"Inner": INNER},
    }
    expanded = expand(Workflow.from_json(data).document)
    assert list(name_problems(expanded, REGISTRY)) == []
    nodes = named(expanded, REGISTRY).nodes
    assert nodes["a/write"].inputs["prefix"] == "5-5-9"
    assert nodes["b/write"].inputs["prefix"] == "1-1-9"
    assert nodes["w"].inputs["prefix"] == "515"


def test_items_of_a_map_are_named_after_their_own_values() -> None:
    data = {
        "weft": 1,
        "nodes": {
            "outer": {"type": "Number", "inputs": {"value": 9}},
            "each": {"type": "Inner", "inputs": {"n": [1, 2]}, "map": {"over": ["n"]}},
        },
        "subgraphs": {"Inner": INNER},
    }
    nodes = named(expand(Workflow.from_json(data).document), REGISTRY).nodes
    assert [nodes[f"each/{n}/write"].inputs["prefix"] for n in (0, 1)] == ["1-1-9", "2-2-9"]
