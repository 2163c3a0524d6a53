"""The recipe history: the inputs of each node at its last run, for explaining cache misses."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a result depends on.

    Attributes:
        shown: For people: a value, a link, a file's name.
        digest: What counts; equal digests mean nothing changed.
    """

    shown: str
    digest: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a node's result depended on when it was last known.

    Attributes:
        outputs: Digests of the outputs, in hexadecimal.
        parts: What went into the key, by name.
    """

    outputs: tuple[str, ...]
    parts: Mapping[str, Part]


class History:
    """Recipes of the last run of each workflow, in a small database file.

    Losing it loses explanations, never results, so trouble with the file is a warning.

    Args:
        path: The file; None keeps everything in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._memory: dict[str, dict[str, Recipe]] = {}

    def last(self, scope: str) -> dict[str, Recipe]:
        """Recipes by node id of the last run of a workflow; empty if there was none."""
        if self._path is None:
            return dict(self._memory.get(scope, {}))
        try:
            with self._open() as database:
                found = database.execute("SELECT node, recipe FROM recipes WHERE scope=?", (scope,))
                return {node: _read(text) for node, text in found}
        except (sqlite3.Error, OSError, ValueError) as error:
            self._complain(error)
            return {}

    def remember(self, scope: str, recipes: Mapping[str, Recipe]) -> None:
        """Replace what is known of these nodes of a workflow."""
        if self._path is None:
            self._memory.setdefault(scope, {}).update(recipes)
            return
        rows = [(scope, node, _write(recipe)) for node, recipe in recipes.items()]
        try:
            with self._open() as database:
                database.executemany("INSERT OR REPLACE INTO recipes VALUES (?, ?, ?)", rows)
        except (sqlite3.Error, OSError) as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        log.warning("the recipe history at %s cannot be used: %s", self._path, error)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        assert self._path is not None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as database, database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS recipes "
                "(scope TEXT, node TEXT, recipe TEXT, PRIMARY KEY (scope, node))"
            )
            yield database


def _write(recipe: Recipe) -> str:
    parts = {name: [part.shown, part.digest] for name, part in recipe.parts.items()}
    return json.dumps([list(recipe.outputs), parts])


def _read(text: str) -> Recipe:
    outputs, parts = json.loads(text)
    return Recipe(tuple(outputs), {name: Part(*part) for name, part in parts.items()})


def differences(before: Recipe | None, now: Mapping[str, Part]) -> list[str]:
    """The changes since the last run, as sentences; empty if there are none.

    Args:
        before: The last run's recipe; None if there was none.
        now: The parts as they are.
    """
    if before is None:
        return ["it has not run before"]
    found = []
    for name, part in now.items():
        old = before.parts.get(name)
        if old is None:
            found.append(f"{name}: new, {part.shown}")
        elif old.digest != part.digest:
            same = old.shown == part.shown
            found.append(
                f"{name} {part.shown}: content changed"
                if same
                else f"{name}: {old.shown} -> {part.shown}"
            )
    found += [f"{name}: removed" for name in before.parts if name not in now]
    return found
