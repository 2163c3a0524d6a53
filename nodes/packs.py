"""Node packs: installed packages with the entry point `weft.nodes`, and modules given by name."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from weft.engine.declaration.packs import Pack, add_packs, failed, without_nodes
from weft.engine.declaration.registry import PackFault, Registry
from weft.engine.errors import DeclarationError

from .declared import declared_nodes

GROUP = "weft.nodes"


def load_packs(registry: Registry, *, installed: bool, modules: Iterable[str]) -> None:
    """Add the nodes of packs. One that cannot be loaded is skipped, and noted in its `faults`.

    Args:
        registry: With weft's own nodes.
        installed: Whether to load what installed packages offer.
        modules: Names of more modules.

    Raises:
        DeclarationError: `node.no_module`: there is no module of such a name.
    """
    packs: list[Pack] = []
    entries = entry_points(group=GROUP) if installed else ()
    for entry in sorted(entries, key=lambda each: (_pack(each), each.name, each.value)):
        found = _loaded(_pack(entry), entry.load, entry.module)
        _sort(found, registry, packs)
    for name in dict.fromkeys(modules):
        if not _exists(name):
            raise DeclarationError(
                f"There is no Python module {name}.",
                code="node.no_module",
                hint="Check the name after --nodes, and the folders of PYTHONPATH.",
            )
        _sort(_loaded(name, partial(importlib.import_module, name), name), registry, packs)
    add_packs(registry, packs)


def _sort(found: Pack | PackFault, registry: Registry, packs: list[Pack]) -> None:
    if isinstance(found, PackFault):
        registry.faults.append(found)
    else:
        packs.append(found)


def _loaded(pack: str, load: Callable[[], Any], module: str) -> Pack | PackFault:
    """The nodes of a pack, or why there are none."""
    try:
        source = load()
        specs = list(Registry([source]).own())
    except (Exception, SystemExit) as error:  # whatever a stranger's package does when imported
        return failed(pack, error, declared_nodes(module.partition(".")[0]))
    return Pack(pack, specs) if specs else without_nodes(pack, source)


def _pack(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.name


def _exists(name: str) -> bool:
    top = name.partition(".")[0]
    try:
        return top in sys.modules or importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False
