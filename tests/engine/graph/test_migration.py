"""Documents that were saved for earlier versions of their nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.errors import DocumentError
from weft.engine.graph.migration import Migration
from weft.engine.workflows.workflow import Workflow


def since_two(inputs: dict[str, Any], version: int | None) -> Mapping[str, Any]:
    """Version 2 calls `amount` what version 1 called `percent`, as a share."""
    if version is not None and version > 2:
        raise ValueError("that version is yet to come")
    if "percent" in inputs:
        inputs["amount"] = inputs.pop("percent") / 100
    return inputs


@node("Fade", category="toy", version=2, migrate=since_two)
def fade(value: float, *, amount: float = 0.5) -> float:
    """Make a number smaller.

    Args:
        value: A number.
        amount: Share that is taken off.
    """
    return value * (1 - amount)


@node("Plain", category="toy", version=9)
def plain(*, value: float = 1.0) -> float:
    """Give a number.

    Args:
        value: It.
    """
    return value


REGISTRY = Registry([fade, plain])


def faded(**inputs: Any) -> dict[str, Any]:
    return {
        "nodes": {
            "p": {"type": "Plain"},
            "f": {"type": "Fade", "inputs": {"value": {"link": "p.value"}, **inputs}},
        },
        "interface": {"outputs": {"faded": "f.value"}},
    }


def test_old_input_is_renamed_with_its_meaning_and_links_stay() -> None:
    read = Workflow.from_json(faded(percent=25), REGISTRY)
    assert read.document.nodes["f"].inputs == {"value": {"link": "p.value"}, "amount": 0.25}
    assert read.validate(REGISTRY) == []
    assert read.remarks == (str(Migration("f", "Fade", None, 2)),)


@pytest.mark.parametrize("versions", [None, {"Fade": 2}, {"Fade": 1}])
def test_what_is_up_to_date_comes_back_as_it_is(versions: dict[str, int] | None) -> None:
    read = Workflow.from_json(faded(amount=0.25))
    assert read.migrated(REGISTRY, versions) is read


def test_version_that_the_document_says_is_told_to_the_migration() -> None:
    data = faded(percent=25) | {"requires": {"nodes": {"Fade": 1}}}
    assert "saved for version 1 of Fade" in Workflow.from_json(data, REGISTRY).remarks[0]
    # One that says it is of this version is taken at its word.
    data = faded(percent=25) | {"requires": {"nodes": {"Fade": 2}}}
    assert Workflow.from_json(data, REGISTRY).validate(REGISTRY) != []


def doubled(inputs: dict[str, Any], version: int | None) -> Mapping[str, Any]:
    """Version 2 says twice what version 1 said, under the same name."""
    return {**inputs, "value": 2 * inputs["value"]} if version == 1 else inputs


@node("Double", aliases=["Twice"], category="toy", version=2, migrate=doubled)
def double(*, value: float = 1.0) -> float:
    """Give a number.

    Args:
        value: It.
    """
    return value


@pytest.mark.parametrize("name", ["Double", "Twice"])
def test_document_that_was_brought_up_to_date_is_not_again(name: str) -> None:
    registry = Registry([double])
    data = {
        "nodes": {"d": {"type": name, "inputs": {"value": 3.0}}},
        "requires": {"nodes": {name: 1, "Other": 4}, "models": []},
    }
    once = Workflow.from_json(data, registry)
    assert once.document.nodes["d"].inputs["value"] == 6.0
    assert once.document.requires["nodes"][name] == 2
    assert once.document.requires["nodes"]["Other"] == 4
    again = Workflow.from_json(once.to_json(), registry)
    assert again.document.nodes["d"].inputs["value"] == 6.0
    assert again.remarks == ()


def test_document_migrated_by_the_versions_of_a_lock_says_its_versions() -> None:
    registry = Registry([double])
    data = {"nodes": {"d": {"type": "Double", "inputs": {"value": 3.0}}}}
    once = Workflow.from_json(data, registry, {"Double": 1})
    assert once.document.requires == {"nodes": {"Double": 2}}
    assert Workflow.from_json(once.to_json(), registry).document.nodes["d"].inputs["value"] == 6.0


def test_nodes_in_subgraphs_are_migrated_too() -> None:
    inner = {
        "nodes": {"f": {"type": "Fade", "inputs": {"value": 1.0, "percent": 50}}},
        "interface": {"outputs": {"value": "f.value"}},
    }
    data = {"subgraphs": {"Half": inner}, "nodes": {"h": {"type": "Half"}}}
    read = Workflow.from_json(data, REGISTRY)
    assert read.document.subgraphs["Half"].nodes["f"].inputs["amount"] == 0.5
    assert read.remarks[0].startswith("Half:f was saved")


def test_migration_that_fails_is_an_error_that_names_the_node() -> None:
    data = faded(percent="much")
    with pytest.raises(DocumentError, match="f cannot be migrated from version None") as bad:
        Workflow.from_json(data, REGISTRY)
    assert (bad.value.code, bad.value.problem.node) == ("node.migration", "f")
    with pytest.raises(DocumentError, match="yet to come"):
        Workflow.from_json(faded(), REGISTRY, {"Fade": 3})
    assert data == faded(percent="much")
