"""Holds a run to what was accepted: a node that does more than it declared is stopped.

Python tells an audit hook of every file opened, address connected and program started, before it
happens. While limits are in force, what was not accepted raises `PermissionError` in whoever tried.
This guards against surprises; it is no sandbox: native code can go around it, so packs of strangers
need the trust that any program needs.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PATHS = {  # event -> which of its arguments are paths that change
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.mkdir": (0,),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "shutil.rmtree": (0,),
    "shutil.move": (0, 1),
}
_NETWORK = {"socket.connect", "socket.sendto", "socket.bind", "socket.getaddrinfo"}
_PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may do.

    Attributes:
        folders: Where files may be written, and read; one may be a file.
        network: Whether addresses may be connected.
        readable: Where else files may be read, by links too; None for anywhere.
    """

    folders: tuple[Path, ...]
    network: bool = False
    readable: tuple[str, ...] | None = None


_in_force: list[Limits] = []
_hooked = False


@contextlib.contextmanager
def limited(
    folders: Iterable[Path], *, network: bool, readable: Iterable[Path] | None = None
) -> Iterator[None]:
    """Hold this process to limits while the block runs. Temporary files are always allowed.

    Args:
        folders: Where files may be written. One may be a file, which may then be replaced by way
            of a hidden file beside it.
        network: Whether addresses may be connected.
        readable: Where else files may be read, besides what Python and the system consist of; None
            for anywhere. Links in these folders may lead anywhere: the run cannot make any there.
    """
    global _hooked  # noqa: PLW0603  (hooks cannot be taken off, so one serves for ever)
    if not _hooked:
        sys.addaudithook(_watch)
        _hooked = True
    roots = tuple(f.resolve() for f in (*folders, Path(tempfile.gettempdir())))
    also = None
    if readable is not None:
        also = (*_system(), *(os.path.abspath(folder) + os.sep for folder in readable))  # noqa: PTH100
    limits = Limits(roots, network, also)
    _in_force.append(limits)
    try:
        yield
    finally:
        _in_force.remove(limits)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _in_force:
        return
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, str | bytes | os.PathLike):
            if _writes(mode, flags):
                _check_path(path)
            else:
                _check_reading(path)
    elif event in _PATHS:
        for number in _PATHS[event]:
            if isinstance(arguments[number], str | bytes | os.PathLike):
                _check_path(arguments[number])
    elif event in _NETWORK:
        if not all(limits.network for limits in _in_force):
            raise PermissionError("this run was not accepted to use the network")
    elif event in _PROGRAMS:
        raise PermissionError("this run was not accepted to start other programs")


def _writes(mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITING)


def _check_path(path: Any) -> None:
    name = os.fsdecode(path)
    if name == os.devnull:
        return
    # Not Path.resolve: this runs inside of others' calls and must open nothing itself.
    full = Path(os.path.realpath(name))
    for limits in _in_force:
        if not any(_belongs(full, folder) for folder in limits.folders):
            raise PermissionError(f"this run was not accepted to write to {full}")


def _check_reading(path: Any) -> None:
    if all(limits.readable is None for limits in _in_force):
        return
    name = os.fsdecode(path)
    lexical = os.path.abspath(name)  # noqa: PTH100  (as above: it must open nothing)
    full = Path(os.path.realpath(name))
    for limits in _in_force:
        if limits.readable is None or lexical.startswith(limits.readable):
            continue
        inside = any(_belongs(full, folder) for folder in limits.folders)
        if not inside and not str(full).startswith(limits.readable):
            raise PermissionError(f"this run was not accepted to read {full}")


@functools.cache
def _system() -> tuple[str, ...]:
    """Where Python, its packages and what the system tells of itself lie."""
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    found |= {os.path.realpath(each) for each in found}
    found |= {os.path.realpath(each) for each in sys.path if each}
    found |= {str(Path(__file__).resolve().parents[2])}
    found |= {"/usr", "/lib", "/lib64", "/etc", "/opt", "/proc", "/sys", "/dev"}
    return tuple(sorted(os.path.join(each, "") for each in found))  # noqa: PTH118


def _belongs(path: Path, place: Path) -> bool:
    beside = path.parent == place.parent and path.name.startswith(f".{place.name}.")
    return beside or path.is_relative_to(place)
