"""Surroundings that refuse: a disk below one folder, and the database."""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from weft.server.models.index import ModelIndex
from weft.server.store.sender import InThread

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@contextlib.contextmanager
def failing_disk(folder: Path, number: int, *, reads: bool = False) -> Iterator[None]:
    """Let the system refuse to write below a folder, and SQLite too.

    Args:
        folder: The folder.
        number: Of the error, from `errno`.
        reads: Whether to refuse to open files for reading as well.
    """

    def refuse(path: Any) -> None:
        with contextlib.suppress(TypeError, ValueError):
            if Path(os.fsdecode(path)).is_relative_to(folder):
                raise OSError(number, os.strerror(number), str(path))

    real_open, real_os_open = io.open, os.open

    def text_open(file: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
        if reads or set(mode) & set("wax+"):
            refuse(file)
        return real_open(file, mode, *more, **named)

    def os_open(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if reads or flags & _WRITES:
            refuse(path)
        return real_os_open(path, flags, *more, **named)

    def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            for each in args[:2]:
                refuse(each)
            return real(*args, **named)

        return call

    def transaction(*_: Any, **__: Any) -> Any:
        raise sqlite3.OperationalError("database or disk is full")

    def send(*_: Any) -> None:
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtins, "open", text_open)
        patch.setattr(io, "open", text_open)
        patch.setattr(os, "open", os_open)
        for name in ("mkdir", "replace", "rename", "link", "unlink", "chmod"):
            patch.setattr(os, name, guarded(getattr(os, name)))
        patch.setattr(ModelIndex, "_transaction", transaction)
        patch.setattr(InThread, "_send", send)
        yield


@contextlib.contextmanager
def failing_database(error: Exception) -> Iterator[None]:
    """Let the database refuse whoever reads or writes.

    Args:
        error: What its driver raises.
    """

    def refuse(*_: Any, **__: Any) -> Any:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncEngine, "connect", refuse)
        patch.setattr(InThread, "_send", refuse)
        yield
