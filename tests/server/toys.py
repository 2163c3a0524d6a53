"""Small nodes for workers of tests; no torch."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import sqlite3
import sys
import time
from functools import partial
from pathlib import Path
from typing import Annotated

from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import InputFile, ModelFile, Seed
from weft.engine.errors import NodeError


@node("Wait", category="toy", lane="cpu", pure=False, output=True)
def wait(run: Run, *, file: str = "", stubborn: bool = False) -> float:
    """Wait until a file is there.

    Args:
        file: Path of the file; nobody makes an empty one.
        stubborn: Whether to take no notice of cancelling.
    """
    steps = 0
    run.progress(0, 100)
    while not (file and Path(file).exists()):
        steps += 1
        if not stubborn:
            run.progress(min(steps, 99), 100)
        time.sleep(0.01)
    return 1.0


@node("Die", category="toy", lane="cpu", pure=False, output=True)
def die(*, unless: str = "") -> float:
    """End the process as the system does when memory runs out.

    Args:
        unless: Path of a file that is made first; if it is there already, live.
    """
    if unless and Path(unless).exists():
        return 1.0
    if unless:
        Path(unless).touch()
    os.kill(os.getpid(), signal.SIGKILL)
    return 0.0


@node("Fail", category="toy", output=True)
def fail() -> float:
    """Refuse."""
    raise NodeError("This node always fails.", code="toy.failed", hint="Use another.")


@node("Slow", category="toy", lane="cpu")
def slow(a: float, *, log: str = "") -> float:
    """Add one, and note that it was done.

    Args:
        a: A number.
        log: Path of a file that gets a line.
    """
    with Path(log).open("a") as file:
        file.write("ran\n")
    return a + 1


@node("Seeded", category="toy", lane="inline", output=True)
def seeded(*, seed: Annotated[int, Seed()] = 0) -> int:
    """Give the seed.

    Args:
        seed: Any.
    """
    return seed


@node("Chatty", category="toy", lane="inline", output=True)
def chatty() -> float:
    """Print where the server listens."""
    print("this is no message")  # noqa: T201
    sys.stdout.flush()
    os.write(1, b"nor is this\n")
    return 1.0


@node("Save", category="toy", effects=["writes"], lane="io")
def save(run: Run, value: float) -> None:
    """Write a number.

    Args:
        value: The number.
    """
    text = str(value).encode()
    path = run.workspace.write("number", ".txt", partial(_put, text=text))
    run.preview(b"\x89PNG", "image/png")
    run.artifact(path, "text/plain")


@node("Liar", category="toy", lane="io", pure=False, output=True)
def liar(*, write: str = "", read: str = "", call: int = 0, database: str = "") -> str:
    """Do what it does not declare.

    Args:
        write: Path of a file to write.
        read: Path of a file to read.
        call: Port of this machine to connect to.
        database: Path of a database to make, by code that Python does not hear of.
    """
    if database:
        with contextlib.closing(sqlite3.connect(":memory:")) as opened:
            opened.execute("ATTACH DATABASE ? AS other", (database,))
            opened.execute("CREATE TABLE other.a (b)")
    if write:
        Path(write).write_text("stolen")
    if call:
        socket.create_connection(("127.0.0.1", call), timeout=10).close()
    return Path(read).read_text() if read else ""


@node("Photo", category="toy", effects=["reads"], lane="io", output=True)
def photo(run: Run, *, file: Annotated[str, InputFile()]) -> float:
    """Tell the size of an input file.

    Args:
        file: Its name.
    """
    return float(run.workspace.input(file).stat().st_size)


def _put(file: object, *, text: bytes) -> None:
    file.write(text)  # type: ignore[attr-defined]


@node("Model", category="toy", lane="inline", output=True)
def model(*, name: Annotated[str, ModelFile("checkpoints")]) -> str:
    """Name a model.

    Args:
        name: Its file.
    """
    return name


@node("Hang", category="toy", lane="cpu", pure=False, output=True)
def hang(*, unless: str = "") -> float:
    """Keep Python from running, as native code that never comes back does.

    Args:
        unless: Path of a file that is made first; if it is there already, do not.
    """
    if unless and Path(unless).exists():
        return 1.0
    if unless:
        Path(unless).touch()
    ctypes.PyDLL(None).pause()  # unlike `CDLL`, it keeps Python's lock
    return 0.0
