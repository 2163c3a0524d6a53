"""SQL of the index of model files: its tables, conditions and rows."""
# ruff: noqa: S608  (texts put together here are our own constants; whatever is asked is bound)

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .rows import EMBEDDED, Facts, ModelRow, Order, Wanted

log = logging.getLogger(__name__)

_VERSION = 2
_TABLES = """
CREATE TABLE models (
  path TEXT PRIMARY KEY, root TEXT NOT NULL, name TEXT NOT NULL,
  bytes INTEGER NOT NULL, modified INTEGER NOT NULL, inode INTEGER NOT NULL,
  changed INTEGER NOT NULL, device INTEGER NOT NULL,
  described INTEGER NOT NULL DEFAULT 0,
  sha256 TEXT, autov3 TEXT, blake3 TEXT,
  holds TEXT, family TEXT, precision TEXT, tensors INTEGER, title TEXT, trouble TEXT,
  pictured INTEGER NOT NULL DEFAULT 0,
  words TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX models_name ON models (name, root, words);
CREATE INDEX models_newest ON models (modified DESC, name, root, words);
CREATE INDEX models_root ON models (root, modified);
CREATE INDEX models_undescribed ON models (root) WHERE described = 0;
CREATE INDEX models_unhashed ON models (root, bytes) WHERE sha256 IS NULL;
CREATE INDEX models_sha256 ON models (sha256);
CREATE INDEX models_autov3 ON models (autov3);
CREATE TABLE metadata (path TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""
COLUMNS = (
    "path, root, name, bytes, modified, inode, changed, device, described, sha256, autov3, blake3, "
    "holds, family, precision, tensors, title, trouble, pictured"
)
STAMP = "bytes, modified, inode, changed, device"
SAME = "path = ? AND bytes = ? AND modified = ? AND inode = ? AND changed = ? AND device = ?"
"""Of a file that has not changed: its path and `ModelRow.stamp`."""
_LONGEST_METADATA = 1 << 20  # characters; a training tool may write megabytes of tags
_LONGEST_VALUE = 100_000
_TITLES = ("modelspec.title", "ss_output_name")
_SEARCHED = ("modelspec.author", "modelspec.tags", "modelspec.trigger_phrase")


def open_index(file: Path | None) -> sqlite3.Connection:
    """The database in a file; in memory where there is none or it cannot be used."""
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            return _prepared(str(file))
        except (sqlite3.Error, OSError) as error:
            log.warning("the index of models at %s cannot be used: %s", file, error)
    return _prepared(":memory:")


def _prepared(name: str) -> sqlite3.Connection:
    database = sqlite3.connect(name, timeout=30, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        with database:
            database.execute("BEGIN IMMEDIATE")  # another process may make the tables right now
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version != _VERSION:
                for table in ("models", "metadata"):
                    database.execute(f"DROP TABLE IF EXISTS {table}")
                for statement in _TABLES.split(";\n"):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:
        database.close()
        raise
    return database


def to_row(values: Sequence[Any]) -> ModelRow:
    """The row of `COLUMNS`."""
    return ModelRow(*values)


def as_text(name: str | Path) -> str | None:
    """A name as text; None if it is none, as names on disk need not be."""
    text = str(name)
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    return text


def places_of(roots: Sequence[Path]) -> tuple[str, ...]:
    """Folders as the column `root` names them, each once."""
    return tuple(dict.fromkeys(p for root in roots if (p := as_text(root)) is not None))


def below(places: Sequence[str]) -> str:
    """The condition that a model lies below one of so many folders."""
    return f"root IN ({', '.join('?' * len(places))})"


def conditions(places: Sequence[str], wanted: Wanted) -> tuple[str, list[Any]]:
    """The SQL conditions of a page, and their bound values."""
    # The plus keeps SQLite from looking by folder, after which it would have to sort everything.
    conditions = ["+" + below(places)]
    values: list[Any] = [*places]
    for word in wanted.search.casefold().split():
        conditions.append("instr(words, ?) > 0")
        values.append(word)
    for column, value in (("family", wanted.family), ("holds", wanted.holds)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if wanted.digest is not None:
        conditions.append("(sha256 GLOB ? OR autov3 GLOB ?)")
        values += [f"{wanted.digest}*"] * 2
    if wanted.after is not None and wanted.order == "name":
        conditions.append("name > ?")
        values.append(wanted.after)
    elif wanted.after is not None:
        # A cursor that we did not make leads somewhere, never to an error.
        modified, _, name = wanted.after.partition(":")
        conditions.append("(modified < ? OR (modified = ? AND name > ?))")
        number = int(modified) if modified.isascii() and modified.isdecimal() else 0
        values += [min(number, 2**63 - 1), min(number, 2**63 - 1), name]
    return " AND ".join(conditions), values


def cursor_after(order: Order, row: ModelRow) -> str:
    """`Wanted.after` for the page behind this row."""
    return row.name if order == "name" else f"{row.modified}:{row.name}"


def is_first(database: sqlite3.Connection, row: ModelRow, places: Sequence[str]) -> bool:
    """Whether no folder before that of the row has the same name."""
    before = places[: places.index(row.root)]
    return not before or (
        database.execute(
            f"SELECT 1 FROM models WHERE name = ? AND {below(before)} LIMIT 1", (row.name, *before)
        ).fetchone()
        is None
    )


def store_facts(database: sqlite3.Connection, row: ModelRow, facts: Facts) -> None:
    """Note what the header of a file says, unless the file has changed meanwhile."""
    metadata = dict(facts.metadata or {})
    title = next((t for key in _TITLES if (t := metadata.get(key, "").strip())), None)
    words = [row.name, title, facts.family, facts.holds, *(metadata.get(k) for k in _SEARCHED)]
    database.execute(
        "UPDATE models SET described = 1, holds = ?, family = ?, precision = ?, tensors = ?, "
        "title = ?, trouble = ?, pictured = ?, words = ? "
        f"WHERE {SAME}",
        (
            *(facts.holds, facts.family, facts.precision, facts.tensors),
            *(title[:500] if title else None, facts.trouble, EMBEDDED in metadata),
            " ".join(each[:500] for each in words if each).casefold(),
            *(row.path, *row.stamp),
        ),
    )
    kept = {
        name: text
        for name, text in metadata.items()
        if len(text) <= _LONGEST_VALUE and name != EMBEDDED
    }
    body = json.dumps(kept)
    if kept and len(body) <= _LONGEST_METADATA:
        database.execute("INSERT OR REPLACE INTO metadata VALUES (?, ?)", (row.path, body))
