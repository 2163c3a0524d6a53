"""Heavy libraries are imported by one thread at a time."""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import pytest

from weft.diffusion.importing import importing

PACKAGES = Path(__file__).parents[2]
LIBRARIES = {"diffusers", "transformers", "controlnet_aux", "insightface", "timm"}
FILES = sorted(
    file
    for package in ("diffusion", "nodes", "engine", "server", "cli")
    for file in (PACKAGES / package).rglob("*.py")
)


def _library(node: ast.AST) -> str | None:
    """The heavy library that an import statement names."""
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        names = [node.module or ""]
    elif isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        return None
    return next((n for name in names if (n := name.partition(".")[0]) in LIBRARIES), None)


def _imports_at_top(file: Path) -> bool:
    body = ast.parse(file.read_text("utf-8")).body
    return any(_library(statement) for statement in body)


HEAVY_MODULES = {file.stem for file in FILES if _imports_at_top(file)}
"""weft's own modules whose import brings a heavy library along."""


def _unguarded(node: ast.AST, guarded: bool) -> list[int]:
    """Lines of imports that no `with importing():` holds."""
    found = []
    for child in ast.iter_child_nodes(node):
        inside = guarded
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(child, ast.With):
            inside |= any(ast.unparse(item.context_expr) == "importing()" for item in child.items)
        own = isinstance(child, ast.ImportFrom) and child.level > 0
        heavy = own and (child.module or "").rpartition(".")[2] in HEAVY_MODULES
        if (heavy or _library(child)) and not inside:
            found.append(child.lineno)
        found += _unguarded(child, inside)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGES).as_posix())
def test_heavy_imports_in_functions_stand_under_the_lock(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert sorted({line for function in functions for line in _unguarded(function, False)}) == []


def test_an_import_without_the_lock_is_found() -> None:
    text = "def f():\n  with importing():\n    import diffusers.x\n  from transformers import y\n"
    assert _unguarded(ast.parse(text), False) == [4]


def test_lock_is_held_by_one_thread_and_may_be_taken_again_by_it() -> None:
    inside = []

    def other() -> None:
        with importing():
            inside.append("other")

    thread = threading.Thread(target=other)
    with importing(), importing():
        thread.start()
        inside.append("first")
    thread.join()
    assert inside == ["first", "other"]
