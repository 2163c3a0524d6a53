"""weft's own nodes, found by a walk through its package `nodes`: a node in a new file is a node."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator

from weft.engine.declaration.node import NodeSpec
from weft.engine.declaration.packs import OWN
from weft.engine.declaration.registry import PackFault, Registry, specs_in

from ..declared import declared_nodes

OWN_PACKAGE = "weft.nodes"
"""The package of weft's own nodes. Its translation tables count for the nodes of packs too."""


def add_own_nodes(registry: Registry) -> None:
    """Add every `@node` function of `weft.nodes`, in the order of module names.

    Every module of the package is imported; those without a node are helpers. A module that cannot
    be imported is left out, and so is every node whose name another node of weft claims. Both are
    noted in `registry.faults`.
    """
    found = [*registry.values(), *_specs(OWN_PACKAGE, registry.faults)]
    specs = {id(spec): spec for spec in found}.values()  # one function may have two names
    claims: defaultdict[str, list[NodeSpec]] = defaultdict(list)
    for spec in specs:
        for name in {spec.type_id, *spec.aliases}:
            claims[name].append(spec)
    contested = {name: claimed for name, claimed in claims.items() if len(claimed) > 1}
    registry.faults += [_contested(name, claimed) for name, claimed in sorted(contested.items())]
    left_out = {id(spec) for claimed in contested.values() for spec in claimed}
    for spec in specs:
        if id(spec) not in left_out:
            registry.add_spec(spec)


def _specs(name: str, faults: list[PackFault]) -> Iterator[NodeSpec]:
    """The nodes of a module and of the modules below it."""
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a broken file leaves the other nodes usable
        faults.append(_broken(name, error))
        return
    yield from specs_in(module)
    below = pkgutil.iter_modules(getattr(module, "__path__", ()))
    for each in sorted(each.name for each in below):
        yield from _specs(f"{name}.{each}", faults)


def _broken(name: str, error: BaseException) -> PackFault:
    reason = f"{type(error).__name__}: {error}".strip().removesuffix(".")[:500]
    return PackFault(
        OWN,
        f"The module {name} of weft could not be loaded: {reason}.",
        frozenset(declared_nodes(name)),
        hint="Correct this module, or install weft again.",
    )


def _contested(name: str, claimed: list[NodeSpec]) -> PackFault:
    places = " and ".join(sorted(spec.where for spec in claimed))
    return PackFault(
        OWN,
        f"More than one node of weft claims the name {name}: {places}.",
        frozenset(spec.type_id for spec in claimed) | {name},
        hint="Rename one of them.",
    )
