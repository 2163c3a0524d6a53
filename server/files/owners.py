"""Owners of files, and who may see them.

The names of all files that somebody uploaded or a job wrote lie in memory with their owners (some
150 bytes each), because lists of files ask for every one, and in the database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from blake3 import blake3
from sqlalchemy import Executable, bindparam, delete

from ..store.statements import insert_or
from ..store.tables import files
from ..store.writer import Writer, WriterChange
from .folders import Kind


class OwnerStatements:
    """How owners are stored.

    Args:
        dialect: `sqlite` or `postgresql`.
    """

    def __init__(self, dialect: str) -> None:
        made = insert_or(dialect, files)
        self.set: Executable = made.on_conflict_do_update(
            index_elements=["key"], set_={"owner": made.excluded["owner"]}
        )
        self.drop: Executable = delete(files).where(files.c.key == bindparam("which"))

    @property
    def in_order(self) -> list[Executable]:
        """Both. A file that is deleted and written again within a transaction has an owner."""
        return [self.drop, self.set]


class Owners:
    """Knows the owner of every file that was uploaded or written by a job.

    Args:
        private: Whether files are for their owners and administrators only.
        is_admin: Whether an owner is an administrator now.
    """

    def __init__(self, *, private: bool, is_admin: Callable[[str], bool]) -> None:
        self.private = private
        self._is_admin = is_admin
        self._known: dict[str, str] = {}
        self._writer: Writer | None = None
        self._say: OwnerStatements | None = None

    def open(
        self, rows: Iterable[Mapping[str, Any]], writer: Writer, statements: OwnerStatements
    ) -> None:
        """Take up what is stored, and store what changes from now on."""
        self._known = {f"{r['kind']}/{json.loads(r['name'])}": r["owner"] for r in rows}
        self._writer, self._say = writer, statements

    def owner(self, kind: Kind, name: str) -> str | None:
        """The owner of a file; None for one that was neither uploaded nor written by a job."""
        return self._known.get(f"{kind}/{name}")

    def sees(self, who: str, kind: Kind, name: str) -> bool:
        """Whether a user may see a file.

        Where files are private, that is its owner and administrators. An input file without an
        owner was put there by whom the machine belongs to, for everybody.
        """
        if not self.private or self._is_admin(who):
            return True
        owner = self.owner(kind, name)
        return owner == who or (owner is None and kind == "input")

    def give(self, kind: Kind, name: str, owner: str) -> None:
        """Make a user the owner of a file."""
        changes = self.given(kind, name, owner)
        if self._writer is not None:
            self._writer.put(changes)

    def given(self, kind: Kind, name: str, owner: str) -> list[WriterChange]:
        """`give`, by changes that whoever asks stores together with others."""
        place = f"{kind}/{name}"
        if self._say is None or self._known.get(place) == owner:
            return []
        self._known[place] = owner
        key = _key(place)
        row = {"key": key, "kind": kind, "name": json.dumps(name), "owner": owner}
        return [WriterChange(self._say.set, row, last_wins=key)]

    def forget(self, kind: Kind, name: str) -> None:
        """A file is gone."""
        place = f"{kind}/{name}"
        if self._known.pop(place, None) is None or self._writer is None or self._say is None:
            return
        self._writer.put([WriterChange(self._say.drop, {"which": _key(place)})])


def _key(place: str) -> str:
    return blake3(place.encode("utf-8", "surrogatepass")).hexdigest(16)
