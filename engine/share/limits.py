"""Restrict a run to its permissions: a node with undeclared effects is stopped.

Python tells an audit hook of every file opened, address connected and program started, before it
happens. While limits are in force, what was not accepted raises `PermissionError` in whoever tried.
Where the system has Landlock, the threads that call nodes are held by the kernel too, so that
native code cannot write elsewhere either. This guards against surprises and is no prison: code in
this process can undo the hook, so packs of strangers need the trust that any program needs.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.machinery
import os
import re
import stat
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .deeds import deeds
from .landlock import Rules, version

_CODE = tuple(importlib.machinery.all_suffixes())
_OTHERS = re.compile(r"/proc/(\d+)/")


@dataclass(frozen=True, slots=True)
class RunLimits:
    """The permissions of a run.

    Attributes:
        folders: Where files may be written, and read.
        files: Files that may be written too, and hidden ones beside them that replace them.
        network: Whether addresses may be connected.
        readable: Where else files may be read, by links too; None for anywhere.
        packages: Folders of imported packages that lie elsewhere than Python's own.
        path: Folders of Python's path where only code may be read.
    """

    folders: tuple[str, ...]
    files: tuple[str, ...]
    network: bool
    readable: tuple[str, ...] | None
    packages: tuple[str, ...]
    path: tuple[str, ...]


_in_force: list[RunLimits] = []
_hooked = False


@contextlib.contextmanager
def limited(
    folders: Iterable[Path], *, network: bool, readable: Iterable[Path] | None = None
) -> Iterator[Callable[[], None] | None]:
    """Hold this process to limits while the block runs. It has a temporary folder of its own.

    Args:
        folders: Where files may be written. One that is no folder is a file, which may then be
            replaced by way of a hidden file beside it.
        network: Whether addresses may be connected.
        readable: Where else files may be read, besides what Python and the system consist of; None
            for anywhere. Links in these folders may lead anywhere: the run cannot make any there.

    Yields:
        What a thread calls to be held by the kernel too, for as long as it lives; None where the
        kernel cannot.
    """
    global _hooked  # noqa: PLW0603  (hooks cannot be taken off, so one serves for ever)
    if not _hooked:
        sys.addaudithook(_watch)
        _hooked = True
    with _temporary() as temporary:
        yield from _held([*folders, temporary], network, readable)


def _held(
    places: list[Path], network: bool, readable: Iterable[Path] | None
) -> Iterator[Callable[[], None] | None]:
    limits = RunLimits(
        folders=tuple(_slash(os.path.realpath(p)) for p in places if p.is_dir()),
        files=tuple(os.path.realpath(p) for p in places if not p.is_dir()),
        network=network,
        readable=None if readable is None else tuple(_slash(os.path.abspath(f)) for f in readable),  # noqa: PTH100
        packages=_packages(),
        path=tuple(_slash(os.path.realpath(each)) for each in sys.path),
    )
    rules = Rules(places, network=network) if version() else None
    _in_force.append(limits)
    try:
        yield None if rules is None else rules.confine
    finally:
        _in_force.remove(limits)
        if rules is not None:
            rules.close()


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _in_force:
        return
    for deed, what in deeds(event, arguments):
        for limits in _in_force:
            if deed == "write" and not _may_write(limits, what):
                raise PermissionError(f"this run has no permission to write to {what}")
            if deed == "read" and not _may_read(limits, what):
                raise PermissionError(f"this run has no permission to read {what}")
            if deed == "network" and not limits.network:
                raise PermissionError("this run has no permission to use the network")
            if deed == "never":
                raise PermissionError(f"this run has no permission to {what}")


# Not Path.resolve in these: they run inside of others' calls and must open nothing themselves.


def _may_write(limits: RunLimits, name: str) -> bool:
    if name == os.devnull:
        return True
    full = os.path.realpath(name)
    folder, _, last = full.rpartition("/")
    return _slash(full).startswith(limits.folders) or any(
        full == place or (folder == os.path.dirname(place) and _replaces(last, place))  # noqa: PTH120
        for place in limits.files
    )


def _replaces(name: str, place: str) -> bool:
    own = os.path.basename(place)  # noqa: PTH119
    return name.startswith((f".{own}.", f"{own}-"))  # as SQLite's own, `-wal` and `-journal`


def _may_read(limits: RunLimits, name: str) -> bool:
    if limits.readable is None:
        return True
    if ".." not in name.split("/") and _slash(os.path.abspath(name)).startswith(limits.readable):  # noqa: PTH100
        return True
    full = _slash(os.path.realpath(name))
    return (
        full.startswith((*limits.folders, *limits.readable, *limits.packages))
        or _may_write(limits, name)
        or _is_system(full)
        or (full.startswith(limits.path) and (name.endswith(_CODE) or os.path.isdir(name)))  # noqa: PTH112
    )


def _is_system(full: str) -> bool:
    if not full.startswith(_system()):
        return False
    if full.startswith("/proc/"):
        other = _OTHERS.match(full)
        return other is None or other[1] == str(os.getpid())
    if full.startswith("/etc/"):  # a server of the administrator's may read more than anyone may
        with contextlib.suppress(OSError):
            return bool(os.stat(full.rstrip("/")).st_mode & stat.S_IROTH)  # noqa: PTH116
    return True


@functools.cache
def _system() -> tuple[str, ...]:
    """Where Python, its packages and what the system tells of itself lie."""
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    found |= {str(Path(__file__).resolve().parents[2])}
    found |= {"/usr", "/lib", "/lib64", "/bin", "/etc", "/opt", "/proc", "/sys", "/dev"}
    return tuple(sorted(_slash(os.path.realpath(each)) for each in found))


def _packages() -> tuple[str, ...]:
    """Folders of the packages that are imported: some lie elsewhere, such as packs in the making.

    Python's path itself may hold anybody's folder, with anything in it.
    """
    found = [
        os.path.realpath(place)
        for name, module in list(sys.modules.items())
        if "." not in name and getattr(module, "__file__", None)
        for place in getattr(module, "__path__", ())
        if isinstance(place, str)
    ]
    return tuple(sorted({_slash(each) for each in found}))


@contextlib.contextmanager
def _temporary() -> Iterator[Path]:
    """A folder for temporary files, which is that of this process while the block runs."""
    before, named = tempfile.tempdir, os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="weft-held-", ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before
            os.environ.pop("TMPDIR", None)
            if named is not None:
                os.environ["TMPDIR"] = named


def _slash(path: str) -> str:
    return path if path.endswith("/") else path + "/"
