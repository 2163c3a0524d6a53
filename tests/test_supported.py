"""The pages that say what is supported name tests that exist, and leave out nothing they list."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from weft.diffusion.sampling.samplers import SAMPLERS
from weft.diffusion.sampling.schedules import SCHEDULER_NAMES
from weft.nodes.standard.registry import standard_registry

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
PAGES = ("families.md", "supported.md")
_NAMED = re.compile(r"`([\w/]*test_\w+\.py|…)(?:::(\w+…?))?`")
_TOLD = (
    "adapter",
    "conditioning",
    "conditioning/families",
    "conditioning/pictures",
    "conditioning/places",
    "merge",
    "merge/blocks",
    "model/guidance",
    "model/network",
    "model/sampling",
    "model/speed",
    "sampling/custom/schedules",
)
"""Categories whose every node is on the page."""


@cache
def files() -> tuple[Path, ...]:
    return tuple(TESTS.rglob("test_*.py"))


@cache
def functions_of(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, kinds))


def named(page: str) -> Iterator[tuple[str, str]]:
    """File and test, as the page names them; "…" is the file named last."""
    last = ""
    for match in _NAMED.finditer((DOCS / page).read_text("utf-8")):
        file, test = match[1], match[2] or ""
        last = file = last if file == "…" else file
        yield file, test


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_exists(page: str) -> None:
    wrong = []
    for name, test in named(page):
        fitting = [file for file in files() if file.as_posix().endswith(f"/{name}")]
        found = any(
            not test
            or test in functions_of(file)
            or (test.endswith("…") and any(t.startswith(test[:-1]) for t in functions_of(file)))
            for file in fitting
        )
        if not found:
            wrong.append(f"{name}::{test}")
    assert wrong == []
    assert sum(1 for _ in named(page)) > 20


def test_every_sampler_and_schedule_is_on_the_page() -> None:
    text = (DOCS / "supported.md").read_text("utf-8")
    assert not [name for name in (*SAMPLERS, *SCHEDULER_NAMES) if f"`{name}`" not in text]


def test_every_node_of_the_kinds_that_the_page_lists_is_on_it() -> None:
    text = (DOCS / "supported.md").read_text("utf-8")
    words = set(re.findall(r"\w+", text))
    specs = standard_registry(packs=False).values()
    told = {spec.type_id for spec in specs if spec.category in _TOLD}
    assert len(told) > 60
    assert sorted(told - words) == []
