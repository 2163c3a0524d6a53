"""Packs put together: what they claim twice, and that no order decides."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weft.engine.declaration.node import NodeSpec, node, spec_of
from weft.engine.declaration.packs import Pack, add_packs
from weft.engine.declaration.registry import Registry
from weft.engine.validate import validate

from ..toy import flow


def made(type_id: str, *aliases: str) -> NodeSpec:
    @node(type_id, category="t", aliases=aliases)
    def f() -> int:
        """Give a number."""
        return 1

    return spec_of(f)


OWN = made("Own", "Known")


def together(packs: list[Pack]) -> Registry:
    registry = Registry()
    registry.add_spec(OWN)
    add_packs(registry, packs)
    return registry


def names(registry: Registry) -> dict[str, str]:
    own = set(Registry().names())
    return {
        name: spec.type_id
        for name in registry.names()
        if name not in own and (spec := registry.find(name)) is not None
    }


def texts(registry: Registry) -> list[str]:
    return [fault.text for fault in registry.faults]


def test_id_that_two_packs_claim_belongs_to_neither_and_both_are_named() -> None:
    packs = [Pack("a", [made("X"), made("A")]), Pack("b", [made("X"), made("B")])]
    for order in permutations(packs):
        registry = together(list(order))
        assert names(registry) == {"Own": "Own", "Known": "Own", "A": "A", "B": "B"}
        (fault,) = registry.faults
        assert (fault.packs, fault.types) == (("a", "b"), {"X"})
        assert fault.text == ('The packs a and b both have a node "X", so neither is loaded.')
        (problem,) = validate(flow(n=("X", {})).document, registry)
        assert (problem.code, problem.hint) == ("graph.pack_failed", "Uninstall a or b.")
        assert fault.text in problem.message


def test_names_of_weft_stay_its_own() -> None:
    registry = together([Pack("a", [made("Own"), made("Known"), made("A", "Own", "Other")])])
    assert registry.find("Own") is OWN
    assert registry.find("Known") is OWN
    assert names(registry) == {"Own": "Own", "Known": "Own", "A": "A", "Other": "A"}
    assert [text.partition(" is not ")[0].partition(" cannot ")[0] for text in texts(registry)] == [
        'The node "Known" of the pack a',
        'The node "Own" of the pack a',
        'The node "A" of the pack a',
    ]
    assert registry.fault_of("Own") is None


def test_alias_gives_way_to_an_id_and_two_aliases_to_each_other() -> None:
    packs = [
        Pack("a", [made("A", "B", "Both", "Alone")]),
        Pack("b", [made("B", "Both")]),
        Pack("c", [made("C", "Both", "B")]),
    ]
    for order in permutations(packs):
        registry = together(list(order))
        assert names(registry) == {
            "Own": "Own", "Known": "Own", "A": "A", "B": "B", "C": "C", "Alone": "A",
        }  # fmt: skip
        assert len(registry.faults) == 5


def test_pack_that_names_one_node_twice_over_loads_it_once() -> None:
    spec = made("X")
    registry = together([Pack("a", [spec]), Pack("a", [spec])])
    assert names(registry)["X"] == "X"
    assert registry.faults == []


NAMES = st.sampled_from("PQRST")


@settings(suppress_health_check=[HealthCheck.too_slow])  # small inputs; the machine may be busy
@given(st.lists(st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=2)), max_size=3), max_size=4))
def test_what_is_loaded_does_not_depend_on_the_order_of_packs(
    described: list[list[tuple[str, list[str]]]],
) -> None:
    packs = [
        Pack(f"pack{n}", [made(type_id, *aliases) for type_id, aliases in nodes])
        for n, nodes in enumerate(described)
    ]
    look: Callable[[Registry], Any] = lambda r: (names(r), sorted(texts(r)))  # noqa: E731
    one, other = together(packs), together(packs[::-1])
    assert look(one) == look(other)
    claimed = {type_id for nodes in described for type_id, _ in nodes}
    for name in claimed:
        assert (one.find(name) is None) == (one.fault_of(name) is not None)
