"""A map gives what separate runs give, one item at a time; a loop gives what its rounds give."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.engine.cancel import CancelToken
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import InputFile
from weft.engine.engine import Engine
from weft.engine.errors import Cancelled, NodeError, RunError, ValidationError
from weft.engine.events import Event, NodeCached, NodeFailed, NodeFinished, NodeStarted
from weft.engine.files.workspace import Workspace
from weft.engine.graph import expand
from weft.engine.graph.document import dump, parse
from weft.engine.running.gate import UNDER_WAY
from weft.engine.testing import EventLog
from weft.engine.workflows.workflow import Workflow

from .. import toy
from ..toy import engine, link, run


@node("Picky", category="toy")
def picky(a: float) -> float:
    """Refuse negative numbers.

    Args:
        a: A number.
    """
    if a < 0:
        raise NodeError(f"{a} is negative.", code="toy.negative", port="a")
    return a


@node("Length", category="toy", effects=["reads"], lane="io")
def length(run: toy.Run, *, file: Annotated[str, InputFile()]) -> float:
    """Count the letters of a file.

    Args:
        file: Its name.
    """
    return float(len(run.workspace.input(file).read_text()))


@node("Album", category="toy", lane="inline")
def album(pictures: list[toy.Picture]) -> int:
    """Count pictures.

    Args:
        pictures: Pictures.
    """
    return len(pictures)


def body(**nodes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"nodes": toy.flow(**nodes).to_json()["nodes"]}


STEP = {
    **body(one=("Picky", {"a": 0.0}), two=("Slow", {"a": "@one.value"}),
           out=("Add", {"a": "@two.value", "b": 1.0})),
    "interface": {"inputs": {"x": "one.a", "bias": "out.bias", "b": "out.b"},
                  "outputs": {"x": "out.value", "early": "one.value"}},
}  # fmt: skip
THROW = {**body(d=("Dice", {"seed": "random"})), "interface": {"outputs": {"eyes": "d.value"},
         "inputs": {"seed": "d.seed"}}}  # fmt: skip
COUNT = {**body(l=("Length", {"file": "none"})),
         "interface": {"inputs": {"file": "l.file"}, "outputs": {"n": "l.value"}}}  # fmt: skip
ROLL = {**body(d=("Dice", {"seed": "random"}), s=("Add", {"a": "@d.value", "b": 0.0})),
        "interface": {"inputs": {"x": "s.b"}, "outputs": {"eyes": "d.value"}}}  # fmt: skip
SUBGRAPHS = {"Step": STEP, "Throw": THROW, "Count": COUNT, "Roll": ROLL}


def workflow(nodes: dict[str, Any], **more: Any) -> Workflow:
    return Workflow.from_json({"weft": 1, "nodes": nodes, "subgraphs": SUBGRAPHS, **more})


def mapped(values: Any, on_error: str = "stop", **inputs: Any) -> Workflow:
    each = {"type": "Step", "inputs": {"x": values, **inputs},
            "map": {"over": ["x"], "on_error": on_error}}  # fmt: skip
    total = {"type": "Sum", "inputs": {"items": link("each.x")}}
    return workflow({"each": each, "sum": total}, interface={"outputs": {"all": "each.x"}})


def make(**options: Any) -> Engine:
    return engine(nodes=[picky, length, album], **options)


def problems(flow: Workflow) -> list[str]:
    with make() as e, pytest.raises(ValidationError) as caught:
        e.run(flow)
    return [p.code for p in caught.value.problems]


# -- maps ---------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.lists(st.integers(0, 9).map(float), min_size=1, max_size=25))
def test_map_gives_what_separate_runs_give(values: list[float]) -> None:
    with make() as e:
        result, _ = run(e, mapped(values, bias=0.5))
        alone = [
            run(e, workflow({"s": {"type": "Step", "inputs": {"x": v, "bias": 0.5}}}), "s.x")[0]
            for v in values
        ]
    assert result["all"] == [each["s.x"] for each in alone]
    assert all(not each.ran for each in alone)  # the map left them in the cache


def test_map_output_flows_into_a_node_that_takes_a_list() -> None:
    with make() as e:
        result, _ = run(e, mapped([1.0, 2.0, 3.0]), "sum.value")
    assert result["sum.value"] == 9.0


def test_map_items_may_be_links() -> None:
    flow = mapped([link("n.value"), link("m.value")])
    nodes = {
        **flow.to_json()["nodes"],
        "n": {"type": "Number", "inputs": {"value": 4.0}},
        "m": {"type": "Number", "inputs": {"value": 6.0}},
    }
    with make() as e:
        assert run(e, workflow(nodes), "each.x")[0]["each.x"] == [5.0, 7.0]


def test_map_over_two_inputs_goes_side_by_side() -> None:
    each = {"type": "Step", "inputs": {"x": [1.0, 2.0], "b": [10.0, 20.0]},
            "map": {"over": ["x", "b"]}}  # fmt: skip
    with make() as e:
        assert run(e, workflow({"e": each}), "e.x")[0]["e.x"] == [11.0, 22.0]


def test_map_changed_in_one_item_runs_only_that_item() -> None:
    with make() as e:
        run(e, mapped([1.0, 2.0, 3.0]))
        _, log = run(e, mapped([1.0, 5.0, 3.0]))
    assert {name for name in log.ran if "/" in name and "*" not in name} == {
        "each/1/one",
        "each/1/two",
        "each/1/out",
    }


def test_map_keeps_few_items_under_way() -> None:
    begun: set[str] = set()
    under_way: list[int] = []

    def listen(event: Event) -> None:
        if isinstance(event, NodeStarted | NodeCached | NodeFinished):
            item = event.node.rpartition("/")[0]
            if event.node.startswith("each/") and "*" not in event.node:
                begun.add(item)
                if isinstance(event, NodeFinished) and event.node.endswith("out"):
                    begun.discard(item)
                under_way.append(len(begun))

    with make() as e:
        e.run(mapped([float(i) for i in range(60)]), on_event=listen)
    assert max(under_way) == UNDER_WAY
    assert not begun


def test_map_in_a_map_in_a_loop_ends_and_is_right() -> None:
    inner = {"nodes": {"all": {"type": "Step", "map": {"over": ["x"]},
                               "inputs": {"x": [float(i) for i in range(20)]}},
                       "s": {"type": "Sum", "inputs": {"items": link("all.x")}},
                       "r": {"type": "Step", "loop": {"times": 3},
                             "inputs": {"x": link("s.value")}}},
             "interface": {"inputs": {"b": "all.b"}, "outputs": {"x": "r.x"}}}  # fmt: skip
    outer = {"nodes": {"each": {"type": "Inner", "map": {"over": ["b"]},
                                "inputs": {"b": [float(i) for i in range(20)]}},
                       "sum": {"type": "Sum", "inputs": {"items": link("each.x")}},
                       "end": {"type": "Add", "inputs": {"a": link("sum.value"), "b": 0.0}}},
             "interface": {"inputs": {"plus": "end.b"},
                           "outputs": {"plus": "end.value"}}}  # fmt: skip
    flow = Workflow.from_json({
        "weft": 1,
        "nodes": {"o": {"type": "Outer", "inputs": {"plus": 0.0}, "loop": {"times": 2}}},
        "subgraphs": {"Step": STEP, "Inner": inner, "Outer": outer},
    })  # fmt: skip
    with make() as e:
        result, _ = run(e, flow, "o.plus")
    once = sum(sum(range(20)) + 20 * b + 3 for b in range(20))
    assert result["o.plus"] == 2 * once


# -- failing items ------------------------------------------------------------------------------


def test_map_told_to_stop_begins_no_further_item() -> None:
    with make() as e:
        log = EventLog()
        with pytest.raises(RunError) as caught:
            e.run(mapped([-1.0] + [1.0] * 50), on_event=log)
    assert [p.node for p in caught.value.problems] == ["each/0/one"]
    begun = {n.split("/")[1] for n in [*log.nodes(NodeStarted)] if n.startswith("each/")}
    assert len(begun) <= UNDER_WAY
    assert "sum" not in log.ran


def test_map_told_to_continue_leaves_failed_items_out() -> None:
    with make() as e:
        result, log = run(e, mapped([1.0, -2.0, 3.0, -4.0], "continue"), "each.x", "sum.value")
    assert result["each.x"] == [2.0, 4.0]
    assert result["sum.value"] == 6.0
    assert sorted(p.node or "" for p in result.skipped) == ["each/1/one", "each/3/one"]
    assert [p.code for p in result.skipped] == ["toy.negative"] * 2
    assert sorted(log.nodes(NodeFailed)) == ["each/1/one", "each/3/one"]


def test_map_of_which_every_item_fails_gives_an_empty_list() -> None:
    with make() as e:
        result, _ = run(e, mapped([-1.0, -2.0], "continue"), "each.x")
    assert result["each.x"] == []


def test_map_told_to_continue_keeps_the_key_of_what_is_left() -> None:
    with make() as e:
        run(e, mapped([1.0, -2.0, 3.0], "continue"), "sum.value")
        _, log = run(e, mapped([1.0, 3.0, -7.0, -8.0], "continue"), "sum.value")
    assert "sum" in log.cached


def test_failure_outside_of_items_is_not_tolerated() -> None:
    flow = mapped([link("f.value"), 1.0], "continue")
    nodes = {**flow.to_json()["nodes"], "f": {"type": "Fail", "inputs": {"a": 1.0}}}
    nodes["each"]["inputs"]["x"] = [link("f.value"), link("f.value")]
    with make() as e, pytest.raises(RunError) as caught:
        e.run(workflow(nodes), outputs=["sum.value"])
    assert [p.node for p in caught.value.problems] == ["f"]


def test_map_stopped_inside_one_that_continues_fails_its_item_only() -> None:
    inner = {"nodes": {"all": {"type": "Step", "map": {"over": ["x"]},
                               "inputs": {"x": [float(i) for i in range(30)]}},
                       "s": {"type": "Sum", "inputs": {"items": link("all.x")}}},
             "interface": {"inputs": {"xs": "all.x"}, "outputs": {"s": "s.value"}}}  # fmt: skip
    good, bad = [1.0] * 30, [1.0] * 5 + [-1.0] + [1.0] * 24
    flow = Workflow.from_json({
        "weft": 1,
        "nodes": {"each": {"type": "Inner", "inputs": {"xs": [good, bad] * 10},
                           "map": {"over": ["xs"], "on_error": "continue"}}},
        "subgraphs": {"Step": STEP, "Inner": inner},
    })  # fmt: skip
    with make() as e:
        result, _ = run(e, flow, "each.s")
    assert result["each.s"] == [60.0] * 10
    assert {p.node.split("/")[1] for p in result.skipped if p.node} == {
        str(i) for i in range(1, 20, 2)
    }


def test_map_cancelled_and_run_again_computes_only_what_is_missing() -> None:
    token = CancelToken()
    finished: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, NodeFinished):
            finished.append(event.node)
            if sum(n.endswith("/out") for n in finished) == 5:
                token.cancel()

    flow = mapped([float(i) for i in range(40)])
    with make() as e:
        with pytest.raises(Cancelled):
            e.run(flow, on_event=listen, token=token)
        result, log = run(e, flow)
    assert result["all"] == [i + 1.0 for i in range(40)]
    assert set(finished) <= set(log.cached)
    assert not set(finished) & set(log.ran)


# -- what a map goes over -----------------------------------------------------------------------


def test_file_pattern_lists_files_in_natural_order(tmp_path: Path) -> None:
    (tmp_path / "in" / "more").mkdir(parents=True)
    for name, text in {"p2.txt": "22", "p10.txt": "1010", "p1.txt": "1", ".p3.txt": "x",
                       "q.txt": "qqqqqqq", "more/p4.txt": "4"}.items():  # fmt: skip
        (tmp_path / "in" / name).write_text(text)
    (tmp_path / "p9.txt").write_text("outside")
    (tmp_path / "in" / "p99.txt").symlink_to(tmp_path / "p9.txt")
    space = Workspace(inputs=[tmp_path / "in"], output=tmp_path / "out")

    def counts(pattern: str) -> Any:
        each = {"type": "Count", "inputs": {"file": pattern}, "map": {"over": ["file"]}}
        with make(workspace=space) as e:
            return run(e, workflow({"e": each}), "e.n")[0]["e.n"]

    assert counts("p*.txt") == [1.0, 2.0, 4.0]
    assert counts("**/p?.txt") == [1.0, 1.0, 2.0]
    for nothing in ("x*.txt", "../*.txt", "/etc/*", ""):
        with pytest.raises(ValidationError) as caught:
            counts(nothing)
        assert [p.code for p in caught.value.problems] == ["graph.empty_map"]


def test_text_where_a_number_is_taken_is_a_range() -> None:
    with make() as e:
        assert run(e, mapped("1..3"), "each.x")[0]["each.x"] == [2.0, 3.0, 4.0]
        assert run(e, mapped("5,7"), "each.x")[0]["each.x"] == [6.0, 8.0]
        with pytest.raises(ValidationError) as caught:
            e.run(mapped("1..x"))
    assert [(p.code, p.node, p.port) for p in caught.value.problems] == [
        ("sweep.bad_range", "each", "x")
    ]


def test_random_seeds_differ_between_items_and_items_still_flow() -> None:
    each = {"type": "Roll", "inputs": {"x": "1..40"}, "map": {"over": ["x"]}}
    with make() as e:
        result, _ = run(e, workflow({"e": each}), "e.eyes")
        again, _ = run(e, result.workflow, "e/*/eyes.value")
    assert len(set(result["e.eyes"])) == 40
    assert again["e/*/eyes.value"] == result["e.eyes"]


# -- loops --------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.integers(1, 12), st.integers(0, 5).map(float))
def test_loop_gives_what_its_rounds_give_one_after_another(times: int, start: float) -> None:
    loop = {"type": "Step", "inputs": {"x": start, "b": 2.0}, "loop": {"times": times}}
    rows: dict[str, Any] = {}
    for k in range(times):
        x = link(f"r{k - 1}.x") if k else start
        rows[f"r{k}"] = {"type": "Step", "inputs": {"x": x, "b": 2.0}}
    with make() as e:
        result, _ = run(e, workflow({"l": loop}), "l.x", "l.early")
        by_hand, _ = run(e, workflow(rows), f"r{times - 1}.x", f"r{times - 1}.early")
    assert list(result.values())[:2] == list(by_hand.values())[:2]
    assert not by_hand.ran


def test_loop_index_counts_the_rounds() -> None:
    loop = {"type": "Step", "inputs": {"x": 0.0}, "loop": {"times": 4, "index": "b"}}
    with make() as e:
        assert run(e, workflow({"l": loop}), "l.x")[0]["l.x"] == 0 + 1 + 2 + 3


def test_long_loop_does_not_recurse() -> None:
    with make() as e:
        loop = {"type": "Step", "inputs": {"x": 0.0}, "loop": {"times": 3000}}
        assert run(e, workflow({"l": loop}), "l.x")[0]["l.x"] == 3000


# -- what cannot be -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "entry"),
    [
        ("graph.bad_map", {"inputs": {"x": [1.0]}, "map": {"over": ["y"]}}),
        ("graph.bad_map", {"inputs": {"x": link("n.value")}, "map": {"over": ["x"]}}),
        ("graph.bad_map", {"inputs": {"x": [1.0], "b": [1.0, 2.0]}, "map": {"over": ["x", "b"]}}),
        ("graph.empty_map", {"inputs": {"x": []}, "map": {"over": ["x"]}}),
        ("graph.empty_map", {"inputs": {}, "map": {"over": ["x"]}}),
        ("graph.bad_loop", {"inputs": {"x": 1.0}, "loop": {"times": 2, "index": "z"}}),
        ("graph.bad_loop", {"type": "Throw", "inputs": {}, "loop": {"times": 2}}),
        ("graph.not_repeatable",
         {"inputs": {"x": [1.0]}, "map": {"over": ["x"]}, "loop": {"times": 2}}),
        ("graph.not_repeatable",
         {"type": "Number", "inputs": {"value": 1.0}, "loop": {"times": 2}}),
        ("params.type", {"inputs": {"x": [1.0, {"a": 1}]}, "map": {"over": ["x"]}}),
    ],
)  # fmt: skip
def test_map_or_loop_that_cannot_be_is_refused(code: str, entry: dict[str, Any]) -> None:
    nodes = {"n": {"type": "Number", "inputs": {}}, "bad": {"type": "Step", **entry}}
    assert code in problems(workflow(nodes))


def test_loops_in_empty_loops_are_refused_and_do_not_hang(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expand, "MAX_NODES", 5000)
    ports = {"inputs": {"i": "n.i"}, "outputs": {}}
    loop = {"times": 1000, "index": "i"}
    subgraphs: dict[str, Any] = {"L0": {"nodes": {}, "interface": ports}}
    for k in range(1, 6):
        inner = {"n": {"type": f"L{k - 1}", "inputs": {}, "loop": loop}}
        subgraphs[f"L{k}"] = {"nodes": inner, "interface": ports}
    nodes = {"n": {"type": "L5", "inputs": {}}}
    flow = Workflow.from_json({"weft": 1, "nodes": nodes, "subgraphs": subgraphs})
    assert "graph.too_large" in problems(flow)


def test_document_with_map_and_loop_survives_writing() -> None:
    data = {
        "weft": 1,
        "nodes": {
            "a": {"type": "Step", "inputs": {"x": [1.0]},
                  "map": {"over": ["x"], "on_error": "continue"}},
            "b": {"type": "Step", "inputs": {}, "loop": {"times": 2, "index": "b"}},
        },
        "subgraphs": {"Step": STEP},
    }  # fmt: skip
    assert dump(parse(data)) == data
    assert dump(parse(data)) == Workflow(parse(data)).set("a.x", [1.0]).to_json()


@pytest.mark.parametrize(("taker", "port"), [("TakePicture", "picture"), ("Album", "pictures")])
def test_list_output_knows_the_type_of_its_items(taker: str, port: str) -> None:
    each = {"type": "Step", "inputs": {"x": [1.0]}, "map": {"over": ["x"]}}
    flow = workflow({"e": each, "t": {"type": taker, "inputs": {port: link("e.x")}}})
    with make() as e, pytest.raises(ValidationError) as caught:
        e.run(flow, outputs=["t.value"])
    assert [(p.code, p.got) for p in caught.value.problems] == [
        ("graph.type_mismatch", "LIST[FLOAT]")
    ]
