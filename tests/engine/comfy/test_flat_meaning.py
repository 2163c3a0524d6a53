"""Properties: what a file of ComfyUI means is what comes out, whatever it is drawn with."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from weft.engine.comfy.api import from_comfy
from weft.engine.comfy.editor import from_comfy_editor
from weft.engine.comfy.export import to_comfy
from weft.engine.graph.expand import expand
from weft.nodes.standard.registry import standard_registry

from ..toy import REGISTRY
from .drawings import (
    OUTPUTS,
    SOCKETS,
    WIDGETS,
    Graph,
    Instance,
    Leaf,
    Ref,
    file_of,
    flat,
    leads_to_widget,
)

STANDARD = standard_registry(packs=False)
numbers = st.integers(-50, 50).map(lambda n: n / 2)
bends = st.lists(st.sampled_from(["reroute", "bypass"]), max_size=2).map(tuple)
seldom = st.sampled_from([False, False, False, True])


class _Maker:
    def __init__(self, data: st.DataObject) -> None:
        self.draw: Any = data.draw
        self.graphs: list[Graph] = []

    def ref(self, graph: Graph, before: int) -> Ref | None:
        """A link to an earlier node, or to an input of the subgraph that takes links."""
        outputs: list[tuple[int | None, int]] = [
            (number, slot)
            for number, node in enumerate(graph.nodes[:before])
            for slot in range(
                len(OUTPUTS[node.kind])
                if isinstance(node, Leaf)
                else len(self.graphs[node.of].outputs)
            )
        ]
        outputs += [(None, slot) for slot, kind in enumerate(graph.inputs) if kind == "FLOAT"]
        if not outputs:
            return None
        return Ref(*self.draw(st.sampled_from(outputs)), self.draw(bends))

    def leaf(self, graph: Graph) -> Leaf:
        kind = self.draw(st.sampled_from(sorted(SOCKETS)))
        at = len(graph.nodes)
        sockets = {
            name: self.ref(graph, at) if self.draw(st.booleans()) else None
            for name in SOCKETS[kind]
        }
        values = {name: self.draw(numbers) for name in WIDGETS[kind]}
        ports = self.ports(graph, list(values))
        return Leaf(kind, values, sockets, ports, muted=self.draw(seldom))

    def ports(self, graph: Graph, places: list[Any]) -> dict[Any, int]:
        slots = [slot for slot, kind in enumerate(graph.inputs) if kind == "INT"]
        chosen = st.none() | st.sampled_from(slots) if slots else st.none()
        drawn = {place: self.draw(chosen) for place in places}
        return {place: slot for place, slot in drawn.items() if slot is not None}

    def instance(self, graph: Graph) -> Instance:
        of = self.draw(st.integers(0, len(self.graphs) - 1))
        inner = self.graphs[of]
        node = Instance(of, muted=self.draw(seldom))
        widgets = [n for n in range(len(inner.inputs)) if leads_to_widget(self.graphs, inner, n)]
        node.ports = self.ports(graph, widgets)
        for slot, kind in enumerate(inner.inputs):
            if kind == "FLOAT" and self.draw(st.booleans()):
                ref = self.ref(graph, len(graph.nodes))
                node.links |= {slot: ref} if ref is not None else {}
        value = st.none() | numbers
        node.values = {slot: self.draw(value) for slot in widgets}
        node.listed = {n for n in range(len(inner.inputs)) if self.draw(st.booleans())}
        if self.draw(st.booleans()):
            free = [
                (number, name)
                for number, each in enumerate(inner.nodes)
                if isinstance(each, Leaf) and not each.muted
                for name in each.values
                if name not in each.ports
            ]
            shown = self.draw(st.lists(st.sampled_from(free), unique=True)) if free else []
            node.inside = {place: self.draw(value) for place in shown}
            node.order = self.draw(st.permutations([*widgets, *shown]))
        return node

    def graph(self, inputs: list[str]) -> Graph:
        graph = Graph(inputs=inputs)
        for _ in range(self.draw(st.integers(1, 4))):
            is_instance = bool(self.graphs) and self.draw(st.booleans())
            graph.nodes.append(self.instance(graph) if is_instance else self.leaf(graph))
        return graph

    def definitions(self) -> None:
        for _ in range(self.draw(st.integers(0, 3))):
            graph = self.graph(self.draw(st.lists(st.sampled_from(["FLOAT", "INT"]), max_size=4)))
            for _ in range(self.draw(st.integers(1, 2))):
                ref = self.ref(graph, len(graph.nodes))
                graph.outputs += [ref] if ref is not None else []
            self.graphs.append(graph)


def _as_document(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"link": f"{value[0]}.{OUTPUTS[value[2]][value[1]]}"}
        if isinstance(value, tuple)
        else value
        for name, value in inputs.items()
    }


def _as_prompt(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [value[0].replace("/", ":"), value[1]] if isinstance(value, tuple) else value
        for name, value in inputs.items()
    }


@given(st.data())
def test_drawing_of_any_graph_means_what_the_graph_means(data: st.DataObject) -> None:
    maker = _Maker(data)
    maker.definitions()
    root = maker.graph([])
    meant = flat(maker.graphs, root)
    document, _ = from_comfy_editor(file_of(maker.graphs, root), REGISTRY)
    found = expand(document)
    assert found.problems == []
    assert {
        name: (node.type, dict(node.inputs)) for name, node in found.document.nodes.items()
    } == {name: (kind, _as_document(inputs)) for name, (kind, inputs) in meant.items()}
    prompt = to_comfy(document, REGISTRY).prompt
    assert {name: (node["class_type"], node["inputs"]) for name, node in prompt.items()} == {
        name.replace("/", ":"): (kind, _as_prompt(inputs)) for name, (kind, inputs) in meant.items()
    }


ids = st.sampled_from(["1", "2", "3:4", "3:5:1", "12"])
literals = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: {"__value__": items})
        | st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(), min_size=2)
    ),
    max_leaves=4,
)
links = st.tuples(ids, st.integers(0, 9)).map(list)
names = st.text("abcdef._ 0", min_size=1, max_size=12)
unknown = st.fixed_dictionaries(
    {
        "class_type": st.sampled_from(["NobodyHasThis", "Nor This (pack)|x"]),
        "inputs": st.dictionaries(names, literals | links, max_size=5),
    }
)
known = st.fixed_dictionaries(
    {
        "class_type": st.just("EmptyLatentImage"),
        "inputs": st.fixed_dictionaries(
            {
                "width": st.integers(2, 9).map(lambda n: 8 * n) | links,
                "height": links,
                "batch_size": st.integers(1, 9) | links,
            }
        ),
    }
)


@given(st.dictionaries(ids, unknown | known, min_size=1))
def test_prompt_comes_back_with_every_value_and_link(prompt: dict[str, Any]) -> None:
    # A link to a slot that a known class lacks keeps its number too: validation names it.
    assert to_comfy(from_comfy(prompt, STANDARD), STANDARD).prompt == prompt
