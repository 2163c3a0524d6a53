"""The values that an instance of a subgraph sets inside it, and those it has itself.

An input of a subgraph leads to any number of places inside; a document has one public input for
each. An instance has a value for every input that leads to a widget, in the order in which the
subgraph lists its inputs, whether or not the instance lists them. Files of some months say another
order in `proxyWidgets`, which can name widgets inside that no input leads to; those get public
inputs of their own here.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .file import BYPASSED, INPUT_SIDE, OWN_INPUT, PRIMITIVE, Definition, FileNode, Promoted
from .names import distinct, unused
from .sources import Port, Value
from .widgets import MODE_WIDGET, mode_of

if TYPE_CHECKING:
    from .graph import Graph

Target = tuple[str, str]
"""A node inside, and a parameter of it."""


@dataclass(slots=True)
class Ports:
    """The public inputs of a subgraph.

    Attributes:
        inputs: For each input in the file, its names: one for each place that it leads to.
        promoted: The same for widgets that instances show although no input leads to them.
        same: Widgets that instances show and that an input leads to: its number.
        targets: What each name stands for.
    """

    inputs: list[list[str]] = field(default_factory=list)
    promoted: dict[Promoted, list[str]] = field(default_factory=dict)
    same: dict[Promoted, int] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)

    def of_input(self, slot: int) -> list[str]:
        """The names of an input; none where it leads nowhere."""
        return self.inputs[slot] if slot < len(self.inputs) else []


@dataclass(slots=True)
class InstanceValues:
    """The values of an instance's own widgets.

    Attributes:
        by_input: By the numbers of the subgraph's inputs.
        by_port: By the names of public inputs.
        modes: What a seed does after each run, by the names of public inputs.
        given: How many values the file gives.
        expected: How many the instance has widgets for.
    """

    by_input: dict[int, Any] = field(default_factory=dict)
    by_port: dict[str, Any] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    given: int = 0
    expected: int = 0


def ports_of(graph: Graph) -> Ports:
    """The public inputs of a subgraph, of which some inputs may be off."""
    definition = graph.definition
    assert definition is not None
    targets: list[list[Target]] = [[] for _ in definition.inputs]
    fed: dict[str, list[Target]] = {}
    for node in graph.real:
        if node.id in graph.off or node.mode == BYPASSED:
            continue
        for slot, each in enumerate(graph.inputs_of(node)):
            found = graph.source(each.link, each.type)
            if isinstance(found, Port) and found.slot < len(targets):
                targets[found.slot] += [(node.id, name) for name in graph.names_of(node, slot)]
            elif isinstance(found, Value):
                places = [(node.id, name) for name in graph.names_of(node, slot)]
                fed.setdefault(found.node, []).extend(places)
    ports = Ports()
    names = distinct([slot.name for slot in definition.inputs])
    taken = set(names)
    for name, places in zip(names, targets, strict=True):
        own = [name if not n else unused(name, taken) for n in range(len(places))]
        ports.inputs.append(own)
        ports.targets |= dict(zip(own, places, strict=True))
    for widget in graph.graphs.promoted.get(definition.id, ()):
        shown = _shown(graph, widget, fed)
        if isinstance(shown, int):
            ports.same[widget] = shown
            continue
        own = [unused(widget.widget or "value", taken) for _ in shown]
        ports.promoted[widget] = own
        ports.targets |= dict(zip(own, shown, strict=True))
    return ports


def _shown(graph: Graph, shown: Promoted, fed: dict[str, list[Target]]) -> list[Target] | int:
    """The places that a widget inside stands for, or the input that leads to it."""
    node = graph.graph.by_id.get(shown.node)
    if node is None or shown.widget == MODE_WIDGET or shown.widget.startswith("$$"):
        return []
    if node.type == PRIMITIVE:
        return fed.get(node.id, [])
    if node.id in graph.off or node.mode == BYPASSED:
        return []
    for slot, each in enumerate(graph.inputs_of(node)):
        if shown.widget not in (each.widget_name, each.name):
            continue
        if each.link is not None:
            found = graph.source(each.link, each.type)
            return found.slot if isinstance(found, Port) else []
        if graph.definition_of(node) is not None:
            return [(node.id, name) for name in graph.names_of(node, slot)]
    if graph.definition_of(node) is not None:
        inner = graph.inner(node)
        own = node.promoted or []
        found_names = [
            inner.ports.promoted.get(each, []) for each in own if inner and each[1] == shown.widget
        ]
        return [(node.id, name) for names in found_names[:1] for name in names]
    spec = graph.graphs.registry.find(node.type)
    if spec is None:
        return [(node.id, shown.widget[:128])]
    parameter = spec.parameter(shown.widget)
    return [] if parameter is None else [(node.id, parameter.name)]


def widget_inputs(definition: Definition, known: Mapping[str, Set[str]]) -> list[int]:
    """The inputs of a subgraph that lead to a widget, by number.

    Args:
        definition: The subgraph.
        known: The names of such inputs of the subgraphs whose instances it contains.
    """
    leads: set[int] = set()
    for node in definition.nodes:
        inner = known.get(node.type)
        for each in node.inputs or ():
            link = definition.link.get(each.link) if each.link is not None else None
            if link is None or link.origin_id != INPUT_SIDE:
                continue
            if each.widget is not None or (inner is not None and each.name in inner):
                leads.add(link.origin_slot)
    return [slot for slot in range(len(definition.inputs)) if slot in leads]


def instance_values(graph: Graph, node: FileNode) -> InstanceValues:
    """The values that an instance of a subgraph has itself; null keeps the one inside."""
    definition = graph.definition_of(node)
    assert definition is not None
    given = node.widgets_values
    values = list(given) if isinstance(given, list) else []
    own = graph.graphs.widget_inputs[definition.id]
    order = _order(definition, own, node.promoted, len(values))
    if len(values) > len(order):
        values = _without_modes(values)
    placed: list[tuple[int | Promoted | None, Any]] = list(zip(order, values, strict=False))
    if isinstance(given, dict):
        numbers = {slot.name: number for number, slot in enumerate(definition.inputs)}
        placed = [(numbers[name], v) for name, v in given.items() if name in numbers]
    found = InstanceValues(given=len(values), expected=len(order))
    inner = graph.inner(node)
    ports = inner.ports if inner is not None else Ports()
    last: dict[str, list[str]] = {}  # the ports of each node's last widget
    for place, value in placed:
        if isinstance(place, Promoted) and place.widget == MODE_WIDGET:
            mode = mode_of(value)
            found.modes |= dict.fromkeys(last.get(place.node, ()), mode) if mode else {}
            continue
        if value is None or place is None:
            continue
        slot = ports.same.get(place) if isinstance(place, Promoted) else place
        names = [] if slot is None else ports.of_input(slot)
        if isinstance(place, Promoted) and slot is None:
            names = ports.promoted.get(place, [])
        if slot is not None:
            found.by_input[slot] = value
        if isinstance(place, Promoted):
            last[place.node] = names
        found.by_port |= dict.fromkeys(names, value)
    return found


def _order(
    definition: Definition, own: list[int], promoted: list[Promoted] | None, count: int
) -> list[int | Promoted | None]:
    """What an instance's values are for: inputs by number, and widgets inside."""
    if promoted is None:
        return [*own]
    numbers = {slot.name: number for number, slot in enumerate(definition.inputs)}
    order: list[int | Promoted | None] = [
        numbers.get(each.widget) if each.node == OWN_INPUT else each for each in promoted
    ]
    if count <= len(order):
        return order
    # Older files list only widgets inside, and have the values of the inputs before theirs.
    named = set(order)
    return [*(slot for slot in own if slot not in named), *order]


def _without_modes(values: list[Any]) -> list[Any]:
    """Values without the words behind seeds."""
    return [
        value
        for before, value in zip([None, *values], values, strict=False)
        if not (type(before) is int and isinstance(value, str) and mode_of(value) is not None)
    ]
