"""What a node would refuse when it runs is refused before anything runs, and published."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from tests.cases.places import case
from weft.cli.main import main
from weft.engine.declaration.node import NodeSpec, Parameter
from weft.engine.declaration.schema import node_schema
from weft.engine.declaration.widgets import Range
from weft.engine.workflows.workflow import Workflow
from weft.nodes import fixtures
from weft.nodes.standard.registry import standard_registry
from weft.server.comfy.classes import input_info

REGISTRY = standard_registry()
# What they refuse depends on the model or the image that is linked, which no schema knows.
BY_INPUT = {
    "LatentUpscaleBy", "LatentCrop", "LatentComposite", "LatentCut", "LatentFromBatch",
    "ImageScaleBy", "ImageCrop", "ImageFromBatch", "CropMask", "CLIPSetLastLayer",
    "SkipLayerGuidanceSD3", "SkipLayerGuidance", "SkipLayerGuidanceDiTSimple", "ModelSamplingSD3",
    "ModelSamplingAuraFlow", "ModelSamplingFlux", "ControlNetInpaintingAliMamaApply",
}  # fmt: skip


def test_width_of_130_is_refused_at_validation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(case("files/width-130.json"))]) == 2
    out, err = capsys.readouterr()
    assert 'Node c (EmptyLatentImage), "width": got 130' in out + err
    assert "multiples of 8: 128 or 136" in out + err


@pytest.mark.parametrize("type_id", ["EmptyLatentImage", "EmptySD3LatentImage"])
def test_multiple_is_published_everywhere(type_id: str) -> None:
    spec = REGISTRY[type_id]
    assert node_schema(spec)["inputs"]["width"]["multiple"] == 8
    options = input_info(spec.parameters["width"], {})[1]
    assert options["step"] % 8 == 0


@pytest.mark.parametrize(
    ("value", "allowed"),
    [(16, True), (24, True), (17, False), (8, False), (0, False), (16384, True), (16380, False)],
)
def test_multiple_of_eight(value: int, allowed: bool) -> None:
    width = REGISTRY["EmptyLatentImage"].parameters["width"]
    assert (width.misfit(value) is None) == allowed


def test_bound_that_is_itself_not_allowed_says_so() -> None:
    assert Range(0, 1, above=True).problem(0) == "allowed above 0 to 1"
    assert Range(0, 1, above=True).problem(0.001) is None
    assert Range(0, above=True).problem(0) == "allowed above 0"


@pytest.mark.parametrize(
    ("type_id", "inputs", "words"),
    [
        ("ImageScale", {"width": 0, "height": 0}, "both 0"),
        ("LatentUpscale", {"width": 4}, "width is 4"),
        ("Canny", {"low": 0.9}, "low is 0.9"),
        ("Canny", {"low_threshold": 0.9}, "low is 0.9"),
        ("ConditioningSetTimestepRange", {"start": 0.8, "end": 0.2}, "start is 0.8"),
        ("ApplyControlNet", {"start_percent": 1, "end_percent": 0.5}, "start_percent is 1"),
        ("KarrasScheduler", {"sigma_min": 20}, "sigma_min is 20"),
        ("ModelSamplingContinuousEDM", {"sigma_min": 120, "sigma_max": 120}, "below sigma_max"),
        ("ImageUpscaleWithModel", {"tile_size": 64, "overlap": 40}, "at most 32"),
    ],
)
def test_values_that_do_not_go_together_are_refused_at_validation(
    type_id: str, inputs: dict[str, Any], words: str
) -> None:
    data = {"weft": 1, "nodes": {"n": {"type": type_id, "inputs": inputs}}}
    problems = Workflow.from_json(data).validate(REGISTRY)
    found = [p for p in problems if p.code == "params.do_not_fit"]
    assert [p.node for p in found] == ["n"]
    assert words in found[0].message


def test_linked_value_is_left_to_the_run() -> None:
    data = {
        "weft": 1,
        "nodes": {
            "f": {"type": "Float", "inputs": {"value": 0.9}},
            "n": {"type": "Canny", "inputs": {"low": {"link": "f.value"}}},
        },
    }
    problems = Workflow.from_json(data).validate(REGISTRY)
    assert "params.do_not_fit" not in {p.code for p in problems}


def edges(parameter: Parameter) -> list[Any]:
    """Values at the bounds of a parameter that its declaration allows."""
    found: list[Any] = []
    for widget in parameter.widgets:
        if isinstance(widget, Range):
            low, high = widget.low, widget.high
            step = widget.step or widget.multiple or (1 if parameter.type.name == "INT" else 0.01)
            values = [low, high, None if low is None else low + step]
            found += [v for v in values if v is not None]
    if parameter.type.name == "INT":
        found = [int(v) for v in found]
    return [v for v in dict.fromkeys(found) if parameter.misfit(v) is None]


def plain_nodes() -> list[NodeSpec]:
    """Nodes that can be called with values made here, quickly."""
    return [
        spec
        for spec in REGISTRY.values()
        if not any(
            p.is_socket and p.required and p.type.name not in SOCKETS
            for p in spec.parameters.values()
        )
        and not (spec.effects or spec.is_async or spec.run_parameter or spec.files)
        and spec.type_id not in BY_INPUT
    ]


SOCKETS = {"IMAGE", "MASK", "LATENT", "CONDITIONING"}


@pytest.mark.parametrize("spec", plain_nodes(), ids=lambda spec: spec.type_id)
def test_node_takes_every_bound_that_its_schema_allows(spec: NodeSpec) -> None:
    base: dict[str, Any] = {}
    for parameter in spec.parameters.values():
        if parameter.is_socket and parameter.required:
            base[parameter.name] = fixtures.value(parameter.type.name)
        elif parameter.required:
            base[parameter.name] = "x" if parameter.type.name == "STRING" else 1
        else:
            base[parameter.name] = parameter.default
    large = {"batch_size", "amount", "multiplier"}  # their upper bound is a matter of memory
    for parameter in spec.parameters.values():
        for value in edges(parameter):
            if isinstance(value, int) and value > 512 and parameter.name != "steps":
                continue
            if parameter.name in large and value > 8:
                continue
            values = {**base, parameter.name: value}
            rule = spec.refuses
            if rule is not None and rule(
                **{n: values[n] for n in inspect.signature(rule).parameters}
            ):
                continue
            spec.function(**values)


def test_schema_with_rules_is_json() -> None:
    json.dumps([node_schema(spec) for spec in REGISTRY.values()])
