"""Values of instances of subgraphs, in every order that files have had for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from weft.engine.comfy.editor import from_comfy_editor
from weft.engine.errors import DocumentError
from weft.engine.graph.expand import expand

from ...lite import Lite
from ..toy import REGISTRY

NUMBER = [("FLOAT", "FLOAT")]


def definition() -> dict[str, Any]:
    """The input `size` leads to one widget, `seed` to another; a third widget is inside."""
    inner = Lite()
    inner.add(
        1,
        "PrimitiveNumber",
        [1.0],
        inputs=[("value", "FLOAT", (-10, 1))],
        widgets=["value"],
        outputs=NUMBER,
    )
    inner.add(2, "Dice", [2, "randomize"], inputs=[("seed", "INT", None)], widgets=["seed"])
    inner.nodes[-1]["outputs"] = [{"name": "INT", "type": "INT"}]
    inner.add(
        3,
        "Add",
        [3.0],
        inputs=[
            ("a", "FLOAT", (1, 0)),
            ("b", "FLOAT", (-10, 0)),
            ("bias", "FLOAT", (-10, 2)),
        ],
        widgets=["bias"],
        outputs=NUMBER,
    )
    inner.add(4, "PrimitiveNode", [4.0, "fixed"], outputs=NUMBER)
    inner.add(
        5,
        "Add",
        [5.0],
        inputs=[("a", "FLOAT", (4, 0)), ("b", "FLOAT", (3, 0)), ("bias", "FLOAT", None)],
        widgets=["bias"],
        outputs=NUMBER,
    )
    inner.link((5, 0), (-20, 0), "FLOAT")
    ports = [("in", "FLOAT"), ("size", "FLOAT"), ("bias", "FLOAT")]
    return inner.definition("u-1", "Part", ports, [("out", "FLOAT")])


def read(values: Any, shown: Any = None, **more: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The flat inputs of the inner nodes, and what was remarked."""
    lite = Lite()
    properties = {} if shown is None else {"proxyWidgets": shown}
    more = {"inputs": [("in", "FLOAT", None)], **more}
    lite.add(7, "u-1", values, outputs=[("out", "FLOAT")], properties=properties, **more)
    data = lite.data(definitions={"subgraphs": [definition()]})
    document, remarks = from_comfy_editor(data, REGISTRY)
    flat = expand(document)
    assert flat.problems == []
    return {name: dict(node.inputs) for name, node in flat.document.nodes.items()}, remarks


def test_values_without_a_list_are_those_of_the_inputs_in_their_order() -> None:
    found, remarks = read([10.0, 30.0])
    assert (found["7/1"]["value"], found["7/3"]["bias"], remarks) == (10.0, 30.0, ())


def test_null_keeps_the_value_inside() -> None:
    found, _ = read([None, 30.0])
    assert (found["7/1"]["value"], found["7/3"]["bias"]) == (1.0, 30.0)


def test_values_by_name_are_those_of_the_inputs() -> None:
    found, _ = read({"bias": 30.0, "nobody": 1})
    assert (found["7/1"]["value"], found["7/3"]["bias"]) == (1.0, 30.0)


@pytest.mark.parametrize("as_text", [False, True])
def test_listed_widgets_say_the_order_and_reach_inside(as_text: bool) -> None:
    shown: Any = [
        ["-1", "bias"],
        ["5", "bias"],
        ["4", "value"],
        ["2", "seed"],
        ["2", "control_after_generate"],
        ["3", "$$canvas-image-preview"],
        ["-1", "size"],
        ["99", "gone"],
    ]
    values = [30.0, 50.0, 40.0, 9, "increment", None, None, 1]
    found, remarks = read(values, json.dumps(shown) if as_text else shown)
    assert found["7/3"]["bias"] == 30.0
    assert found["7/5"] == {"bias": 50.0, "a": 40.0, "b": {"link": "7/3.value"}}
    assert found["7/2"]["seed"] == 9
    assert found["7/1"]["value"] == 1.0
    assert remarks == ()


def test_listed_widget_that_an_input_leads_to_is_that_input() -> None:
    found, _ = read([10.0, 30.0], [["3", "bias"], ["1", "value"]])
    assert (found["7/1"]["value"], found["7/3"]["bias"]) == (30.0, 10.0)


def test_older_lists_name_only_widgets_inside_and_their_values_come_last() -> None:
    found, remarks = read([10.0, 30.0, 50.0], [["5", "bias"]])
    assert (found["7/1"]["value"], found["7/3"]["bias"], found["7/5"]["bias"]) == (10.0, 30.0, 50.0)
    assert remarks == ()


def test_mode_of_a_listed_seed_is_kept_for_the_editor() -> None:
    lite = Lite()
    shown = {"proxyWidgets": [["2", "seed"], ["2", "control_after_generate"]]}
    lite.add(7, "u-1", [9, "randomize"], outputs=[("out", "FLOAT")], properties=shown)
    data = lite.data(definitions={"subgraphs": [definition()]})
    document, _ = from_comfy_editor(data, REGISTRY)
    assert document.nodes["7"].inputs == {"seed": 9}
    assert document.layout["nodes"]["7"]["seeds"] == {"seed": "random"}
    assert document.subgraphs["Part"].interface.inputs["seed"] == "2.seed"


def test_two_instances_can_show_other_widgets_of_one_subgraph() -> None:
    lite = Lite()
    for node, inside in ((7, "5"), (8, "2")):
        widget = "bias" if inside == "5" else "seed"
        shown = {"proxyWidgets": [[inside, widget]]}
        lite.add(node, "u-1", [node], outputs=[("out", "FLOAT")], properties=shown)
    data = lite.data(definitions={"subgraphs": [definition()]})
    flat = expand(from_comfy_editor(data, REGISTRY)[0]).document.nodes
    assert (flat["7/5"].inputs["bias"], flat["8/5"].inputs["bias"]) == (7, 5.0)
    assert (flat["7/2"].inputs["seed"], flat["8/2"].inputs["seed"]) == (2, 8)


def test_another_count_of_values_is_said() -> None:
    for values in ([10.0], [10.0, 30.0, 1.0]):
        _, (remark,) = read(values)
        assert f"it has {len(values)} values" in remark


def test_word_behind_a_seed_is_no_value_of_an_instance() -> None:
    found, remarks = read([10, "fixed", 30.0])
    assert (found["7/1"]["value"], found["7/3"]["bias"], remarks) == (10, 30.0, ())


def test_linked_input_that_the_subgraph_lacks_is_said() -> None:
    lite = Lite().add(1, "PrimitiveNumber", [5.0], outputs=NUMBER)
    lite.add(7, "u-1", [], inputs=[("gone", "FLOAT", (1, 0))], outputs=[("out", "FLOAT")])
    data = lite.data(definitions={"subgraphs": [definition()]})
    document, (remark,) = from_comfy_editor(data, REGISTRY)
    assert document.nodes["7"].inputs == {}
    assert '"gone" is not an input of the subgraph "Part"' in remark


def test_input_that_leads_to_two_places_takes_no_name_of_another() -> None:
    inner = Lite()
    pair = [("a", "FLOAT", (-10, 0)), ("b", "FLOAT", (-10, 0))]
    inner.add(1, "Add", [0.0], inputs=pair, outputs=NUMBER)
    inner.add(2, "Slow", inputs=[("a", "FLOAT", (-10, 1))], outputs=NUMBER)
    ports = [("v", "FLOAT"), ("v (2)", "FLOAT")]
    part = inner.definition("u-2", "Part", ports, [])
    lite = Lite()
    for node in (1, 2):
        lite.add(node, "PrimitiveNumber", [node], outputs=NUMBER)
    lite.add(3, "u-2", inputs=[("v (2)", "FLOAT", (2, 0)), ("v", "FLOAT", (1, 0))])
    document, _ = from_comfy_editor(lite.data(definitions={"subgraphs": [part]}), REGISTRY)
    flat = expand(document).document.nodes
    assert flat["3/1"].inputs == {
        "bias": 0.0,
        "a": {"link": "1.value"},
        "b": {"link": "1.value"},
    }
    assert flat["3/2"].inputs == {"a": {"link": "2.value"}}


def test_muted_input_of_one_instance_takes_nothing_from_the_other() -> None:
    inner = Lite()
    inner.add(1, "Slow", inputs=[("a", "FLOAT", (-10, 0))], outputs=NUMBER)
    inner.add(2, "PrimitiveNumber", [2.0], outputs=NUMBER)
    inner.link((1, 0), (-20, 0), "FLOAT")
    inner.link((2, 0), (-20, 1), "FLOAT")
    outputs = [("slow", "FLOAT"), ("two", "FLOAT")]
    part = inner.definition("u-3", "Part", [("a", "FLOAT")], outputs)
    lite = Lite()
    lite.add(1, "PrimitiveNumber", [1.0], outputs=NUMBER)
    lite.add(2, "PrimitiveNumber", [1.0], outputs=NUMBER, mode=2)
    for node, origin in ((3, 1), (4, 2)):
        lite.add(node, "u-3", inputs=[("a", "FLOAT", (origin, 0))], outputs=outputs)
        for slot in (0, 1):
            lite.add(10 * node + slot, "Show", inputs=[("a", "FLOAT", (node, slot))])
    document, _ = from_comfy_editor(lite.data(definitions={"subgraphs": [part]}), REGISTRY)
    flat = expand(document)
    assert flat.problems == []
    assert set(flat.document.nodes) == {"1", "3/1", "3/2", "30", "31", "4/2", "41"}


def test_subgraphs_that_nest_too_deeply_are_refused() -> None:
    parts = [
        Lite().add(1, f"u-{n + 1}").definition(f"u-{n}", f"Part {n}", [], []) for n in range(61)
    ]
    with pytest.raises(DocumentError, match="more than 60 deep"):
        from_comfy_editor(Lite().data(definitions={"subgraphs": parts}), REGISTRY)
