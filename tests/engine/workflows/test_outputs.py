"""Which output is meant by "the pictures"."""

from __future__ import annotations

from typing import Any

import pytest

from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.errors import OutputError
from weft.engine.workflows.outputs import find_output
from weft.engine.workflows.workflow import Workflow

from ..toy import REGISTRY, Picture, flow


@node("Draw", category="toy")
def draw(*, size: int = 1) -> Picture:
    """Draw.

    Args:
        size: How large.
    """
    return Picture()


@node("Keep", category="toy", effects=["writes"])
def keep(picture: Picture, *, name: str = "") -> Picture:
    """Write a picture and hand it on.

    Args:
        picture: A picture.
        name: Its name.
    """
    return picture


KNOWN = Registry([REGISTRY, draw, keep])
NODES = {
    "number": ("Number", {}),
    "one": ("Draw", {}),
    "two": ("Draw", {}),
    "kept": ("Keep", {"picture": "@two.picture"}),
    "again": ("Keep", {"picture": "@kept.picture"}),
}


def workflow(**outputs: str) -> Workflow:
    data: dict[str, Any] = flow(**NODES).to_json()
    data["interface"] = {"outputs": outputs}
    return Workflow.from_json(data)


def test_output_of_the_interface_is_the_first_of_the_type() -> None:
    found = workflow(n="number.value", p="one.picture", q="two.picture")
    assert find_output(found, KNOWN, "PICTURE") == "one.picture"


def test_output_without_interface_is_what_the_first_root_takes() -> None:
    assert find_output(workflow(n="number.value"), KNOWN, "PICTURE") == "two.picture"


def test_output_of_a_writer_is_what_it_is_given() -> None:
    assert find_output(workflow(p="again.picture"), KNOWN, "PICTURE") == "two.picture"
    assert find_output(workflow(), KNOWN, "PICTURE", "again.picture") == "two.picture"


def test_output_that_is_named_is_taken_by_either_name() -> None:
    found = workflow(p="one.picture", q="two.picture")
    assert find_output(found, KNOWN, "PICTURE", "q") == "two.picture"
    assert find_output(found, KNOWN, "PICTURE", "two.picture") == "two.picture"


@pytest.mark.parametrize("named", ["n", "number.value", "nobody.picture", "one.nothing", "", None])
def test_output_that_is_not_there_or_of_another_type_is_refused(named: str | None) -> None:
    found = Workflow.from_json(
        {
            "nodes": {"number": {"type": "Number"}, "one": {"type": "Draw"}},
            "interface": {"outputs": {"n": "number.value"}},
        }
    )
    with pytest.raises(OutputError) as caught:
        find_output(found, KNOWN, "PICTURE", named)
    assert "PICTURE" in str(caught.value)
    assert caught.value.problem.hint


def test_output_in_a_cycle_of_writers_ends() -> None:
    nodes = {
        "a": ("Keep", {"picture": "@b.picture"}),
        "b": ("Keep", {"picture": "@a.picture"}),
    }
    assert find_output(flow(**nodes), KNOWN, "PICTURE") in ("a.picture", "b.picture")


def test_output_of_a_subgraph_is_the_one_inside() -> None:
    found = Workflow.from_json(
        {
            "subgraphs": {
                "Draw2": {
                    "nodes": {
                        "pen": {"type": "Draw"},
                        "kept": {"type": "Keep", "inputs": {"picture": {"link": "pen.picture"}}},
                    },
                    "interface": {"outputs": {"result": "kept.picture"}},
                }
            },
            "nodes": {"first": {"type": "Draw2"}},
            "interface": {"outputs": {"p": "first.result"}},
        }
    )
    for named in (None, "p", "first.result", "first/kept.picture"):
        assert find_output(found, KNOWN, "PICTURE", named) == "first/pen.picture"
