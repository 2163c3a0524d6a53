"""The meaning of Python's audit events: files read or changed, and other actions.

Source: Python's table of audit events, and which of them CPython 3.11 really raises. Making pipes
and devices, children of `multiprocessing`, and databases that SQLite attaches raise none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, Literal

Deed = tuple[Literal["read", "write", "network", "never"], str]
"""What is done, and the absolute path that it is done to or, for `never`, what it is in words."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {  # event -> places of the paths that change, each with that of the folder it is from
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.mkdir": ((0, 2),),
    "os.link": ((0, 2), (1, 3)),  # what is linked could be written to by its new name
    "os.truncate": ((0, None),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.chflags": ((0, None),),
    "os.utime": ((0, 3),),
    "os.setxattr": ((0, None),),
    "os.removexattr": ((0, None),),
    "shutil.rmtree": ((0, 1),),
    "shutil.move": ((0, None), (1, None)),
}
_NETWORK = {
    "socket.connect",
    "socket.sendto",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.getnameinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
}
_PROGRAMS = {
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "os.startfile",
    "os.startfile/2",
    "pty.spawn",
}
_SIGNALS = {"os.kill", "os.killpg"}


def deeds(event: str, arguments: tuple[Any, ...]) -> Iterator[Deed]:
    """The actions of an event; empty for events that do not matter.

    Args:
        event: Its name.
        arguments: As the audit hook gets them.

    Raises:
        PermissionError: What it is done to cannot be told.
    """
    reader = _READERS.get(event)
    if reader is not None:
        yield from reader(arguments)
    elif event in _CHANGES:
        for path, folder in _CHANGES[event]:
            base = -1 if folder is None or folder >= len(arguments) else arguments[folder]
            yield from _on("write", arguments[path], base)
    elif event in _NETWORK:
        yield "network", event
    elif event in _PROGRAMS:
        yield "never", "start other programs"
    elif event in _SIGNALS and arguments[0] != os.getpid():
        yield "never", "send signals to other programs"


def _open(arguments: tuple[Any, ...]) -> Iterator[Deed]:
    path, mode, flags = arguments
    if isinstance(path, int):
        return  # opened before
    if isinstance(mode, str):
        writes = any(letter in mode for letter in "wax+")
    else:
        writes = isinstance(flags, int) and bool(flags & _WRITING)
        # Python does not tell which folder a relative name is from. None can be held open but
        # those that may be written to, and such a name must not climb out of it.
        name = os.fsdecode(path)
        if not os.path.isabs(name) and ".." in name.split("/"):  # noqa: PTH117
            yield "never", "open files through .."
        if os.path.isdir(name):  # noqa: PTH112  (no Path: it must open nothing itself)
            writes = True
    yield from _on("write" if writes else "read", path)


def _list(arguments: tuple[Any, ...]) -> Iterator[Deed]:
    yield from _on("read", "." if arguments[0] is None else arguments[0])


def _symlink(arguments: tuple[Any, ...]) -> Iterator[Deed]:
    yield from _on("write", arguments[1], arguments[2])
    link = _place(arguments[1], arguments[2])
    if link is not None:
        there = os.path.join(os.path.dirname(link), os.fsdecode(arguments[0]))  # noqa: PTH118, PTH120
        yield "write", there


def _database(arguments: tuple[Any, ...]) -> Iterator[Deed]:
    name = os.fsdecode(arguments[0])
    if name in ("", ":memory:"):
        return
    if name.startswith("file:"):
        yield "never", "open databases by URL"
    yield from _on("write", name)


def _message(arguments: tuple[Any, ...]) -> Iterator[Deed]:
    if arguments[1] is not None:
        yield "network", "socket.sendmsg"


def _never(what: str) -> Callable[[tuple[Any, ...]], Iterator[Deed]]:
    def reader(_: tuple[Any, ...]) -> Iterator[Deed]:
        yield "never", what

    return reader


_READERS: dict[str, Callable[[tuple[Any, ...]], Iterator[Deed]]] = {
    "open": _open,
    "os.listdir": _list,
    "os.scandir": _list,
    "os.symlink": _symlink,
    "os.chdir": _never("change the current folder"),
    "sqlite3.connect": _database,
    "sqlite3.enable_load_extension": _never("load native code into a database"),
    "sqlite3.load_extension": _never("load native code into a database"),
    "socket.sendmsg": _message,
    "socket.sethostname": _never("rename the computer"),
}


def _on(deed: Literal["read", "write"], path: Any, folder: Any = -1) -> Iterator[Deed]:
    place = _place(path, folder)
    if place is not None:
        yield deed, place


def _place(path: Any, folder: Any = -1) -> str | None:
    """The absolute path; None of what is no file (a pipe, nothing at all)."""
    if isinstance(path, int):
        return _of_handle(path)
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    name = os.fsdecode(path)
    if os.path.isabs(name):  # noqa: PTH117
        return name
    base = _of_handle(folder) if isinstance(folder, int) and folder >= 0 else os.getcwd()  # noqa: PTH109
    return os.path.join(base or "/", name)  # noqa: PTH118


def _of_handle(number: int) -> str | None:
    for names in ("/proc/self/fd", "/dev/fd"):
        try:
            found = os.readlink(f"{names}/{number}")  # noqa: PTH115
        except OSError:
            continue
        return found if found.startswith("/") else None
    raise PermissionError("this run has no permission to change files through file handles")
