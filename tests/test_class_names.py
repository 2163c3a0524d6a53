"""No two public classes of weft have one name: a reader who searches for it finds the right one."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("engine", "diffusion", "nodes", "server", "cli")
API = {"Workflow"}
"""Names of the HTTP interface's schemas that stand for the thing of the same name."""


def test_public_classes_have_names_of_their_own() -> None:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(path.relative_to(ROOT).as_posix())
    assert {
        name: places for name, places in found.items() if len(places) > 1 and name not in API
    } == {}
