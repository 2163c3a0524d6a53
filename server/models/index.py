"""The index of model files: paths, hashes and header metadata, in SQLite.

One file serves the command line and every server of a person, because a row belongs to a path and
not to a list of folders. Whatever is in it can be made again from the files: trouble with the
database is a warning, and the index then lives in memory.
"""
# ruff: noqa: S608  (texts put together here are our own constants; whatever is asked is bound)

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from weft.engine.files.hashes import hashes_of

from ..files.index import Entry, entry_of
from .rows import Facts, IndexPage, ModelRow, Wanted
from .statements import (
    COLUMNS,
    SAME,
    STAMP,
    as_text,
    below,
    conditions,
    cursor_after,
    is_first,
    open_index,
    places_of,
    store_facts,
    to_row,
)

_BATCH = 5000  # rows a transaction
_NO_HASHES: Mapping[str, str] = {"sha256": "", "autov3": "", "blake3": ""}


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
        self._database = open_index(file)

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
        place = as_text(root)
        if place is None:
            return False
        now = {
            e.name: (e.bytes, e.modified, e.inode, e.changed, e.device)
            for e in entries
            if as_text(e.name) is not None
        }
        with self._transaction() as database:
            before = {
                name: tuple(stamp)
                for name, *stamp in database.execute(
                    f"SELECT name, {STAMP} FROM models WHERE root = ?", (place,)
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
                    f"INSERT OR REPLACE INTO models (path, root, name, {STAMP}, words) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    some,
                )
                database.executemany(
                    "DELETE FROM metadata WHERE path = ?", [row[:1] for row in some]
                )
        if gone or changed:
            self._totals.clear()
        return bool(gone or changed)

    def knows(self, roots: Sequence[Path]) -> bool:
        """Whether any model below these folders is known."""
        return self.total(roots) > 0

    def total(self, roots: Sequence[Path]) -> int:
        """How many models of different names there are below these folders."""
        places = places_of(roots)
        with self._transaction() as database:
            return self._total(database, places)

    def page(self, roots: Sequence[Path], wanted: Wanted) -> IndexPage:
        """Some models below these folders; of two with one name the first folder's counts."""
        places = places_of(roots)
        where, values = conditions(places, wanted)
        order = "name" if wanted.order == "name" else "modified DESC, name"
        found: dict[str, ModelRow] = {}
        with self._transaction() as database:
            cursor = database.execute(
                f"SELECT {COLUMNS} FROM models WHERE {where} ORDER BY {order}",
                values,
            )
            for row in map(to_row, cursor):
                if not is_first(database, row, places):
                    continue
                if len(found) == wanted.limit:
                    last = next(reversed(found.values()))
                    return IndexPage(
                        [*found.values()],
                        cursor_after(wanted.order, last),
                        self._total(database, places),
                    )
                found[row.name] = row
            return IndexPage([*found.values()], None, self._total(database, places))

    def _total(self, database: sqlite3.Connection, places: tuple[str, ...]) -> int:
        known = self._totals.get(places)
        if known is None:
            (known,) = database.execute(
                f"SELECT count(DISTINCT name) FROM models WHERE {below(places)}", places
            ).fetchone()
            self._totals[places] = known
        return int(known)

    def find(self, digest: str) -> list[ModelRow]:
        """The models whose SHA-256 or AutoV3 begins so."""
        with self._transaction() as database:
            found = database.execute(
                f"SELECT {COLUMNS} FROM models WHERE sha256 GLOB ? OR autov3 GLOB ? ORDER BY path",
                (f"{digest}*", f"{digest}*"),
            )
            rows = [to_row(row) for row in found]
        return [row for row in rows if _is_current(row)]

    def row(self, path: Path) -> ModelRow | None:
        """The index row of a file in its current state; None if there is none."""
        place = as_text(path)
        if place is None:
            return None
        with self._transaction() as database:
            found = database.execute(
                f"SELECT {COLUMNS} FROM models WHERE path = ?", (place,)
            ).fetchone()
        row = to_row(found) if found is not None else None
        return row if row is None or _is_current(row) else self._renewed(row)

    def _renewed(self, row: ModelRow) -> ModelRow | None:
        """The row of a file that changed where it lies, of which nothing is known now."""
        try:
            found = entry_of(row.name, Path(row.path).stat())
        except OSError:
            return None
        stamp = (found.bytes, found.modified, found.inode, found.changed, found.device)
        with self._transaction() as database:
            database.execute(
                f"INSERT OR REPLACE INTO models (path, root, name, {STAMP}, words) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (row.path, row.root, row.name, *stamp, row.name.casefold()),
            )
            database.execute("DELETE FROM metadata WHERE path = ?", (row.path,))
            (renewed,) = database.execute(
                f"SELECT {COLUMNS} FROM models WHERE path = ?", (row.path,)
            ).fetchall()
        return to_row(renewed)

    def metadata(self, path: Path) -> dict[str, str]:
        """The free text of a file's header, very long values left out; empty if there is none."""
        with self._transaction() as database:
            found = database.execute(
                "SELECT body FROM metadata WHERE path = ?", (as_text(path),)
            ).fetchone()
        return dict(json.loads(found[0])) if found is not None else {}

    # -- looking into files ---------------------------------------------------------------------

    def pending(self, roots: Sequence[Path], what: Literal["described", "hashed"]) -> int:
        """How many files below these folders were not looked into yet."""
        places = places_of(roots)
        condition = "described = 0" if what == "described" else "sha256 IS NULL AND bytes > 0"
        with self._transaction() as database:
            (count,) = database.execute(
                f"SELECT count(*) FROM models WHERE {below(places)} AND {condition}", places
            ).fetchone()
        return int(count)

    def describe_some(self, roots: Sequence[Path], count: int = 50) -> int:
        """Read the headers of some files that were not looked into; how many were."""
        places = places_of(roots)
        with self._transaction() as database:
            rows = database.execute(
                f"SELECT {COLUMNS} FROM models WHERE {below(places)} AND described = 0 LIMIT ?",
                (*places, count),
            ).fetchall()
        for row in map(to_row, rows):
            self.describe_one(row)
        return len(rows)

    def describe_one(self, row: ModelRow) -> None:
        """Read the header of a file now; what it says is kept for the state that was read."""
        facts = self._describe(Path(row.path))
        if not _is_current(row) and self._renewed(row) is not None:
            return  # it is asked for again
        with self._transaction() as database:
            store_facts(database, row, facts)

    def hash_one(self, roots: Sequence[Path], check: Callable[[], None] = lambda: None) -> bool:
        """Hash the smallest file that was not; whether there was one.

        Args:
            roots: Folders.
            check: Called often; whatever it raises ends the reading, and nothing is stored.
        """
        places = places_of(roots)
        with self._transaction() as database:
            found = database.execute(
                f"SELECT {COLUMNS} FROM models WHERE {below(places)} AND sha256 IS NULL "
                "AND bytes > 0 ORDER BY bytes LIMIT 1",
                places,
            ).fetchone()
        if found is None:
            return False
        row = to_row(found)
        current = row if _is_current(row) else self._renewed(row)
        if current is not None:
            self._hash(current, check)
        else:  # it is gone, which the next look at its folder tells
            self._keep_hashes(row, _NO_HASHES)
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
        """Hash a file and keep it, unless the file changed meanwhile; {} where there is none."""
        found: Mapping[str, str]
        try:
            found = hashes_of(Path(row.path), check)
        except OSError as error:
            # An empty text is no hash, and keeps it from being tried again and again.
            found = _NO_HASHES
            with self._transaction() as database:
                database.execute(
                    "UPDATE models SET trouble = ? WHERE path = ?", (str(error.strerror), row.path)
                )
        else:
            if not _is_current(row):
                self._renewed(row)
                return {}
        self._keep_hashes(row, found)
        return dict(found) if found["sha256"] else {}

    def _keep_hashes(self, row: ModelRow, found: Mapping[str, str]) -> None:
        with self._transaction() as database:
            database.execute(
                f"UPDATE models SET sha256 = ?, autov3 = ?, blake3 = ? WHERE {SAME}",
                (found["sha256"], found["autov3"], found["blake3"], row.path, *row.stamp),
            )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._database:
            yield self._database


def _is_current(row: ModelRow) -> bool:
    try:
        found = Path(row.path).stat()
    except OSError:
        return False
    if row.bytes == 0:  # a folder, of which one file's times are noted; or an empty file
        return True
    now = entry_of(row.name, found)
    return row.stamp == (now.bytes, now.modified, now.inode, now.changed, now.device)


def _batches(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]
