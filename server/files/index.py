"""What lies in some folders, without reading them again each time.

A folder is read again only when its modification time changed, so that looking at 100,000 files
costs one `stat` a folder. Pages of a listing are cut from a sorted list by bisection.
"""

from __future__ import annotations

import asyncio
import bisect
import dataclasses
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from weft.engine.files.paths import safe_parts
from weft.engine.files.stamp import stamp_of

Order = Literal["name", "newest"]
_DEEPEST = 16
_HOT = 2_000_000_000  # ns within which a second change may leave the same modification time


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Attributes:
        name: Below its folder, with `/`.
        bytes: Size; 0 for a model that is a folder.
        modified: Nanoseconds since 1970.
        inode: Tells apart a file from another one that took its name.
        changed: Nanoseconds since 1970 of the last change of the inode, which nobody can set.
        device: Where the inode is.
    """

    name: str
    bytes: int
    modified: int
    inode: int
    changed: int = 0
    device: int = 0


@dataclass(slots=True)
class _Folder:
    modified: int
    read_at: int
    files: dict[str, Entry] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    def is_current(self, modified: int) -> bool:
        return self.modified == modified and self.read_at - modified > _HOT


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a listing, and where the next page begins; None at the end."""

    entries: list[Entry]
    next: str | None
    total: int


class FolderIndex:
    """The files below some folders; of two with one name the first folder's counts.

    Args:
        roots: Folders, existing or not.
        wanted: Whether a file belongs to it, by name.
        follow_links: Whether symbolic links count. Owners link models; nothing that a stranger can
            write to may.
        skip: Folders directly below a root that are left out.
        whole: A file that makes its folder one entry (`model_index.json`); None for none.
    """

    def __init__(
        self,
        roots: Iterable[Path],
        *,
        wanted: Callable[[str], bool] = lambda _: True,
        follow_links: bool = False,
        skip: Iterable[str] = (),
        whole: str | None = None,
    ) -> None:
        self._roots = tuple(roots)
        self._wanted, self._follow, self._whole = wanted, follow_links, whole
        self._skip = frozenset(skip)
        self._folders: dict[tuple[int, str], _Folder] = {}
        self._by_name: list[Entry] = []
        self._newest: list[Entry] | None = None
        self._lock = asyncio.Lock()
        self._began = 0
        self.version = 0  # grows with every change that was seen

    @property
    def by_root(self) -> list[tuple[Path, list[Entry]]]:
        """The files below each folder at the last listing; names may be in several."""
        found: list[list[Entry]] = [[] for _ in self._roots]
        for (number, _), folder in list(self._folders.items()):
            found[number] += folder.files.values()
        return list(zip(self._roots, found, strict=True))

    async def reread(self) -> None:
        """Look at every file again, also at those that changed in place, which no folder tells."""
        async with self._lock:
            self._folders = {}
        await self._refresh()

    async def entries(self) -> Sequence[Entry]:
        """Every entry as it is now, sorted by name."""
        await self._refresh()
        return self._by_name

    async def page(
        self,
        *,
        search: str = "",
        order: Order = "name",
        after: str | None = None,
        limit: int = 100,
        shown: Callable[[str], bool] | None = None,
    ) -> Page:
        """Some entries.

        Args:
            search: Words that a name must have all of, in any case.
            order: By name, or newest first.
            after: `next` of the page before; None for the first page.
            limit: How many.
            shown: Whether a file may be told of, by name; the others are not counted. None: all.
        """
        await self._refresh()
        if order == "newest" and self._newest is None:
            self._newest = sorted(self._by_name, key=_age)
        listing = self._by_name if order == "name" else self._newest or []
        words = search.casefold().split()
        key = _name if order == "name" else _age
        if shown is not None:
            listing = [entry for entry in listing if shown(entry.name)]
        start = 0 if after is None else bisect.bisect_right(listing, _cursor(order, after), key=key)
        found: list[Entry] = []
        for entry in listing[start:] if not words else _matching(listing, start, words):
            if len(found) == limit:
                return Page(found, _show(order, found[-1]), len(listing))
            found.append(entry)
        return Page(found, None, len(listing))

    async def _refresh(self) -> None:
        asked = time.monotonic_ns()
        async with self._lock:
            if self._began > asked:
                return  # somebody else's look began after this question
            self._began = time.monotonic_ns()
            changed = await asyncio.to_thread(self._read_all)
            if changed is not None:
                self._by_name, self._newest = changed, None
                self.version += 1

    def _read_all(self) -> list[Entry] | None:
        """Every entry, or None when nothing changed."""
        found: dict[tuple[int, str], _Folder] = {}
        changed = False
        for number, root in enumerate(self._roots):
            changed |= self._read(root, number, found)
        if not changed and found.keys() == self._folders.keys():
            return None
        self._folders = found
        merged: dict[str, Entry] = {}
        for folder in found.values():
            for entry in folder.files.values():
                merged.setdefault(entry.name, entry)
        return sorted(merged.values(), key=_name)

    def _read(self, root: Path, number: int, found: dict[tuple[int, str], _Folder]) -> bool:
        """Read what changed below one root into `found`; whether anything did."""
        changed = False
        # Inodes on the way down, because a link may lead back up.
        waiting: list[tuple[str, frozenset[tuple[int, int]]]] = [("", frozenset())]
        while waiting:
            name, above = waiting.pop()
            path = root / name if name else root
            try:
                info = path.stat()
            except OSError:
                continue
            here = (info.st_dev, info.st_ino)
            if not stat.S_ISDIR(info.st_mode) or here in above:
                continue
            before = self._folders.get((number, name))
            if before is not None and before.is_current(info.st_mtime_ns):
                folder = before
            else:
                folder = self._scan(path, name, info.st_mtime_ns, before)
                changed = changed or before is None or folder.files != before.files
            found[number, name] = folder
            if name.count("/") < _DEEPEST:
                waiting += [(child, above | {here}) for child in reversed(folder.folders)]
        return changed

    def _scan(self, path: Path, name: str, modified: int, before: _Folder | None) -> _Folder:
        folder = _Folder(modified, time.time_ns())
        known = before.files if before is not None else {}
        prefix = name + "/" if name else ""
        try:
            with os.scandir(path) as items:
                for item in items:
                    full = prefix + item.name
                    if item.name.startswith(".") or safe_parts(full) is None:
                        continue
                    if item.is_dir(follow_symlinks=self._follow):
                        if prefix or item.name not in self._skip:
                            folder.folders.append(full)
                    elif item.is_file(follow_symlinks=self._follow):
                        entry = known.get(full)
                        if entry is None or entry.inode != item.inode():
                            entry = _entry(full, item, follow=self._follow)
                        if entry is not None:
                            folder.files[full] = entry
        except OSError:
            return folder  # it went away meanwhile, or may not be read
        if name and self._whole is not None and prefix + self._whole in folder.files:
            inner = folder.files[prefix + self._whole]
            folder.files = {name: dataclasses.replace(inner, name=name, bytes=0)}
            folder.folders = []
        else:
            folder.files = {n: e for n, e in folder.files.items() if self._wanted(n)}
        folder.folders.sort()
        return folder


def _entry(name: str, item: os.DirEntry[str], *, follow: bool) -> Entry | None:
    try:
        info = item.stat(follow_symlinks=follow)
    except OSError:
        return None
    return entry_of(name, info)


def entry_of(name: str, info: os.stat_result) -> Entry:
    """The entry of a file.

    Args:
        name: Below its folder.
        info: From `os.stat`, links followed.
    """
    stamp = stamp_of(info)
    return Entry(name, stamp.size, stamp.modified, stamp.inode, stamp.changed, stamp.device)


def _matching(listing: Sequence[Entry], start: int, words: Sequence[str]) -> Iterator[Entry]:
    for place in range(start, len(listing)):
        name = listing[place].name.casefold()
        if all(word in name for word in words):
            yield listing[place]


def _name(entry: Entry) -> tuple[int, str]:
    return 0, entry.name


def _age(entry: Entry) -> tuple[int, str]:
    return -entry.modified, entry.name


def _show(order: Order, entry: Entry) -> str:
    return entry.name if order == "name" else f"{entry.modified}:{entry.name}"


def _cursor(order: Order, text: str) -> tuple[int, str]:
    """The sort key of a cursor. One that we did not make leads somewhere, never to an error."""
    if order == "name":
        return 0, text
    age, _, name = text.partition(":")
    valid = age.isascii() and age.isdecimal() and len(age) < 30
    return (-int(age) if valid else 0), name
