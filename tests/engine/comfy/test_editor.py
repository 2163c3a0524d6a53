"""Files of ComfyUI's editor: what runs, what is drawn, and files that are damaged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.comfy.editor import from_comfy_editor, is_comfy_editor
from weft.engine.errors import DocumentError
from weft.engine.graph.expand import expand
from weft.engine.workflows.workflow import Workflow

from ...lite import Lite
from ..toy import REGISTRY

NUMBER = [("FLOAT", "FLOAT")]


def read(data: dict[str, Any]) -> dict[str, Any]:
    document, remarks = from_comfy_editor(data, REGISTRY)
    assert remarks == ()
    return Workflow(document).to_json()


def number(lite: Lite, node: int, value: float, **more: Any) -> None:
    lite.add(node, "PrimitiveNumber", [value], outputs=NUMBER, **more)


def show(lite: Lite, node: int, origin: tuple[int, int]) -> None:
    lite.add(node, "Show", inputs=[("a", "FLOAT", origin)])


def through(lite: Lite, node: int, kind: str, origin: tuple[int, int], **more: Any) -> None:
    lite.add(node, kind, inputs=[("a", "FLOAT", origin)], outputs=NUMBER, **more)


def test_values_and_links_get_their_names() -> None:
    lite = Lite()
    number(lite, 1, 5)
    lite.add(2, "Split", inputs=[("a", "FLOAT", (1, 0))], outputs=NUMBER * 2, title="Both")
    pair = [("a", "FLOAT", (2, 1)), ("b", "FLOAT", (2, 0))]
    lite.add(3, "Add", [0.5], inputs=pair, outputs=NUMBER)
    show(lite, 4, (3, 0))
    made = read(lite.data())
    assert made["nodes"] == {
        "1": {"type": "Number", "inputs": {"value": 5}},
        "2": {"type": "Split", "title": "Both", "inputs": {"a": {"link": "1.value"}}},
        "3": {
            "type": "Add",
            "inputs": {"bias": 0.5, "a": {"link": "2.high"}, "b": {"link": "2.low"}},
        },
        "4": {"type": "Show", "inputs": {"a": {"link": "3.value"}}},
    }
    assert made["layout"]["nodes"]["2"] == {"x": 201, "y": 40}
    assert Workflow.from_json(lite.data(), REGISTRY).validate(REGISTRY) == []


def test_links_as_objects_and_places_as_objects_are_read() -> None:
    lite = Lite()
    number(lite, 1, 5, pos={"0": 7, "1": 8})
    show(lite, 2, (1, 0))
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    data = lite.data(version=1)
    data["links"] = [dict(zip(names, link, strict=True)) for link in data["links"]]
    made = read(data)
    assert made["nodes"]["2"]["inputs"] == {"a": {"link": "1.value"}}
    assert made["layout"]["nodes"]["1"] == {"x": 7, "y": 8}


def test_word_after_a_seed_is_what_it_does_after_each_run() -> None:
    lite = Lite().add(1, "Dice", [7, "randomize"], outputs=[("INT", "INT")])
    show(lite, 2, (1, 0))
    made = read(lite.data())
    assert made["nodes"]["1"]["inputs"] == {"seed": 7}
    assert made["layout"]["nodes"]["1"]["seeds"] == {"seed": "random"}


def test_seed_that_counts_down_is_fixed_and_said() -> None:
    lite = Lite().add(1, "Dice", [7, "decrement"], outputs=[("INT", "INT")])
    document, remarks = from_comfy_editor(lite.data(), REGISTRY)
    assert document.layout["nodes"]["1"]["seeds"] == {"seed": "fixed"}
    assert len(remarks) == 1
    assert "seed decreased" in remarks[0]


def test_primitive_is_the_value_where_it_leads() -> None:
    lite = Lite().add(1, "PrimitiveNode", [4.5, "fixed"], outputs=NUMBER)
    number(lite, 2, 1.0)
    lite.nodes[-1]["inputs"] = [
        {"name": "value", "type": "FLOAT", "link": 0, "widget": {"name": "value"}}
    ]
    lite.link((1, 0), (2, 0), "FLOAT")
    show(lite, 3, (2, 0))
    assert read(lite.data())["nodes"] == {
        "2": {"type": "Number", "inputs": {"value": 4.5}},
        "3": {"type": "Show", "inputs": {"a": {"link": "2.value"}}},
    }


def test_links_go_past_reroutes_bypassed_nodes_and_stored_values() -> None:
    lite = Lite()
    number(lite, 1, 5)
    lite.add(2, "Reroute", inputs=[("", "*", (1, 0))], outputs=[("", "FLOAT")])
    through(lite, 3, "Slow", (2, 0), mode=4)
    lite.add(4, "SetNode", ["five"], inputs=[("FLOAT", "FLOAT", (3, 0))], outputs=[("*", "*")])
    lite.add(5, "GetNode", ["five"], outputs=NUMBER)
    show(lite, 6, (5, 0))
    made = read(lite.data())
    assert set(made["nodes"]) == {"1", "6"}
    assert made["nodes"]["6"]["inputs"] == {"a": {"link": "1.value"}}
    aside = made["layout"]["aside"]
    assert aside["nodes"] == {
        "2": {"type": "@reroute", "inputs": {"in": {"link": "1.value"}}},
        "3": {"type": "Slow", "inputs": {"a": {"link": "2.out"}}},
    }
    assert made["layout"]["nodes"]["3"]["mode"] == "bypass"


def test_link_past_a_reroute_is_kept_as_drawn() -> None:
    lite = Lite()
    number(lite, 1, 5)
    lite.add(2, "Reroute", inputs=[("", "*", (1, 0))], outputs=[("", "FLOAT")])
    show(lite, 3, (2, 0))
    aside = read(lite.data())["layout"]["aside"]
    assert aside["inputs"] == {"3.a": {"value": {"link": "2.out"}, "now": {"link": "1.value"}}}


def test_bypassed_node_passes_on_the_input_of_its_outputs_type() -> None:
    lite = Lite()
    number(lite, 1, 5)
    lite.add(2, "Wrap", inputs=[("a", "FLOAT", (1, 0))], outputs=[("OPAQUE", "OPAQUE")])
    pair = [("other", "OPAQUE", (2, 0)), ("a", "FLOAT", (1, 0))]
    lite.add(3, "Mystery", inputs=pair, outputs=NUMBER, mode=4)
    show(lite, 4, (3, 0))
    assert read(lite.data())["nodes"]["4"]["inputs"] == {"a": {"link": "1.value"}}


def test_muted_node_takes_with_it_what_needs_it() -> None:
    lite = Lite()
    number(lite, 1, 5, mode=2)
    through(lite, 2, "Slow", (1, 0))
    show(lite, 3, (2, 0))
    number(lite, 4, 6)
    show(lite, 5, (4, 0))
    made = read(lite.data())
    assert set(made["nodes"]) == {"4", "5"}
    assert set(made["layout"]["aside"]["nodes"]) == {"1", "2", "3"}
    assert made["layout"]["nodes"]["1"]["mode"] == "mute"
    assert "mode" not in made["layout"]["nodes"]["2"]


def test_notes_and_groups_are_drawn_and_do_not_run() -> None:
    lite = (
        Lite().add(1, "Note", ["Try others."]).add(2, "MarkdownNote", ["# Title"], size=[300, 90])
    )
    number(lite, 3, 1)
    show(lite, 4, (3, 0))
    data = lite.data(groups=[{"title": "All", "bounding": [1, 2, 300, 200], "color": "#3f789e"}])
    made = read(data)
    assert set(made["nodes"]) == {"3", "4"}
    assert made["layout"]["notes"]["2"] == {
        "x": 201,
        "y": 40,
        "width": 300,
        "height": 90,
        "text": "# Title",
    }
    (group,) = made["layout"]["groups"].values()
    assert group == {"x": 1, "y": 2, "width": 300, "height": 200, "title": "All", "color": 1}


def test_models_with_addresses_are_what_the_document_requires() -> None:
    model = {"name": "a.safetensors", "url": "https://example.com/a", "directory": "vae"}
    lite = Lite()
    number(lite, 1, 1, properties={"models": [model, model, {"name": 3}, None], "ver": "0.3"})
    show(lite, 2, (1, 0))
    assert read(lite.data())["requires"] == {
        "models": [{"kind": "vae", "name": "a.safetensors", "url": "https://example.com/a"}]
    }


def test_packs_of_types_that_are_not_here_are_what_the_document_requires() -> None:
    lite = Lite()
    number(lite, 1, 1, properties={"cnr_id": "comfy-core"})
    through(lite, 2, "Far", (1, 0), properties={"cnr_id": "far-pack", "aux_id": "a/far"})
    through(lite, 3, "Farther", (2, 0), properties={"aux_id": "b/farther"})
    through(lite, 4, "Farthest", (3, 0), properties={"cnr_id": 7, "aux_id": ""})
    show(lite, 5, (4, 0))
    data = lite.data()
    document, _ = from_comfy_editor(data, REGISTRY)
    assert document.requires == {"packs": {"Far": "far-pack", "Farther": "b/farther"}}


@pytest.mark.parametrize(
    ("color", "hue"),
    [("#322", 6), ("#232", 3), ("#335", 0), ("#3f789e", 1), ("#353", 3), ("#432", 5), ("#323", 7)],
)
def test_color_becomes_the_nearest_hue(color: str, hue: int) -> None:
    lite = Lite()
    number(lite, 1, 1, color=color)
    show(lite, 2, (1, 0))
    data = lite.data(groups=[{"title": "", "bounding": [0, 0, 1, 1], "color": color}])
    layout = read(data)["layout"]
    assert layout["nodes"]["1"]["color"] == hue
    assert layout["groups"]["group-1"]["color"] == hue


@pytest.mark.parametrize("color", ["#444", "#000", "red", "#12", "", "#zzzzzz"])
def test_grey_or_no_color_is_left_out(color: str) -> None:
    lite = Lite()
    number(lite, 1, 1, color=color)
    show(lite, 2, (1, 0))
    assert "color" not in read(lite.data())["layout"]["nodes"]["1"]


def test_unknown_node_keeps_its_values_under_the_names_that_the_file_has() -> None:
    lite = Lite().add(
        1,
        "Mystery",
        [3, "randomize", "sharp"],
        inputs=[("seed", "INT", None), ("mode", "COMBO", None)],
        widgets=["seed", "mode"],
        outputs=[("a.b", "FLOAT")],
    )
    lite.add(2, "Older", [3, "sharp"], outputs=NUMBER)
    show(lite, 3, (1, 0))
    workflow = Workflow.from_json(lite.data(), REGISTRY)
    nodes = workflow.to_json()["nodes"]
    assert nodes["1"] == {"type": "Mystery", "inputs": {"seed": 3, "mode": "sharp"}}
    assert nodes["2"]["inputs"] == {"widget_0": 3, "widget_1": "sharp"}
    assert nodes["3"]["inputs"] == {"a": {"link": "1.a_b"}}
    assert {p.code for p in workflow.validate(REGISTRY)} == {"graph.unknown_type"}


def test_values_that_a_node_does_not_take_are_said() -> None:
    lite = Lite()
    number(lite, 1, 5)
    lite.nodes[-1]["widgets_values"] = [5, "image", None, 3]
    document, remarks = from_comfy_editor(lite.data(), REGISTRY)
    assert document.nodes["1"].inputs == {"value": 5}
    assert len(remarks) == 1
    assert "left out" in remarks[0]


def subgraph() -> dict[str, Any]:
    """Twice its input, plus one."""
    inner = Lite()
    pair = [("a", "FLOAT", (-10, 0)), ("b", "FLOAT", (-10, 0))]
    inner.add(1, "Add", [0.0], inputs=pair, outputs=NUMBER)
    inner.add(
        2,
        "Add",
        [1.0],
        inputs=[("a", "FLOAT", (1, 0)), ("b", "FLOAT", (1, 0)), ("bias", "FLOAT", (-10, 1))],
        widgets=["bias"],
        outputs=NUMBER,
    )
    inner.link((2, 0), (-20, 0), "FLOAT")
    inner.link((-10, 0), (-20, 1), "FLOAT")
    ports = [("value", "FLOAT"), ("bias", "FLOAT")]
    return inner.definition("f3-9", "Double", ports, [("twice", "FLOAT"), ("same", "FLOAT")])


def instance(lite: Lite, node: int, origin: tuple[int, int], values: Any = None) -> None:
    lite.add(
        node,
        "f3-9",
        values,
        inputs=[("value", "FLOAT", origin), ("bias", "FLOAT", None)],
        widgets=["bias"],
        outputs=[("twice", "FLOAT"), ("same", "FLOAT")],
    )


def test_subgraph_becomes_a_subgraph_and_its_inputs_go_wherever_they_went() -> None:
    lite = Lite()
    number(lite, 1, 5)
    instance(lite, 2, (1, 0), [7.0])
    show(lite, 3, (2, 0))
    show(lite, 4, (2, 1))
    workflow = Workflow.from_json(
        lite.data(definitions={"subgraphs": [subgraph()]}, version=1), REGISTRY
    )
    made = workflow.to_json()
    assert made["nodes"]["2"] == {
        "type": "Double",
        "inputs": {
            "value": {"link": "1.value"},
            "value (2)": {"link": "1.value"},
            "bias": 7.0,
        },
    }
    assert made["subgraphs"]["Double"]["interface"] == {
        "inputs": {"value": "1.a", "value (2)": "1.b", "bias": "2.bias"},
        "outputs": {"twice": "2.value"},
    }
    assert made["nodes"]["4"]["inputs"] == {"a": {"link": "1.value"}}  # handed straight on
    assert workflow.validate(REGISTRY) == []
    flat = expand(workflow.document).document.nodes
    assert flat["2/2"].inputs["bias"] == 7.0
    assert made["layout"]["subgraphs"]["Double"]["nodes"]["1"] == {"x": 100, "y": 40}


def test_value_of_an_instance_that_it_does_not_say_is_that_of_the_subgraph() -> None:
    lite = Lite()
    number(lite, 1, 5)
    instance(lite, 2, (1, 0))
    show(lite, 3, (2, 0))
    workflow = Workflow.from_json(lite.data(definitions={"subgraphs": [subgraph()]}), REGISTRY)
    assert "bias" not in workflow.document.nodes["2"].inputs
    assert expand(workflow.document).document.nodes["2/2"].inputs["bias"] == 1.0


def test_subgraphs_inside_of_each_other_are_refused_by_validation() -> None:
    definitions = []
    for key, other in (("A-1", "B-1"), ("B-1", "A-1")):
        inner = Lite().add(1, other, inputs=[("v", "FLOAT", (-10, 0))], outputs=NUMBER)
        inner.link((1, 0), (-20, 0), "FLOAT")
        definitions.append(inner.definition(key, key[0], [("v", "FLOAT")], [("v", "FLOAT")]))
    lite = Lite()
    number(lite, 1, 5)
    lite.add(2, "A-1", inputs=[("v", "FLOAT", (1, 0))], outputs=NUMBER)
    show(lite, 3, (2, 0))
    workflow = Workflow.from_json(lite.data(definitions={"subgraphs": definitions}), REGISTRY)
    assert "graph.recursive_subgraph" in {p.code for p in workflow.validate(REGISTRY)}


def test_subgraph_with_the_name_of_a_node_gets_another() -> None:
    definition = {**subgraph(), "name": "Number"}
    lite = Lite()
    number(lite, 1, 5)
    instance(lite, 2, (1, 0))
    show(lite, 3, (2, 0))
    made = read(lite.data(definitions={"subgraphs": [definition]}))
    assert made["nodes"]["2"]["type"] == "Number (2)"
    assert list(made["subgraphs"]) == ["Number (2)"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nodes": [{"id": 1}]}, "nodes.0.type"),
        ({"nodes": [{"id": None, "type": "A"}]}, "nodes.0.id"),
        ({"links": [[1, 2]]}, "links.0"),
        ({"links": 3}, "links"),
        ({"nodes": [{"id": 1, "type": "A", "pos": ["x", None]}]}, "nodes.0.pos"),
        ({"groups": [{"bounding": [1, 2]}]}, "groups.0.bounding"),
        ({"definitions": {"subgraphs": [{}]}}, "definitions.subgraphs.0"),
    ],
)
def test_damaged_file_is_refused_with_the_place(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DocumentError, match="damaged") as caught:
        Workflow.from_json({"nodes": [], "links": [], **change}, REGISTRY)
    assert said in str(caught.value)


def test_two_nodes_with_one_id_are_refused() -> None:
    lite = Lite()
    number(lite, 1, 5)
    number(lite, 1, 6)
    with pytest.raises(DocumentError, match="have the id 1"):
        Workflow.from_json(lite.data(), REGISTRY)


def test_reroutes_in_a_circle_lead_nowhere() -> None:
    lite = Lite()
    lite.add(1, "Reroute", inputs=[("", "*", (2, 0))], outputs=[("", "*")])
    lite.add(2, "Reroute", inputs=[("", "*", (1, 0))], outputs=[("", "*")])
    show(lite, 3, (1, 0))
    assert read(lite.data())["nodes"]["3"]["inputs"] == {}


slots = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["a", "b", "bias", "value", "", "x.y"]),
            "type": st.sampled_from(["FLOAT", "*", 0, None]),
            "link": st.none() | st.integers(0, 12),
        }
    ),
    max_size=3,
)
nodes = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(0, 9),
            "type": st.sampled_from(
                [
                    "Number",
                    "Add",
                    "Show",
                    "Reroute",
                    "GetNode",
                    "SetNode",
                    "PrimitiveNode",
                    "Note",
                    "Mystery",
                    "f3-9",
                ]
            ),
            "mode": st.sampled_from([0, 2, 4, 7]),
            "inputs": slots,
            "outputs": slots,
            "widgets_values": st.none()
            | st.lists(st.sampled_from([1, "fixed", None, [], {}, "five"]), max_size=3)
            | st.just({"value": 3}),
        }
    ),
    max_size=8,
    unique_by=lambda node: node["id"],
)
links = st.lists(
    st.tuples(*[st.integers(0, 12)] * 2, st.integers(0, 3), st.integers(0, 9), st.integers(0, 3)),
    max_size=13,
)


@given(nodes, links, nodes, links)
def test_whatever_is_linked_a_document_comes_out(
    root: Any, root_links: Any, inner: Any, inner_links: Any
) -> None:
    definition = {
        **subgraph(),
        "nodes": inner,
        "links": [[*link, "*"] for link in inner_links],
    }
    data = {
        "nodes": root,
        "links": [[*link, "*"] for link in root_links],
        "definitions": {"subgraphs": [definition]},
    }
    assert is_comfy_editor(data)
    workflow = Workflow.from_json(data, REGISTRY)
    workflow.validate(REGISTRY)
    again = Workflow.from_json(workflow.to_json())
    assert again.document == workflow.document
