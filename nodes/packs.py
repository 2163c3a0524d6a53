"""Node packs: installed packages with the entry point `weft.nodes`, and modules given by name."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from ..engine.declaration.packs import Pack, add_packs, failed, without_nodes
from ..engine.declaration.registry import PackFault, Registry
from ..engine.errors import DeclarationError

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
                f"There is no module {name}.",
                code="node.no_module",
                hint="Check the name given with --nodes, and the folders of PYTHONPATH.",
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
        return failed(pack, error, declared(module))
    return Pack(pack, specs) if specs else without_nodes(pack, source)


def _pack(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.name


def _exists(name: str) -> bool:
    top = name.partition(".")[0]
    try:
        return top in sys.modules or importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def declared(module: str) -> set[str]:
    """Names of the nodes that the source of a pack declares, read without running it.

    They are told from calls of `node` or `weft.node` with a text, as decorators are; names that are
    computed are not found.

    Args:
        module: A module of the pack; every module of its package counts.
    """
    found: set[str] = set()
    for file in _sources(module.partition(".")[0]):
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
        for each in ast.walk(tree):
            if isinstance(each, ast.Call) and _called(each.func) == "node":
                found |= set(_texts(each))
    return found


def _texts(call: ast.Call) -> Iterator[str]:
    """The name and the other names that a call of `node` gives."""
    aliases = [word.value for word in call.keywords if word.arg == "aliases"]
    for given in (*call.args[:1], *aliases):
        for each in ast.walk(given):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value


def _called(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _sources(top: str) -> Iterator[Path]:
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    for folder in spec.submodule_search_locations or ():
        yield from Path(folder).rglob("*.py")
    if spec.submodule_search_locations is None and spec.origin is not None:
        yield Path(spec.origin)
