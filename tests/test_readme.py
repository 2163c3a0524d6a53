"""What the README tells people to type works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
