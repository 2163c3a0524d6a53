"""Documents written in ComfyUI's API format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.comfy.api import from_comfy
from weft.engine.comfy.export import to_comfy
from weft.engine.declaration.registry import Registry
from weft.engine.errors import DocumentError
from weft.engine.graph.document import parse
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.registry import standard_registry

GRAPHS = sorted((Path(__file__).parents[3] / "graphs").glob("*.json"))
REGISTRY = standard_registry(packs=False)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return REGISTRY


def exported(registry: Registry, nodes: dict[str, Any], **more: Any) -> Any:
    return to_comfy(parse({"weft": 1, "nodes": nodes, **more}), registry)


def test_classes_inputs_and_slots_are_named_as_there(registry: Registry) -> None:
    found = exported(
        registry,
        {
            "m": {"type": "LoadCheckpoint", "inputs": {"ckpt_name": "a.safetensors"}},
            "p": {
                "type": "CLIPTextEncode",
                "title": "What is seen",
                "inputs": {"clip": {"link": "m.clip"}, "text": "a star"},
            },
        },
    )
    assert found.prompt == {
        "m": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
        "p": {
            "class_type": "CLIPTextEncode",
            "inputs": {"text": "a star", "clip": ["m", 1]},
            "_meta": {"title": "What is seen"},
        },
    }
    assert found.obstacles == ()


def test_required_values_are_written_though_they_are_our_defaults(registry: Registry) -> None:
    found = exported(registry, {"e": {"type": "EmptyLatentImage", "inputs": {}}})
    assert found.prompt["e"]["inputs"] == {"width": 512, "height": 512, "batch_size": 1}


def test_what_comfyui_lacks_is_an_obstacle_and_stays(registry: Registry) -> None:
    found = exported(
        registry,
        {"f": {"type": "Float", "inputs": {"value": 2.0}}, "x": {"type": "NoSuch", "inputs": {}}},
    )
    assert [type(entry["class_type"]) for entry in found.prompt.values()] == [str, str]
    assert found.prompt["x"] == {"class_type": "NoSuch", "inputs": {}}
    assert any("NoSuch" in each for each in found.obstacles)


def test_subgraph_is_written_as_its_nodes(registry: Registry) -> None:
    inner = {
        "nodes": {"a": {"type": "EmptyLatentImage", "inputs": {"width": 64}}},
        "interface": {"inputs": {"wide": "a.width"}, "outputs": {"latent": "a.latent"}},
    }
    found = exported(
        registry,
        {"s": {"type": "Blank", "inputs": {"wide": 128}}},
        subgraphs={"Blank": inner},
    )
    assert list(found.prompt) == ["s:a"]
    assert found.prompt["s:a"]["inputs"]["width"] == 128


def test_map_is_refused_by_name(registry: Registry) -> None:
    inner = {
        "nodes": {"a": {"type": "Float", "inputs": {}}},
        "interface": {"inputs": {"number": "a.value"}, "outputs": {}},
    }
    each = {"type": "One", "inputs": {"number": [1.0, 2.0]}, "map": {"over": ["number"]}}
    with pytest.raises(DocumentError, match='"each"') as caught:
        exported(registry, {"each": each}, subgraphs={"One": inner})
    assert caught.value.code == "comfy.map"


def plain(workflow: Workflow) -> dict[str, Any]:
    """Types and inputs, defaults written out."""
    flat: dict[str, Any] = {}
    for name, node in workflow.document.nodes.items():
        spec = REGISTRY.find(node.type)
        assert spec is not None
        inputs = {p.name: p.default for p in spec.parameters.values() if not p.required}
        inputs |= node.inputs
        flat[name] = (spec.type_id, {k: v for k, v in inputs.items() if v is not None})
    return flat


@pytest.mark.parametrize("file", GRAPHS, ids=lambda file: file.stem)
def test_graph_reads_back_as_it_was(registry: Registry, file: Any) -> None:
    workflow = Workflow.load(file, registry)
    if any(node.map or node.loop for node in workflow.document.nodes.values()):
        pytest.skip("maps and loops have no words there")
    if workflow.document.subgraphs:
        pytest.skip("subgraphs come back as their nodes")
    found = to_comfy(workflow.document, registry)
    assert plain(Workflow(from_comfy(found.prompt, registry))) == plain(workflow)


VALUES = {
    "INT": st.integers(-(2**63), 2**64 - 1),
    "FLOAT": st.floats(allow_nan=False, allow_infinity=False),
    "STRING": st.text(max_size=20),
    "BOOLEAN": st.booleans(),
}


@given(st.data())
def test_node_of_any_type_reads_back_with_the_values_it_had(data: st.DataObject) -> None:
    spec = data.draw(st.sampled_from(sorted(REGISTRY.values(), key=lambda each: each.type_id)))
    # Backslashes in names of files are those of Windows, and become slashes.
    text = st.text(st.characters(exclude_characters="\\"), max_size=20)
    inputs = {
        p.name: data.draw(text if p.file is not None else VALUES[p.type.name])
        for p in spec.parameters.values()
        if p.type.name in VALUES and data.draw(st.booleans())
    }
    document = parse({"weft": 1, "nodes": {"n": {"type": spec.type_id, "inputs": inputs}}})
    back = from_comfy(to_comfy(document, REGISTRY).prompt, REGISTRY)
    assert plain(Workflow(back)) == plain(Workflow(document))


def test_output_of_an_unknown_node_that_has_no_number_is_said(registry: Registry) -> None:
    nodes = {
        "x": {"type": "NoSuch", "inputs": {}},
        "y": {"type": "NoSuch", "inputs": {"a": {"link": "x.one"}, "b": {"link": "x.two"}}},
    }
    found = exported(registry, nodes)
    assert any('position of its output "two" is unknown' in each for each in found.obstacles)
    known = exported(registry, nodes, requires={"outputs": {"NoSuch": ["two", "one"]}})
    assert known.prompt["y"]["inputs"] == {"a": ["x", 1], "b": ["x", 0]}
    assert not any("position of its output" in each for each in known.obstacles)
