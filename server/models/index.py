"""The index of model files: where each lies, its hashes, and what its header says, in SQLite.

One file serves the command line and every server of a person, because a row belongs to a path and
not to a list of folders. Whatever is in it can be made again from the files: trouble with the
database is a warning, and the index then lives in memory.
"""
# ruff: noqa: S608  (texts put together here are our own constants; whatever is asked is bound)

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...engine.files.hashes import hashes_of
from ..files.index import Entry

log = logging.getLogger(__name__)

Order = Literal["name", "newest"]
_VERSION = 1
_TABLES = """
CREATE TABLE models (
  path TEXT PRIMARY KEY, root TEXT NOT NULL, name TEXT NOT NULL,
  bytes INTEGER NOT NULL, modified INTEGER NOT NULL, inode INTEGER NOT NULL,
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
_COLUMNS = (
    "path, root, name, bytes, modified, inode, described, sha256, autov3, blake3, "
    "holds, family, precision, tensors, title, trouble, pictured"
)
_LONGEST_METADATA = 1 << 20  # characters; a training tool may write megabytes of tags
_LONGEST_VALUE = 100_000
_BATCH = 5000  # rows a transaction


@dataclass(frozen=True, slots=True)
class Facts:
    """What the header of a model file says.

    Attributes:
        holds: "checkpoint", "lora", ...; None if not known.
        family: Such as "sdxl"; None if not known.
        precision: The type of most bytes.
        tensors: Number of tensors.
        metadata: The free text of the header.
        trouble: Why it cannot be read; None if it can.
    """

    holds: str | None = None
    family: str | None = None
    precision: str | None = None
    tensors: int | None = None
    metadata: Mapping[str, str] | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """What is known of a model file; see `Facts`, and `engine.hashes` for the hashes.

    `pictured` says whether there is a picture in its header.
    """

    path: str
    root: str
    name: str
    bytes: int
    modified: int
    inode: int
    described: bool
    sha256: str | None
    autov3: str | None
    blake3: str | None
    holds: str | None
    family: str | None
    precision: str | None
    tensors: int | None
    title: str | None
    trouble: str | None
    pictured: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which models a page is to have.

    Attributes:
        search: Words that name, title, family or kind of a model must have all of, in any case.
        family: Such as "sdxl"; None for any.
        holds: Such as "lora"; None for any.
        digest: Beginning of a SHA-256 (so AutoV2 too) or AutoV3, lower case; None for any.
        order: By name, or newest first.
        after: `next` of the page before; None for the first page.
        limit: How many.
    """

    search: str = ""
    family: str | None = None
    holds: str | None = None
    digest: str | None = None
    order: Order = "name"
    after: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class IndexPage:
    """Some models, where the next page begins (None at the end), and how many there are in all."""

    rows: list[ModelRow]
    next: str | None
    total: int


class ModelIndex:
    """The index. Every method may be called from any thread.

    Args:
        file: The database; None keeps it in memory.
        describe: Reads the header of a file.
    """

    def __init__(self, file: Path | None, describe: Callable[[Path], Facts]) -> None:
        self._describe = describe
        self._lock = threading.Lock()
        self._totals: dict[tuple[str, ...], int] = {}
        self._database = _opened(file)

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._database.close()

    # -- what there is --------------------------------------------------------------------------

    def sync(self, root: Path, entries: Iterable[Entry]) -> bool:
        """Note which files lie below a folder; what is known of unchanged ones stays.

        Args:
            root: The folder.
            entries: All of its models.

        Returns:
            Whether anything had changed.
        """
        place = _text(root)
        if place is None:
            return False
        now = {e.name: (e.bytes, e.modified, e.inode) for e in entries if _text(e.name) is not None}
        with self._transaction() as database:
            before = {
                name: (size, modified, inode)
                for name, size, modified, inode in database.execute(
                    "SELECT name, bytes, modified, inode FROM models WHERE root = ?", (place,)
                )
            }
        gone = [(f"{place}/{name}",) for name in before.keys() - now.keys()]
        changed = [
            (f"{place}/{name}", place, name, *stamp, name.casefold())
            for name, stamp in now.items()
            if before.get(name) != stamp
        ]
        for some in _batches(gone):
            with self._transaction() as database:
                database.executemany("DELETE FROM models WHERE path = ?", some)
                database.executemany("DELETE FROM metadata WHERE path = ?", some)
        for some in _batches(changed):
            with self._transaction() as database:
                database.executemany(
                    "INSERT OR REPLACE INTO models "
                    "(path, root, name, bytes, modified, inode, words) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    some,
                )
        if gone or changed:
            self._totals.clear()
        return bool(gone or changed)

    def knows(self, roots: Sequence[Path]) -> bool:
        """Whether any model below these folders is known."""
        return self.total(roots) > 0

    def total(self, roots: Sequence[Path]) -> int:
        """How many models of different names there are below these folders."""
        places = _places(roots)
        known = self._totals.get(places)
        if known is None:
            with self._transaction() as database:
                (known,) = database.execute(
                    f"SELECT count(DISTINCT name) FROM models WHERE {_below(places)}", places
                ).fetchone()
            self._totals[places] = known
        return int(known)

    def page(self, roots: Sequence[Path], wanted: Wanted) -> IndexPage:
        """Some models below these folders; of two with one name the first folder's counts."""
        places = _places(roots)
        where, values = _conditions(places, wanted)
        order = "name" if wanted.order == "name" else "modified DESC, name"
        found: dict[str, ModelRow] = {}
        with self._transaction() as database:
            cursor = database.execute(
                f"SELECT {_COLUMNS} FROM models WHERE {where} ORDER BY {order}",
                values,
            )
            for row in map(_row, cursor):
                if not _is_first(database, row, places):
                    continue
                if len(found) == wanted.limit:
                    last = next(reversed(found.values()))
                    return IndexPage(
                        [*found.values()],
                        _cursor(wanted.order, last),
                        self._total(database, places),
                    )
                found[row.name] = row
            return IndexPage([*found.values()], None, self._total(database, places))

    def _total(self, database: sqlite3.Connection, places: tuple[str, ...]) -> int:
        known = self._totals.get(places)
        if known is None:
            (known,) = database.execute(
                f"SELECT count(DISTINCT name) FROM models WHERE {_below(places)}", places
            ).fetchone()
            self._totals[places] = known
        return int(known)

    def find(self, digest: str) -> list[ModelRow]:
        """The models whose SHA-256 or AutoV3 begins so."""
        with self._transaction() as database:
            found = database.execute(
                f"SELECT {_COLUMNS} FROM models WHERE sha256 GLOB ? OR autov3 GLOB ? ORDER BY path",
                (f"{digest}*", f"{digest}*"),
            )
            return [_row(row) for row in found]

    def row(self, path: Path) -> ModelRow | None:
        """What is known of a file as it is now; None if that is nothing."""
        place = _text(path)
        if place is None:
            return None
        with self._transaction() as database:
            found = database.execute(
                f"SELECT {_COLUMNS} FROM models WHERE path = ?", (place,)
            ).fetchone()
        row = _row(found) if found is not None else None
        return row if row is not None and _is_current(row) else None

    def metadata(self, path: Path) -> dict[str, str]:
        """The free text of a file's header, very long values left out; empty if there is none."""
        with self._transaction() as database:
            found = database.execute(
                "SELECT body FROM metadata WHERE path = ?", (_text(path),)
            ).fetchone()
        return dict(json.loads(found[0])) if found is not None else {}

    # -- looking into files ---------------------------------------------------------------------

    def pending(self, roots: Sequence[Path], what: Literal["described", "hashed"]) -> int:
        """How many files below these folders were not looked into yet."""
        places = _places(roots)
        condition = "described = 0" if what == "described" else "sha256 IS NULL AND bytes > 0"
        with self._transaction() as database:
            (count,) = database.execute(
                f"SELECT count(*) FROM models WHERE {_below(places)} AND {condition}", places
            ).fetchone()
        return int(count)

    def describe_some(self, roots: Sequence[Path], count: int = 50) -> int:
        """Read the headers of some files that were not looked into; how many were."""
        places = _places(roots)
        with self._transaction() as database:
            rows = database.execute(
                f"SELECT {_COLUMNS} FROM models WHERE {_below(places)} AND described = 0 LIMIT ?",
                (*places, count),
            ).fetchall()
        read = [(row, self._describe(Path(row.path))) for row in map(_row, rows)]
        with self._transaction() as database:
            for row, facts in read:
                _store_facts(database, row, facts)
        return len(read)

    def describe_one(self, row: ModelRow) -> None:
        """Read the header of a file now."""
        facts = self._describe(Path(row.path))
        with self._transaction() as database:
            _store_facts(database, row, facts)

    def hash_one(self, roots: Sequence[Path], check: Callable[[], None] = lambda: None) -> bool:
        """Hash the smallest file that was not; whether there was one.

        Args:
            roots: Folders.
            check: Called often; whatever it raises ends the reading, and nothing is stored.
        """
        places = _places(roots)
        with self._transaction() as database:
            found = database.execute(
                f"SELECT {_COLUMNS} FROM models WHERE {_below(places)} AND sha256 IS NULL "
                "AND bytes > 0 ORDER BY bytes LIMIT 1",
                places,
            ).fetchone()
        if found is None:
            return False
        self._hash(_row(found), check)
        return True

    def hashes(self, path: Path) -> dict[str, str]:
        """The hashes of a file as it is now, as `engine.hashes.hashes_of`; read if need be.

        Raises:
            OSError: It cannot be read.
        """
        row = self.row(path)
        if row is None:
            return hashes_of(path)
        if row.sha256 is None or row.autov3 is None or row.blake3 is None:
            return self._hash(row, lambda: None) or hashes_of(path)
        return {
            "sha256": row.sha256,
            "autov2": row.sha256[:10],
            "autov3": row.autov3,
            "blake3": row.blake3,
        }

    def _hash(self, row: ModelRow, check: Callable[[], None]) -> dict[str, str]:
        try:
            found = hashes_of(Path(row.path), check)
        except OSError as error:
            # An empty text is no hash, and keeps it from being tried again and again.
            found = {"sha256": "", "autov3": "", "blake3": ""}
            with self._transaction() as database:
                database.execute(
                    "UPDATE models SET trouble = ? WHERE path = ?", (str(error.strerror), row.path)
                )
        with self._transaction() as database:
            database.execute(
                "UPDATE models SET sha256 = ?, autov3 = ?, blake3 = ? "
                "WHERE path = ? AND bytes = ? AND modified = ? AND inode = ?",
                (
                    *(found[name] for name in ("sha256", "autov3", "blake3")),
                    *(row.path, row.bytes, row.modified, row.inode),
                ),
            )
        return found if found["sha256"] else {}

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._database:
            yield self._database


# -- sql ------------------------------------------------------------------------------------------


def _opened(file: Path | None) -> sqlite3.Connection:
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


def _below(places: Sequence[str]) -> str:
    return f"root IN ({', '.join('?' * len(places))})"


def _conditions(places: Sequence[str], wanted: Wanted) -> tuple[str, list[Any]]:
    # The plus keeps SQLite from looking by folder, after which it would have to sort everything.
    conditions = ["+" + _below(places)]
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


def _cursor(order: Order, row: ModelRow) -> str:
    return row.name if order == "name" else f"{row.modified}:{row.name}"


def _is_first(database: sqlite3.Connection, row: ModelRow, places: Sequence[str]) -> bool:
    """Whether no folder before that of the row has the same name."""
    before = places[: places.index(row.root)]
    return not before or (
        database.execute(
            f"SELECT 1 FROM models WHERE name = ? AND {_below(before)} LIMIT 1", (row.name, *before)
        ).fetchone()
        is None
    )


def _store_facts(database: sqlite3.Connection, row: ModelRow, facts: Facts) -> None:
    metadata = dict(facts.metadata or {})
    title = next((t for key in _TITLES if (t := metadata.get(key, "").strip())), None)
    words = [row.name, title, facts.family, facts.holds, *(metadata.get(k) for k in _SEARCHED)]
    database.execute(
        "UPDATE models SET described = 1, holds = ?, family = ?, precision = ?, tensors = ?, "
        "title = ?, trouble = ?, pictured = ?, words = ? "
        "WHERE path = ? AND bytes = ? AND modified = ? AND inode = ?",
        (
            *(facts.holds, facts.family, facts.precision, facts.tensors),
            *(title[:500] if title else None, facts.trouble, EMBEDDED in metadata),
            " ".join(each[:500] for each in words if each).casefold(),
            *(row.path, row.bytes, row.modified, row.inode),
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


EMBEDDED = "modelspec.thumbnail"  # a picture, as the standard of model metadata has it
_TITLES = ("modelspec.title", "ss_output_name")
_SEARCHED = ("modelspec.author", "modelspec.tags", "modelspec.trigger_phrase")


def _row(values: Sequence[Any]) -> ModelRow:
    return ModelRow(*values)


def _is_current(row: ModelRow) -> bool:
    try:
        found = Path(row.path).stat()
    except OSError:
        return False
    if row.bytes == 0:  # a folder, of which one file's times are noted; or an empty file
        return True
    stamp = (found.st_size, found.st_mtime_ns)
    return stamp == (row.bytes, row.modified)


def _places(roots: Sequence[Path]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p for root in roots if (p := _text(root)) is not None))


def _text(name: str | Path) -> str | None:
    """A name as text; None if it is none, as names on disk need not be."""
    text = str(name)
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    return text


def _batches(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]
