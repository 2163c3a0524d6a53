"""Axes from words, their product on a workflow, and what an engine runs of it."""

from __future__ import annotations

from typing import Any

import pytest

from weft.engine.errors import ValidationError
from weft.engine.events import NodeFinished
from weft.engine.files.workspace import Workspace
from weft.engine.workflows.sweep import MAX_COMBINATIONS, Axis, Sweep, make_sweep, parse_values
from weft.engine.workflows.workflow import Workflow

from ..toy import REGISTRY, engine, flow, link

SUM = {
    "n": ("Number", {"value": 2}),
    "d": ("Dice", {"seed": 7}),
    "s": ("Slow", {"a": "@n.value"}),
    "sum": ("Add", {"a": "@s.value", "b": "@d.value", "bias": 0}),
}


def axis(target: str, text: str) -> Axis:
    """An axis whose values are typed for nothing in particular."""
    return Axis(target, parse_values(text))


def codes(caught: pytest.ExceptionInfo[ValidationError]) -> list[str]:
    return [p.code for p in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3", (3,)),
        ("3,5,7", (3, 5, 7)),
        ("3, 5.5", (3, 5.5)),
        ("1..4", (1, 2, 3, 4)),
        ("1..2,9", (1, 2, 9)),
        ("-2..2..2", (-2, 0, 2)),
        ("4..1..-1", (4, 3, 2, 1)),
        ("5..5", (5,)),
        ("0..1..0.25", (0, 0.25, 0.5, 0.75, 1)),
        ("0..0.5..0.1", (0, 0.1, 0.2, 0.3, 0.4, 0.5)),
        ("1..2..0.4", (1, 1.4, 1.8)),
        ("1..2..1", (1, 2)),
        ("18446744073709551614..18446744073709551615", (2**64 - 2, 2**64 - 1)),
        ("true,null", (True, None)),
        ('"[1, 2]","[3]"', ([1, 2], [3])),
        ("random", ("random",)),
    ],
)
def test_values_of_a_list_are_these(text: str, values: tuple[Any, ...]) -> None:
    assert parse_values(text) == values


def test_values_of_fractions_are_floats_and_of_whole_numbers_integers() -> None:
    assert [type(v) for v in parse_values("0..1..0.5")] == [float] * 3
    assert [type(v) for v in parse_values("0..2")] == [int] * 3


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a red circle,a blue square", ("a red circle", "a blue square")),
        ('"a red circle, large",a blue square', ("a red circle, large", "a blue square")),
        ('say ""hi"" there', ('say ""hi"" there',)),
        ('"say ""hi""",x', ('say "hi"', "x")),
        ("1..4", ("1..4",)),
        ("007,7", ("007", "7")),
        (",blurry", ("", "blurry")),
        ("", ("",)),
        ('"two\nlines",one', ("two\nlines", "one")),
    ],
)
def test_values_of_a_text_stay_texts(text: str, values: tuple[str, ...]) -> None:
    prefix = REGISTRY["WriteText"].parameter("prefix")
    assert parse_values(text, prefix) == values


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "sweep.no_values"),
        ("3,,5", "sweep.no_values"),
        ("1..", "sweep.bad_range"),
        ("1..b", "sweep.bad_range"),
        ("1..2..3..4", "sweep.bad_range"),
        ("4..1", "sweep.bad_range"),
        ("1..4..0", "sweep.bad_range"),
        ("1..4..-1", "sweep.bad_range"),
        ("0.5..2", "sweep.bad_range"),
        ("0..1..1e-300", "sweep.too_many"),
        ("0..9e9999..0.1", "sweep.too_many"),
        ("1..99999999999999999999", "sweep.too_many"),
        ("1..6000,1..6000", "sweep.too_many"),
        ('"open', "sweep.bad_list"),
        ('"a" b,c', "sweep.bad_list"),
        ("a\nb", "sweep.bad_list"),
    ],
)
def test_values_that_cannot_be_read_are_refused_with_a_hint(text: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_values(text)
    assert codes(caught) == [code]
    assert caught.value.problems[0].hint


def test_sweep_is_the_product_with_the_last_axis_fastest() -> None:
    sweep = make_sweep(
        flow(**SUM),
        [axis("n.value", "1,2"), axis("sum.bias", "0..2"), axis("d.seed", "5")],
        REGISTRY,
    )
    assert len(sweep) == 6
    assert [a.target for a in sweep.axes] == ["n.value", "sum.bias"]
    assert [tuple(c.values.values()) for c in sweep] == [
        (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2),
    ]  # fmt: skip
    for cell in sweep:
        nodes = cell.workflow.document.nodes
        assert nodes["n"].inputs["value"] == cell.values["n.value"]
        assert nodes["sum"].inputs["bias"] == cell.values["sum.bias"]
        assert nodes["d"].inputs["seed"] == 5


def test_sweep_without_axes_is_the_workflow_once() -> None:
    (cell,) = make_sweep(flow(**SUM), [], REGISTRY)
    assert (cell.index, dict(cell.values)) == ((), {})
    assert cell.workflow.to_json() == flow(**SUM).to_json()


def test_sweep_runs_only_what_differs() -> None:
    sweep = make_sweep(
        flow(**SUM), [axis("sum.bias", "10,20,30"), axis("d.seed", "1..4")], REGISTRY
    )
    ran: list[str] = []

    def listen(event: Any) -> None:
        if isinstance(event, NodeFinished):
            ran.append(event.node)

    with engine() as e:
        results = [e.run(c.workflow, outputs=["sum.value"], on_event=listen) for c in sweep]
    assert [r["sum.value"] for r in results] == [
        2 + bias + seed for bias in (10, 20, 30) for seed in (1, 2, 3, 4)
    ]
    assert {n: ran.count(n) for n in SUM} == {"n": 1, "s": 1, "d": 4, "sum": 12}


def test_sweep_draws_a_random_seed_once_for_all_combinations() -> None:
    draws = iter((11, 22, 33, 44))
    workflow = flow(**SUM).set("d.seed", "random")
    fixed = make_sweep(workflow, [axis("n.value", "1,2")], REGISTRY, lambda: next(draws))
    assert [c.workflow.document.nodes["d"].inputs["seed"] for c in fixed] == [11, 11]
    varied = make_sweep(
        workflow,
        [Axis("d.seed", ("random", 5, "random")), axis("n.value", "1,2")],
        REGISTRY,
        lambda: next(draws),
    )
    assert varied.axes[0].values == (22, 5, 33)
    assert varied.labels()[0] == ("seed 22", "seed 5", "seed 33")


def test_sweep_labels_axes_of_one_name_by_their_target() -> None:
    workflow = flow(a=("Number", {}), b=("Number", {}), c=("WriteText", {"text": "x"}))
    sweep = make_sweep(
        workflow,
        [axis("a.value", "1,2.5"), axis("b.value", "true,2"), Axis("c.prefix", ("a\n b", ""), "p")],
        REGISTRY,
    )
    assert sweep.labels() == (
        ("a.value 1", "a.value 2.5"),
        ("b.value true", "b.value 2"),
        ("p a b", "p"),
    )


def test_sweep_that_cannot_be_names_every_axis_concerned() -> None:
    with pytest.raises(ValidationError) as caught:
        make_sweep(
            flow(**SUM),
            [
                axis("n.value", "1,2"),
                axis("n.val", "3,4"),  # the same input by its other name
                axis("nobody.value", "1,2"),
                Axis("sum.bias", ()),
            ],
            REGISTRY,
        )
    assert codes(caught) == ["sweep.duplicate_axis", "graph.unknown_node", "sweep.no_values"]


def test_sweep_with_too_many_combinations_is_refused() -> None:
    longest = f"1..{MAX_COMBINATIONS // 2}"
    assert len(make_sweep(flow(**SUM), [axis("n.value", "1,2"), axis("d.seed", longest)], REGISTRY))
    with pytest.raises(ValidationError) as caught:
        make_sweep(flow(**SUM), [axis("n.value", "1,2,3"), axis("d.seed", longest)], REGISTRY)
    assert codes(caught) == ["sweep.too_many"]
    assert "3 x 5000 = 15000" in str(caught.value)


def test_sweep_problems_name_each_bad_value_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = make_sweep(
        flow(**SUM),
        [axis("n.value", "1,9e9,x,2"), axis("sum.bias", "0..9"), axis("d.seed", "-1,3,4")],
        REGISTRY,
    )
    looked: list[Any] = []
    cell = Sweep.cell
    monkeypatch.setattr(Sweep, "cell", lambda s, i: looked.append(i) or cell(s, i))
    found = sweep.problems(REGISTRY, Workspace(), ["sum.value"])
    assert [(p.code, p.node) for p in found] == [
        ("params.out_of_range", "d"),
        ("params.out_of_range", "n"),
        ("params.type", "n"),
    ]
    assert len(looked) == 1 + 3 + 9 + 2


def test_sweep_varies_the_inputs_of_subgraphs() -> None:
    def workflow(seed: Any) -> Workflow:
        nodes = {
            "one": {"type": "Number", "inputs": {"value": 1}},
            "two": {"type": "Number", "inputs": {"value": 2}},
            "dice": {"type": "Dice", "inputs": {"seed": seed}},
            "sum": {
                "type": "Sum",
                "inputs": {"items": [link("one.value"), link("two.value"), link("dice.value")]},
            },
        }
        interface = {
            "inputs": {"x": "one.value", "y": "two.value"},
            "outputs": {"sum": "sum.value"},
        }
        return Workflow.from_json(
            {
                "subgraphs": {"Inner": {"nodes": nodes, "interface": interface}},
                "nodes": {"first": {"type": "Inner"}},
                "interface": {"outputs": {"sum": "first.sum"}},
            }
        )

    axes = [axis("first.x", "10,20"), axis("first.y", "1..3")]
    for seed, drawn in ((5, 5), ("random", 7)):
        sweep = make_sweep(workflow(seed), axes, REGISTRY, lambda: 7)
        assert sweep.problems(REGISTRY, None, ["first/sum.value"]) == []
        with engine() as e:
            sums = [e.run(cell.workflow, outputs=["first/sum.value"]) for cell in sweep]
        assert [r["first/sum.value"] for r in sums] == [
            x + y + drawn for x in (10, 20) for y in (1, 2, 3)
        ]
    bad = make_sweep(workflow(5), [axis("first.x", "1,9e9")], REGISTRY)
    assert [p.code for p in bad.problems(REGISTRY, None, None)] == ["params.out_of_range"]
