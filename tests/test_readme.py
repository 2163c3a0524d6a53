"""What the README tells people to type works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from weft import testing
from weft.cli.main import _parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python_of_the_readme_runs(number: int, tmp_path: Path) -> None:
    (tmp_path / "graphs").symlink_to(ROOT / "graphs")
    (tmp_path / "example.py").write_text(blocks("python")[number])
    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


NOTEBOOK = """
import asyncio, sys

async def cell():  # a notebook runs its cells inside of an event loop
    exec(compile(open("example.py").read(), "example.py", "exec"), {"__name__": "__main__"})

asyncio.run(cell())
"""


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python_of_the_readme_runs_in_a_notebook(number: int, tmp_path: Path) -> None:
    (tmp_path / "graphs").symlink_to(ROOT / "graphs")
    (tmp_path / "example.py").write_text(blocks("python")[number])
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_node_of_the_readme_keeps_the_contract_of_nodes() -> None:
    (code,) = [block for block in blocks("python") if "@weft.node" in block]
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, "example.py", "exec"), names)
    testing.check_node(names["brighten"], image=testing.image(), by=1.5)


def test_commands_of_the_readme_exist() -> None:
    lines = [line.partition("#")[0].strip() for b in blocks("") for line in b.splitlines()]
    words = [line.split() for line in lines if line.startswith("weft ")]
    assert len(words) > 5
    for command in words:
        options, rest = _parser().parse_known_args(command[1:])
        assert options.command == command[1]
        assert not rest or options.command in ("run", "sweep")


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
