"""The node types that weft knows: its own, those of packs, and others that are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from weft.engine.declaration.registry import Registry

from ..families_agree import check_families
from ..packs import load_packs
from .own_nodes import add_own_nodes


def standard_registry(
    extra: Iterable[Callable[..., Any] | ModuleType | Registry] = (),
    *,
    packs: bool = True,
    modules: Iterable[str] = (),
) -> Registry:
    """weft's own nodes, `extra` ones, and those of packs.

    A pack or a module of weft that cannot be loaded is skipped, and a node that two packs or two
    modules claim is left out; the registry's `faults` name them.

    Args:
        extra: Node functions, modules or registries to add.
        packs: Whether to load what installed packages offer under the entry point `weft.nodes`.
        modules: Names of more modules, which are loaded as packs are.

    Raises:
        DeclarationError: One of `extra` claims a name that is taken; or there is no module of a
            name in `modules`.
    """
    registry = Registry()
    add_own_nodes(registry)
    registry.checks.append(check_families)
    for source in extra:
        registry.add(source)
    load_packs(registry, installed=packs, modules=modules)
    return registry
