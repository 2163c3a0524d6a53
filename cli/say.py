"""How the command line speaks: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from typing import Any

from weft.engine.errors import SeveralProblems, WeftError


def out(text: str = "") -> None:
    """A line of the result."""
    print(text)  # noqa: T201


def err(text: str) -> None:
    """A line beside the result."""
    print(text, file=sys.stderr)  # noqa: T201


def out_json(data: Any) -> None:
    """A JSON value as the result, on one line, at once."""
    print(json.dumps(data, ensure_ascii=False), flush=True)  # noqa: T201


def plain(text: str) -> str:
    """Text of a stranger in one line, without what would move the cursor or colour the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def error(problem: WeftError) -> None:
    """An error with all its problems, each with what was expected and got.

    Errors quote what strangers wrote, so nothing but line ends is left of what is not printable.
    """
    if not isinstance(problem, SeveralProblems):
        err(f"error [{problem.code}]: {_lines(str(problem))}")
        return
    err(f"error: {plain(str(problem).splitlines()[0])}")
    for each in problem.problems:
        err(f"  [{each.code}] {_lines(str(each))}")


def _lines(text: str) -> str:
    return "\n".join(plain(line) for line in text.split("\n"))
