"""The page on security names tests; they must be there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_every_test_that_the_page_on_security_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs/security.md").read_text())
    assert len(named) > 35
    known: dict[str, set[str]] = {}
    for path, name in named:
        if path not in known:
            tree = ast.parse((ROOT / path).read_text("utf-8"))
            known[path] = {
                node.name
                for node in tree.body
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
        assert name in known[path], f"{path} has no {name}"


def test_every_row_of_the_page_on_security_names_a_test() -> None:
    rows = [
        line
        for line in (ROOT / "docs/security.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith("| vulnerability,")
    ]
    assert len(rows) > 20
    assert [row[:60] for row in rows if "`tests/" not in row] == []
