"""What the engine costs for each node that does nothing.

    python -m benchmarks.engine_overhead [--nodes 10 1000 10000] [--repeat 5]

Graphs of trivial nodes in three shapes: `chain` (each reads the one before), `wide` (all read one,
one collects all) and `tree` (pairs are added up). Three times are taken for each, as medians:

    prepare   validate and plan, which happens once for a document
    first     the first run, nothing known
    cached    the same again, everything known

all in microseconds a node; `first` and `cached` are whole `Engine.run` calls with an event
listener, without `prepare`. The peer in the same run is a plain Python loop that calls the same
functions.
The aims are 25 (prepare and first together) and 8 (cached).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.graph.expand import expand
from weft.engine.plan import plan
from weft.engine.validate import validate
from weft.engine.workflows.workflow import Workflow
from weft.nodes.basics import plain
from weft.nodes.standard.registry import standard_registry

Nodes = dict[str, dict[str, Any]]


def link(node: str) -> dict[str, str]:
    """A link to a node's only output."""
    return {"link": f"{node}.value"}


def chain(count: int) -> Nodes:
    """Each node reads the one before."""
    nodes: Nodes = {"n0": {"type": "Float", "inputs": {"value": 1.0}}}
    for i in range(1, count):
        nodes[f"n{i}"] = {"type": "Arithmetic", "inputs": {"a": link(f"n{i - 1}"), "b": 1.0}}
    return nodes


def wide(count: int) -> Nodes:
    """All nodes read the first; the last adds two of them."""
    nodes: Nodes = {"n0": {"type": "Float", "inputs": {"value": 1.0}}}
    for i in range(1, count):
        nodes[f"n{i}"] = {"type": "Arithmetic", "inputs": {"a": link("n0"), "b": float(i)}}
    return nodes


def tree(count: int) -> Nodes:
    """Leaves, and sums of pairs up to one root."""
    nodes: Nodes = {}
    level = []
    for i in range((count + 1) // 2):
        level.append(f"n{i}")
        nodes[f"n{i}"] = {"type": "Float", "inputs": {"value": float(i)}}
    while len(level) > 1:
        above = []
        for a, b in zip(level[::2], level[1::2], strict=False):
            name = f"n{len(nodes)}"
            nodes[name] = {"type": "Arithmetic", "inputs": {"a": link(a), "b": link(b)}}
            above.append(name)
        level = above + (level[-1:] if len(level) % 2 else [])
    return nodes


SHAPES: dict[str, Callable[[int], Nodes]] = {"chain": chain, "wide": wide, "tree": tree}


def measure(registry: Registry, nodes: Nodes, wanted: list[str], repeat: int) -> dict[str, float]:
    """Median seconds of each phase."""
    times: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = work()
        times.setdefault(name, []).append(time.perf_counter() - began)
        return result

    def bare() -> float:
        value = 0.0
        for _ in nodes:
            value = plain.arithmetic(value, 1.0)
        return value

    for _ in range(repeat):
        workflow = Workflow.from_json({"nodes": nodes})
        document = workflow.document

        def prepare(document: Any = document) -> None:
            assert not validate(document, registry, outputs=wanted)
            plan(document, registry, wanted)

        timed("bare", bare)
        timed("prepare", prepare)
        with Engine(registry) as engine:
            engine._plan(document, expand(document), tuple(wanted))

            def run(engine: Engine = engine, workflow: Workflow = workflow) -> Any:
                return engine.run(workflow, outputs=wanted, on_event=[].append)

            assert len(timed("first", run).ran) == len(nodes)
            assert len(timed("cached", run).cached) == len(nodes)
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=[10, 1000, 10_000])
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    registry = standard_registry(packs=False)
    print("microseconds a node, median of", options.repeat)
    print(f"{'shape':<8}{'nodes':>8}{'prepare':>10}{'first':>10}{'cached':>10}{'bare call':>11}")
    for name, build in SHAPES.items():
        for count in options.nodes:
            nodes = build(count)
            last = list(nodes)[-1]
            wanted = [f"{n}.value" for n in nodes] if name == "wide" else [f"{last}.value"]
            found = measure(registry, nodes, wanted, options.repeat)
            per = {k: v / len(nodes) * 1e6 for k, v in found.items()}
            print(
                f"{name:<8}{len(nodes):>8}{per['prepare']:>10.1f}{per['first']:>10.1f}"
                f"{per['cached']:>10.1f}{per['bare']:>11.2f}"
            )


if __name__ == "__main__":
    main()
