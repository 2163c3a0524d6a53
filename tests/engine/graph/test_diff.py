"""Differences between workflows: none for equal ones, each change found where it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.engine.graph.diff import difference, equal
from weft.engine.graph.document import Document, dump, parse

from ..toy import link

BASE: dict[str, Any] = {
    "weft": 1,
    "title": "One",
    "nodes": {
        "a": {"type": "Number", "inputs": {"value": 1.0}},
        "b": {"type": "Add", "inputs": {"a": link("a.value"), "b": 2.0}},
        "s": {"type": "Sub", "inputs": {"x": [1.0, 2.0]}, "map": {"over": ["x"]}},
    },
    "interface": {"inputs": {"x": "a.value"}, "outputs": {"y": "b.value"}},
    "subgraphs": {
        "Sub": {
            "nodes": {"n": {"type": "Number", "inputs": {}}},
            "interface": {"inputs": {"x": "n.value"}},
        }
    },
    "layout": {"a": [1, 2]},
}


def changed(**changes: Any) -> Document:
    """The base with parts replaced; `path__to__part=value`, None removes."""
    import copy

    data = copy.deepcopy(BASE)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = data
        for name in parents:
            place = place[name]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return parse(data)


def found(after: Document, **options: Any) -> list[tuple[str, str | None, str | None]]:
    return [(c.kind, c.node, c.port) for c in difference(parse(BASE), after, **options)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"nodes__a__inputs__value": 2.0}, [("value", "a", "value")]),
        ({"nodes__a__inputs__value": 1}, [("value", "a", "value")]),
        ({"nodes__b__inputs__a": link("s.x")}, [("link", "b", "a")]),
        ({"nodes__b__inputs__a": 3.0}, [("link", "b", "a")]),
        ({"nodes__b__inputs__b": None}, [("value", "b", "b")]),
        ({"nodes__b__type": "Max"}, [("node type", "b", None)]),
        ({"nodes__b__title": "Sum"}, [("node title", "b", None)]),
        ({"nodes__c": {"type": "Number", "inputs": {}}}, [("node added", "c", None)]),
        ({"nodes__b": None}, [("node removed", "b", None)]),
        ({"nodes__s__map__on_error": "continue"}, [("repeated", "s", None)]),
        ({"interface__outputs__y": "a.value"}, [("interface", None, "outputs.y")]),
        ({"interface__inputs__x": None}, [("interface", None, "inputs.x")]),
        ({"subgraphs__Sub__nodes__n__inputs__value": 5.0}, [("value", "Sub/n", "value")]),
        ({"title": "Two"}, [("about", None, "title")]),
        ({"layout__a": [3, 4]}, []),
    ],
)
def test_change_is_found_where_it_is(changes: dict[str, Any], expected: list[Any]) -> None:
    assert found(changed(**changes)) == expected


def test_layout_counts_when_it_is_asked_for() -> None:
    assert found(changed(layout__a=[3, 4]), layout=True) == [("layout", None, "layout")]


def test_change_reads_well() -> None:
    after = changed(nodes__a__inputs__value=0.5, nodes__b__inputs__a=link("s.x"), nodes__s=None)
    assert [str(c) for c in difference(parse(BASE), after)] == [
        "~ a.value: 1.0 -> 0.5",
        "~ b.a: a.value -> s.x",
        "- s ('Sub')",
    ]


DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "nodes__a__inputs__value": st.sampled_from([1.0, 1, True, "1", 2.0]),
        "nodes__b__inputs__a": st.sampled_from([link("a.value"), link("c.value"), 1.0]),
        "nodes__c": st.just({"type": "Number", "inputs": {}}),
        "title": st.sampled_from(["One", "Two"]),
        "subgraphs__Sub__nodes__n__type": st.sampled_from(["Number", "Add"]),
    },
)


@settings(max_examples=60)
@given(DOCUMENTS, DOCUMENTS)
def test_no_difference_means_the_same_file_and_swapping_swaps_before_and_after(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    first, second = changed(**one), changed(**other)
    there = difference(first, second, layout=True)
    assert (there == []) == equal(first, second)
    back = difference(second, first, layout=True)
    key = {(c.node, c.port, repr(c.before), repr(c.after)) for c in there}
    assert key == {(c.node, c.port, repr(c.after), repr(c.before)) for c in back}


def test_order_of_nodes_and_inputs_means_nothing() -> None:
    data = dump(parse(BASE))
    data["nodes"] = dict(reversed(data["nodes"].items()))
    assert difference(parse(BASE), parse(data)) == []
