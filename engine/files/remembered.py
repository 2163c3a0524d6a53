"""A workspace for one look at a document: no folder is listed twice, however many are wrong."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from ..errors import FileError
from .paths import PICTURES
from .workspace import Workspace

_MOST_HINTS = 5  # names like a wrong one are looked for; comparing takes some ten milliseconds
_FEW = 50  # names are looked for one by one before a folder is listed
_DEEPEST, _MOST_LISTED = 16, 200_000


class Remembered(Workspace):
    """The same folders as they are when they are first looked at; for a moment, not to be kept.

    Args:
        workspace: Which folders.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.__dict__.update(workspace.__dict__)
        self._models: dict[str, list[str]] = {}
        self._matching: dict[str, list[str]] = {}
        self._found: dict[tuple[str | None, str], Path | FileError] = {}
        self._by_suffix: dict[str, list[str]] | None = None
        self._hints_left = _MOST_HINTS
        self._asked: Counter[Path] = Counter()
        self._listed: dict[Path, frozenset[str] | None] = {}

    def list_models(self, kind: str) -> list[str]:
        """See `Workspace`."""
        if kind not in self._models:
            self._models[kind] = super().list_models(kind)
        return self._models[kind]

    def inputs_like(self, pattern: str) -> list[str]:
        """See `Workspace`."""
        if pattern not in self._matching:
            self._matching[pattern] = super().inputs_like(pattern)
        return self._matching[pattern]

    def inputs_instead_of(self, name: str) -> list[str]:
        """See `Workspace`."""
        if self._by_suffix is None:
            sorted_out: defaultdict[str, list[str]] = defaultdict(list)
            for each in sorted(self.inputs_like("*")):
                sorted_out[_sort_of(each)].append(each)
            self._by_suffix = dict(sorted_out)
        return self._by_suffix.get(_sort_of(name, missing=True), [])

    def model(self, kind: str, name: str) -> Path:
        """See `Workspace`."""
        if (kind, name) not in self._found:
            try:
                self._found[kind, name] = super().model(kind, name)
            except FileError as error:
                self._found[kind, name] = error
        return _told(self._found[kind, name])

    def input(self, name: str) -> Path:
        """See `Workspace`."""
        if (None, name) not in self._found:
            try:
                self._found[None, name] = super().input(name)
            except FileError as error:
                self._found[None, name] = error
        return _told(self._found[None, name])

    def _find(self, folder: Path, name: str, *, follow_links: bool) -> Path | None:
        """`find_under`, but who asks for many names of a folder costs one listing of it."""
        self._asked[folder] += 1
        if self._asked[folder] > _FEW and name.count("/") < _DEEPEST:
            if folder not in self._listed:
                self._listed[folder] = _names_below(folder)
            listed = self._listed[folder]
            if listed is not None and _alike(name) not in listed:
                return None
        return super()._find(folder, name, follow_links=follow_links)

    def nearest(self, name: str, known: Iterable[str]) -> str | None:
        """See `Workspace`; None once it was asked often enough."""
        if not self._hints_left:
            return None
        self._hints_left -= 1
        return super().nearest(name, known)


def _told(found: Path | FileError) -> Path:
    if isinstance(found, FileError):
        raise found
    return found


def _names_below(folder: Path) -> frozenset[str] | None:
    """Names of the files and folders below a folder, as `_alike`; None for too many to list."""
    found: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        below = os.path.relpath(place, folder).replace(os.sep, "/")
        prefix = "" if below == "." else below + "/"
        found.update(_alike(prefix + name) for name in (*folders, *files))
        if len(found) > _MOST_LISTED:
            return None
        if prefix.count("/") >= _DEEPEST:  # a link may lead back up
            folders.clear()
    return frozenset(found)


def _alike(name: str) -> str:
    """One text for all names that a disk may take for the same."""
    return unicodedata.normalize("NFC", name).casefold()


def _sort_of(name: str, *, missing: bool = False) -> str:
    """Files of one sort may stand for each other; see `paths.stands_for`."""
    stem, dot, last = name.rpartition("/")[2].rpartition(".")
    suffix = f".{last}".lower() if stem and dot and last else ""
    return ".png" if suffix in PICTURES or (missing and not suffix) else suffix
