"""The names of nodes that source files declare, read without running them."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path


def declared_nodes(module: str) -> set[str]:
    """The names and aliases of the nodes that the source of a module declares.

    They are read from calls of `node` or `weft.node` with literal names, as decorators are; names
    that are computed are not found, and files that cannot be parsed are left out.

    Args:
        module: Its full name. For a package every module below it counts. Modules around it are
            imported, itself is not.
    """
    found: set[str] = set()
    for file in _sources(module):
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
        for each in ast.walk(tree):
            if isinstance(each, ast.Call) and _called(each.func) == "node":
                found |= set(_texts(each))
    return found


def _texts(call: ast.Call) -> Iterator[str]:
    """The name and the aliases in a call of `node`."""
    aliases = [word.value for word in call.keywords if word.arg == "aliases"]
    for given in (*call.args[:1], *aliases):
        for each in ast.walk(given):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value


def _called(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _sources(module: str) -> Iterator[Path]:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    for folder in spec.submodule_search_locations or ():
        yield from Path(folder).rglob("*.py")
    if spec.submodule_search_locations is None and spec.origin is not None:
        yield Path(spec.origin)
