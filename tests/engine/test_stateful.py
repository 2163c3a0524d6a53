"""Random graphs, edited and run at random, against recomputing everything by hand.

The model is as naive as can be: a dictionary of nodes and a recursive function without any cache.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from weft.engine.engine import Engine
from weft.engine.store.cache import MISSING
from weft.engine.testing import EventLog
from weft.engine.workflows.workflow import Workflow
from weft.nodes.basics import flow

from .toy import engine, link

SMALL = st.integers(-3, 3).map(float)
COUNT = st.integers(0, 10**6)


class Graphs(RuleBasedStateMachine):
    """Add, set, link, delete and undo; run what is wanted; compare."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: dict[str, dict[str, Any]] = {}
        self.past: list[dict[str, dict[str, Any]]] = []
        self.engine: Engine
        self.made = 0

    @initialize(budget=st.sampled_from([0, 600, 2000, 10_000, 2**30]))
    def start(self, budget: int) -> None:
        self.engine = engine(budget=budget, nodes=[flow.switch])

    def teardown(self) -> None:
        self.engine.close()

    def edit(self) -> dict[str, dict[str, Any]]:
        self.past.append({n: {**d, "inputs": dict(d["inputs"])} for n, d in self.nodes.items()})
        return self.nodes

    def add_node(self, kind: str, inputs: dict[str, Any]) -> None:
        self.made += 1
        self.edit()[f"n{self.made}"] = {"type": kind, "inputs": inputs}

    def pick(self, number: int) -> dict[str, str]:
        """A link to one of the nodes, which were all made before any that will read it."""
        return link(f"{list(self.nodes)[number % len(self.nodes)]}.value")

    @rule(value=SMALL)
    def add_number(self, value: float) -> None:
        self.add_node("Number", {"value": value})

    @precondition(lambda self: self.nodes)
    @rule(kind=st.sampled_from(["Slow", "Sign"]), a=COUNT)
    def add_unary(self, kind: str, a: int) -> None:
        self.add_node(kind, {"a": self.pick(a)})

    @precondition(lambda self: self.nodes)
    @rule(a=COUNT, b=COUNT, bias=SMALL)
    def add_sum(self, a: int, b: int, bias: float) -> None:
        self.add_node("Add", {"a": self.pick(a), "b": self.pick(b), "bias": bias})

    @precondition(lambda self: self.nodes)
    @rule(items=st.lists(COUNT, min_size=1, max_size=4))
    def add_collector(self, items: list[int]) -> None:
        self.add_node("Sum", {"items": [self.pick(i) for i in items]})

    @precondition(lambda self: self.nodes)
    @rule(on=st.booleans(), yes=COUNT, no=COUNT)
    def add_switch(self, on: bool, yes: int, no: int) -> None:
        self.add_node("Switch", {"on": on, "yes": self.pick(yes), "no": self.pick(no)})

    @precondition(lambda self: any(n["type"] == "Switch" for n in self.nodes.values()))
    @rule(which=COUNT)
    def flip_switch(self, which: int) -> None:
        switches = [n for n, d in self.nodes.items() if d["type"] == "Switch"]
        inputs = self.edit()[switches[which % len(switches)]]["inputs"]
        inputs["on"] = not inputs["on"]

    @precondition(lambda self: any(n["type"] == "Number" for n in self.nodes.values()))
    @rule(which=COUNT, value=SMALL)
    def set_number(self, which: int, value: float) -> None:
        numbers = [n for n, d in self.nodes.items() if d["type"] == "Number"]
        self.edit()[numbers[which % len(numbers)]]["inputs"]["value"] = value

    @precondition(lambda self: self.nodes)
    @rule(which=COUNT)
    def delete_unread(self, which: int) -> None:
        read = {
            each["link"].partition(".")[0]
            for d in self.nodes.values()
            for value in d["inputs"].values()
            for each in (value if isinstance(value, list) else [value])
            if isinstance(each, dict)
        }
        unread = [n for n in self.nodes if n not in read]
        if unread:
            del self.edit()[unread[which % len(unread)]]

    @precondition(lambda self: self.past)
    @rule()
    def undo(self) -> None:
        self.nodes = self.past.pop()

    @precondition(lambda self: self.nodes)
    @rule(which=st.lists(COUNT, min_size=1, max_size=3))
    def run(self, which: list[int]) -> None:
        names = list(self.nodes)
        wanted = [f"{names[w % len(names)]}.value" for w in which]
        workflow = Workflow.from_json({"nodes": self.nodes})
        log = EventLog()
        result = self.engine.run(workflow, outputs=wanted, on_event=log)
        needed = ancestors(self.nodes, [w.partition(".")[0] for w in wanted])
        assert set(log.ran) | set(log.cached) == needed
        for target in wanted:
            assert result[target] == naive(self.nodes, target.partition(".")[0])
        if self.engine.cache.budget >= 2**30:
            assert len(log.ran) == len(set(log.ran))
            again = EventLog()
            self.engine.run(workflow, outputs=wanted, on_event=again)
            # A node with lazy inputs chooses anew; nothing else is called.
            assert all(self.nodes[n]["type"] == "Switch" for n in again.ran)

    @invariant()
    def cache_is_within_budget_and_true(self) -> None:
        if not hasattr(self, "engine"):
            return
        cache = self.engine.cache
        assert cache.stats().bytes <= cache.budget
        for digest in list(cache._values):
            value = cache.get(digest)
            assert value is MISSING or self.engine.values.digest(value) == digest


def sources(node: dict[str, Any]) -> list[str]:
    found = []
    taken = None
    if node["type"] == "Switch":
        taken = "yes" if node["inputs"]["on"] else "no"
    for name, value in node["inputs"].items():
        if taken is not None and name != taken:
            continue
        for each in value if isinstance(value, list) else [value]:
            found += [each["link"].partition(".")[0]] if isinstance(each, dict) else []
    return found


def ancestors(nodes: dict[str, dict[str, Any]], names: list[str]) -> set[str]:
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue.extend(sources(nodes[name]))
    return found


def naive(nodes: dict[str, dict[str, Any]], name: str) -> float:
    """Compute one node from nothing."""
    node = nodes[name]

    def value(of: Any) -> Any:
        if isinstance(of, dict):
            return naive(nodes, of["link"].partition(".")[0])
        return [value(v) for v in of] if isinstance(of, list) else of

    given = {n: value(v) for n, v in node["inputs"].items()}
    match node["type"]:
        case "Number":
            return float(given["value"])
        case "Slow":
            return float(given["a"])
        case "Sign":
            return float((given["a"] > 0) - (given["a"] < 0))
        case "Add":
            return float(given["a"] + given["b"] + given["bias"])
        case "Switch":
            return float(given["yes"] if node["inputs"]["on"] else given["no"])
        case "Sum":
            return float(sum(given["items"]))
    raise AssertionError(node["type"])


TestGraphs = Graphs.TestCase
TestGraphs.settings = settings(max_examples=60, stateful_step_count=30)
