"""From a valid document and wanted outputs to steps in order. Pure: no files, no clock.

Plain lists and integers, because the runner walks them once per run; a step knows its inputs by
the index of the step that makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .declaration.node import NodeSpec, Parameter
from .declaration.registry import Registry
from .graph.document import Document, Map, as_link, as_links, split_target
from .graph.expand import Expanded
from .store.keys import outside_digest, static_key, step_key
from .store.values import Values

Source = tuple[int, int]  # (index of the step, index of its output)
Linked = tuple[str, tuple[Source, ...], bool]  # (parameter, sources, whether it takes a list)


@dataclass(slots=True)
class Step:
    """One node that the wanted outputs need.

    Attributes:
        node: Its id.
        spec: Its type.
        literals: Plain inputs by parameter name, defaults filled in.
        links: Linked inputs, sorted by name, as they stand in the key.
        sources: Every source of `links`, in the same order.
        needs: The steps among `sources`, each once.
        lazy: Linked inputs that are fetched only if the function awaits them.
        perhaps: The steps among their sources, each once.
        checked: Linked widgets, whose values must be checked when they are known.
        static: The part of the key that the plan knows: type, version, source, literals, link
            names.
    """

    node: str
    spec: NodeSpec
    literals: dict[str, Any]
    links: list[Linked]
    sources: list[Source]
    needs: tuple[int, ...]
    lazy: list[Linked]
    perhaps: tuple[int, ...]
    checked: list[Parameter]
    static: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a map.

    Attributes:
        map: Which of the plan's maps.
        number: Which of the map's items.
    """

    map: int
    number: int


@dataclass(slots=True)
class Plan:
    """Steps in an order in which every step comes after those it needs.

    Attributes:
        steps: The steps.
        readers: For each step, the indexes of the steps that need it, each once.
        needs: For each step, how many different steps it needs.
        wanted: `node.output` -> where it comes from.
        demanded: For each step, whether it is needed whatever lazy inputs turn out to be awaited.
        seeds: Every seed, `node.parameter` -> value.
        maps: The maps there are.
        items: Their items.
        within: For each step inside of maps, the indexes of its items, the outermost first.
    """

    steps: list[Step]
    readers: list[list[int]]
    needs: list[int]
    wanted: dict[str, Source]
    demanded: list[bool]
    seeds: dict[str, int] = field(default_factory=dict)
    maps: list[Map] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    within: dict[int, tuple[int, ...]] = field(default_factory=dict)


def plan(
    workflow: Expanded | Document, registry: Registry, outputs: Iterable[str] | None = None
) -> Plan:
    """Order what is needed, and nothing else.

    Args:
        workflow: A document without problems, its random seeds drawn (`Workflow.resolve`) and its
            subgraphs expanded.
        registry: The node types there are.
        outputs: Wanted `node.output`s; None for all root nodes and the interface's outputs.
    """
    document = workflow.document if isinstance(workflow, Expanded) else workflow
    specs = {node_id: registry.find(node.type) for node_id, node in document.nodes.items()}
    roots: dict[str, None] = {}
    wanted: list[str] = []
    if outputs is None:
        roots.update((n, None) for n, spec in specs.items() if spec is not None and spec.is_root)
        wanted.extend(document.interface.outputs.values())
    else:
        wanted.extend(outputs)
    roots.update((split_target(target)[0], None) for target in wanted)

    order = _order(document, roots)
    index = {node_id: i for i, node_id in enumerate(order)}
    result = Plan([], [[] for _ in order], [], {}, [False] * len(order))
    for i, node_id in enumerate(order):
        spec = specs[node_id]
        assert spec is not None  # validated
        step = _step(node_id, spec, document.nodes[node_id].inputs, index, specs)
        result.steps.append(step)
        result.needs.append(len(step.needs))
        for source in step.needs:
            result.readers[source].append(i)
        for name in spec.seeds:
            if type(step.literals.get(name)) is int:
                result.seeds[f"{node_id}.{name}"] = step.literals[name]
    for target in wanted:
        node_id, port = split_target(target)
        spec = specs[node_id]
        assert spec is not None
        result.wanted[target] = (index[node_id], spec.output_index[port])
    queue = [index[root] for root in roots]
    while queue:
        i = queue.pop()
        if not result.demanded[i]:
            result.demanded[i] = True
            queue.extend(result.steps[i].needs)
    if isinstance(workflow, Expanded) and workflow.maps:
        _place_items(result, workflow)
    return result


def _place_items(result: Plan, workflow: Expanded) -> None:
    """Note which steps belong to which items of maps."""
    maps = {flat: number for number, flat in enumerate(workflow.maps)}
    result.maps = list(workflow.maps.values())
    numbers: dict[tuple[str, int], int] = {}
    for index, step in enumerate(result.steps):
        within: list[int] = []
        for item in workflow.items.get(step.node, ()):
            if item not in numbers:
                numbers[item] = len(result.items)
                result.items.append(Item(maps[item[0]], item[1]))
            within.append(numbers[item])
        if within:
            result.within[index] = tuple(within)


def _order(document: Document, roots: Iterable[str]) -> list[str]:
    """Depth-first order with a stack of our own: graphs may be deeper than Python's."""
    order: list[str] = []
    state: dict[str, bool] = {}  # False: on the way, True: placed
    for root in roots:
        stack = [root]
        while stack:
            node_id = stack[-1]
            if state.get(node_id):
                stack.pop()
            elif node_id in state:
                state[node_id] = True
                order.append(node_id)
                stack.pop()
            else:
                state[node_id] = False
                needed: list[str] = []
                for value in document.nodes[node_id].inputs.values():
                    link = as_link(value)
                    if link is not None:
                        needed.append(link.node)
                    else:
                        needed.extend(each.node for each in as_links(value) or () if each)
                stack.extend(n for n in reversed(needed) if n not in state)
    return order


def _step(
    node_id: str,
    spec: NodeSpec,
    inputs: Mapping[str, Any],
    index: Mapping[str, int],
    specs: Mapping[str, NodeSpec | None],
) -> Step:
    def source(link: Any) -> Source:
        producer = specs[link.node]
        assert producer is not None
        return index[link.node], producer.output_index[link.output]

    literals: dict[str, Any] = {}
    links: list[Linked] = []
    checked: list[Parameter] = []
    for given, value in inputs.items():
        parameter = spec.parameter(given)
        assert parameter is not None
        link = as_link(value)
        if link is not None:
            links.append((parameter.name, (source(link),), False))
            if parameter.type.is_plain and not parameter.lazy:
                checked.append(parameter)
            continue
        collected = as_links(value)
        if collected is not None:
            links.append((parameter.name, tuple(source(each) for each in collected), True))
        else:
            literals[parameter.name] = _plain(parameter, value)
    linked = {name for name, _, _ in links}
    for name, parameter in spec.parameters.items():
        if name not in literals and name not in linked:
            literals[name] = _plain(parameter, parameter.default)
    lazy = [each for each in links if spec.parameters[each[0]].lazy] if spec.lazy else []
    if lazy:
        links = [each for each in links if not spec.parameters[each[0]].lazy]
    if len(links) > 1:
        links.sort(key=lambda item: item[0])
    sources = [each for _, found, _ in links for each in found]
    return Step(
        node=node_id,
        spec=spec,
        literals=literals,
        links=links,
        sources=sources,
        needs=tuple({index for index, _ in sources}),
        lazy=lazy,
        perhaps=tuple({i for _, found, _ in lazy for i, _ in found}),
        checked=checked,
        static=_static(spec, literals, links),
    )


def _static(spec: NodeSpec, literals: dict[str, Any], links: Iterable[Linked]) -> bytes:
    """The part of a step's key that is known now; empty when its results are not kept."""
    if not (spec.kept or spec.writes_once):
        return b""
    shape = [(name, len(found) if collects else -1) for name, found, collects in links]
    if spec.files:
        # Files are known by content, which the plan does not read.
        named = {p.name for p in spec.files}
        literals = {n: v for n, v in literals.items() if n not in named}
    code = spec.code() if spec.code is not None else b""
    return static_key(spec.type_id, spec.version, literals, shape, code)


def surviving(step: Step, is_dead: Callable[[int], bool]) -> Step:
    """A step whose lists lack what comes from dead steps: the step it would be without them."""
    links = [
        # A whole list that is dead is an empty one.
        (name, living, collects or not living)
        for name, sources, collects in step.links
        for living in [tuple(s for s in sources if not is_dead(s[0]))]
    ]
    sources = [each for _, found, _ in links for each in found]
    return replace(
        step,
        links=links,
        sources=sources,
        needs=tuple({index for index, _ in sources}),
        static=_static(step.spec, step.literals, links),
    )


def _plain(parameter: Parameter, value: Any) -> Any:
    """A number for a FLOAT becomes a float, so that 1 and 1.0 are one value, and one key."""
    if parameter.type.name == "FLOAT" and type(value) is int:
        return float(value)
    return value


def key_of(
    step: Step,
    linked: Iterable[bytes],
    files: tuple[bytes, ...],
    values: Values,
    numerics: bytes | None,
) -> tuple[bytes, tuple[bytes, ...]]:
    """The key of a planned step.

    Args:
        step: The step.
        linked: Digests of its linked values, in the order of its links.
        files: Digests of the files it names.
        values: Digests.
        numerics: Device and precision, for steps in the `gpu` lane; None while not known.

    Returns:
        The key, and what of it comes from outside of the graph: files, then the fingerprint.
    """
    spec = step.spec
    outside = files
    if spec.fingerprint is not None:
        outside = (*files, outside_digest(spec.fingerprint, step.literals, values))
    device = (numerics,) if spec.lane == "gpu" and numerics is not None else ()
    return step_key(step.static, (*linked, *outside, *device)), outside
