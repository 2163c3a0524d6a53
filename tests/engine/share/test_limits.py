"""A run does no more than was accepted, whatever its nodes declare."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import multiprocessing.util
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
import safetensors.numpy
import torch

from tests.engine import toy
from tests.engine.toy import engine, flow
from weft.engine.declaration.node import node
from weft.engine.errors import RunError
from weft.engine.share.landlock import Rules, version
from weft.engine.share.limits import limited


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """An allowed and a forbidden one."""
    for name in ("yes", "no"):
        (tmp_path / name).mkdir()
    (tmp_path / "no" / "there.txt").write_text("mine")
    return tmp_path / "yes", tmp_path / "no"


def facts(file: Path) -> tuple[int, ...]:
    found = file.stat()
    return found.st_mode, found.st_nlink, found.st_size, found.st_mtime_ns


def at(folder: Path, flags: int) -> int:
    """Open a file by its folder's handle, which Python does not tell an audit hook of."""
    return os.open("x", flags | os.O_CREAT, dir_fd=os.open(folder, os.O_RDONLY))


def attached(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("ATTACH DATABASE ? AS other", (str(file),))
        database.execute("CREATE TABLE other.a (b)")


def child(folder: Path) -> None:
    made = multiprocessing.util.spawnv_passfds(b"/bin/mkdir", [b"mkdir", str(folder).encode()], [])
    os.waitpid(made, 0)


def copied(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("VACUUM INTO ?", (str(file),))


DEEDS: dict[str, Callable[[Path], object]] = {
    "write": lambda f: (f / "x").write_text("x"),
    "append": lambda f: (f / "there.txt").open("a"),
    "low level": lambda f: os.open(f / "x", os.O_CREAT | os.O_WRONLY),
    "by handle": lambda f: at(f, os.O_WRONLY),
    "remove": lambda f: (f / "there.txt").unlink(),
    "rename": lambda f: (f / "there.txt").rename(f / "x"),
    "take": lambda f: (f / "there.txt").rename(f.parent / "yes" / "x"),
    "folder": lambda f: (f / "x").mkdir(),
    "link": lambda f: (f / "x").symlink_to("/etc"),
    "link to it": lambda f: (f.parent / "yes" / "x").symlink_to(f / "there.txt"),
    "short link to it": lambda f: (f.parent / "yes" / "x").symlink_to("../no"),
    "second name": lambda f: (f.parent / "yes" / "x").hardlink_to(f / "there.txt"),
    "dots": lambda f: (f / ".." / "no" / "x").write_text("x"),
    "rights": lambda f: (f / "there.txt").chmod(0o777),
    "times": lambda f: os.utime(f / "there.txt", (1, 1)),
    "attribute": lambda f: os.setxattr(f / "there.txt", "user.x", b"x"),
    "cut": lambda f: os.truncate(f / "there.txt", 0),
    "tree": shutil.rmtree,
    "copy": lambda f: shutil.copy(__file__, f / "x"),
    "map": lambda f: np.memmap(f / "x", "uint8", "w+", shape=(4,)),
    "array": lambda f: np.save(f / "x.npy", np.zeros(1)),
    "picture": lambda f: PIL.Image.new("L", (1, 1)).save(f / "x.png"),
    "database": lambda f: sqlite3.connect(f / "x.db"),
    "database by address": lambda f: sqlite3.connect(f"file:{f}/x.db", uri=True),
    "archive": lambda f: zipfile.ZipFile(f / "x.zip", "w"),
    "current folder": os.chdir,
}
NATIVE: dict[str, Callable[[Path], object]] = {
    "torch": lambda f: torch.save({}, f / "x.pt"),
    "storage": lambda f: torch.UntypedStorage.from_file(str(f / "x"), True, 100),
    "safetensors": lambda f: safetensors.numpy.save_file({"a": np.zeros(1)}, f / "x"),
    "opencv": lambda f: cv2.imwrite(str(f / "x.png"), np.zeros((1, 1), np.uint8)),
    "pipe": lambda f: os.mkfifo(f / "x"),
    "node": lambda f: os.mknod(f / "x"),
    "ctypes": lambda f: ctypes.CDLL(None).mkdir(str(f / "x").encode(), 0o700),
    "shell": lambda f: ctypes.CDLL(None).system(f"echo > {f}/x".encode()),
    "child": lambda f: child(f / "x"),
    "attached database": lambda f: attached(f / "x.db"),
    "copied database": lambda f: copied(f / "x.db"),
}
native = pytest.mark.skipif(not version(), reason="this system has no Landlock")


@pytest.mark.parametrize("deed", DEEDS)
def test_writing_elsewhere_is_refused_and_changes_nothing(
    deed: str, folders: tuple[Path, Path]
) -> None:
    yes, no = folders
    before = facts(no / "there.txt")
    with (
        limited([yes], network=False),
        pytest.raises(PermissionError, match="no permission"),
    ):
        DEEDS[deed](no)
    assert [p.name for p in no.iterdir()] == ["there.txt"]
    assert (no / "there.txt").read_text() == "mine"
    assert facts(no / "there.txt") == before
    assert list(yes.iterdir()) == []


def confined(folders: list[Path], work: Callable[[], object], *, network: bool = False) -> object:
    """What work gives or raises in a thread that the kernel holds, with the hook out of the way."""
    given: list[object] = []

    def run() -> None:
        rules.confine()
        try:
            given.append(work())
        except Exception as error:
            given.append(error)

    rules = Rules(folders, network=network)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(60)
    finally:
        rules.close()
    return given[0]


@native
@pytest.mark.parametrize("deed", NATIVE)
def test_native_code_that_writes_elsewhere_is_kept_from_it_by_the_kernel(
    deed: str, folders: tuple[Path, Path]
) -> None:
    yes, no = folders
    confined([yes], lambda: NATIVE[deed](no))
    assert [p.name for p in no.iterdir()] == ["there.txt"]
    NATIVE[deed](no)
    assert (no / "x").exists() or list(no.glob("x.*")), "the deed must work where it may"


@native
def test_confined_thread_writes_where_it_may_and_hands_limits_on(
    folders: tuple[Path, Path],
) -> None:
    yes, no = folders

    def work() -> object:
        (yes / "x").write_text("x")
        os.link(yes / "x", yes / "y")
        (yes / "y").rename(yes / "z")
        torch.save({}, yes / "t.pt")
        Path(os.devnull).write_text("x")
        met: list[object] = []

        def later() -> None:
            try:
                (no / "x").write_text("x")
            except OSError as error:
                met.append(error)

        thread = threading.Thread(target=later)
        thread.start()
        thread.join(10)
        return met

    met = confined([yes], work)
    assert isinstance(met, list)
    assert [type(each) for each in met] == [PermissionError]
    assert {p.name for p in yes.iterdir()} == {"x", "z", "t.pt"}
    (no / "x").write_text("this thread is free")


@native
def test_confined_thread_connects_only_if_it_may(folders: tuple[Path, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = functools.partial(socket.create_connection, server.getsockname(), 5)
        assert isinstance(confined([folders[0]], call), PermissionError)
        made = confined([folders[0]], call, network=True)
        assert isinstance(made, socket.socket)
        made.close()


def test_link_that_leads_out_of_an_allowed_folder_is_refused(folders: tuple[Path, Path]) -> None:
    yes, no = folders
    (yes / "out").symlink_to(no)
    with limited([yes], network=False), pytest.raises(PermissionError, match="no permission"):
        (yes / "out" / "x").write_text("x")


def test_reading_and_writing_where_it_is_allowed_goes_on(folders: tuple[Path, Path]) -> None:
    yes, no = folders
    with limited([yes], network=False):
        assert (no / "there.txt").read_text() == "mine"
        (yes / "new").mkdir()
        (yes / "new" / "x").write_text("x")
        (yes / "new" / "x").rename(yes / "y")
    (no / "later").write_text("limits are over")


def test_network_and_programs_are_refused(folders: tuple[Path, Path]) -> None:
    with limited([folders[0]], network=False):
        with socket.socket() as one, pytest.raises(PermissionError, match="network"):
            one.connect(("127.0.0.1", 9))
        with (
            socket.socket(type=socket.SOCK_DGRAM) as one,
            pytest.raises(PermissionError, match="network"),
        ):
            one.sendmsg([b"secret"], [], 0, ("127.0.0.1", 9))
        with pytest.raises(PermissionError, match="network"):
            socket.gethostbyname("secret.example")
        with pytest.raises(PermissionError, match="signals"):
            os.kill(os.getppid(), 0)
        with pytest.raises(PermissionError, match="programs"):
            subprocess.run([sys.executable, "-c", ""], check=False)


def test_network_that_was_accepted_is_let_through(folders: tuple[Path, Path]) -> None:
    with socket.socket() as server, limited([folders[0]], network=True):
        server.bind(("127.0.0.1", 0))


def test_limits_hold_in_every_thread(folders: tuple[Path, Path]) -> None:
    met: list[BaseException] = []

    def write() -> None:
        try:
            (folders[1] / "x").write_text("x")
        except BaseException as error:
            met.append(error)

    with limited([folders[0]], network=False):
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(10)
    assert [type(error) for error in met] == [PermissionError]


def test_node_that_lies_about_what_it_touches_fails_its_run(folders: tuple[Path, Path]) -> None:
    target = folders[1] / "stolen.txt"

    @node("Liar", category="toy")
    def liar(a: float) -> float:
        """Say nothing of the file that it writes.

        Args:
            a: A number.
        """
        target.write_text(str(a))
        return a

    flowed = flow(n=("Number", {"value": 1.0}), l=("Liar", {"a": "@n.value"}))
    with (
        engine(nodes=[liar]) as e,
        limited([folders[0]], network=False),
        pytest.raises(RunError) as caught,
    ):
        toy.run(e, flowed, "l.value")
    assert "no permission to write" in str(caught.value)
    assert not target.exists()


def test_what_was_started_by_a_node_is_held_after_its_run(folders: tuple[Path, Path]) -> None:
    target, go = folders[1] / "stolen.txt", threading.Event()
    started: list[threading.Thread] = []

    @node("Waiter", category="toy", lane="inline")
    def waiter(a: float) -> float:
        """Begin a thread that waits for better times.

        Args:
            a: A number.
        """

        def wait() -> None:
            go.wait(30)
            with contextlib.suppress(OSError):
                target.write_text("stolen")

        started.append(threading.Thread(target=wait))
        started[0].start()
        return a

    flowed = flow(n=("Number", {"value": 1.0}), l=("Waiter", {"a": "@n.value"}))
    with engine(nodes=[waiter]) as e:
        with limited([folders[0]], network=False) as confine, e.apart(confine) as held:
            toy.run(held, flowed, "l.value")
        go.set()
        started[0].join(30)
    assert target.exists() is (confine is None)


def test_reading_is_held_to_what_was_named(folders: tuple[Path, Path], tmp_path: Path) -> None:
    yes, no = folders
    models, big = tmp_path / "models", tmp_path / "big"
    for folder in (models, big / "loras"):
        folder.mkdir(parents=True)
    (big / "loras" / "a").write_text("a")
    (big / "secret").write_text("secret")
    (models / "loras").symlink_to(big / "loras")
    refused = [
        no / "there.txt",
        models / "loras" / ".." / "secret",
        Path(f"/proc/self/root{no}/there.txt"),
        Path(f"/proc/{os.getppid()}/environ"),
    ]
    with limited([yes], network=False, readable=[models]):
        assert (models / "loras" / "a").read_text() == "a"
        assert [each.name for each in (models / "loras").iterdir()] == ["a"]
        for path in refused:
            with pytest.raises(PermissionError, match="no permission to read"):
                path.read_bytes()
        with pytest.raises(PermissionError, match="no permission to read"):
            list(no.iterdir())


def test_current_folder_on_the_path_gives_code_and_nothing_else(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    yes, no = folders
    monkeypatch.syspath_prepend(str(no))
    (no / "late.py").write_text("value = 3")
    with limited([yes], network=False, readable=[]):
        late = importlib.import_module("late")
        with pytest.raises(PermissionError, match="no permission to read"):
            (no / "there.txt").read_text()
    assert late.value == 3


def test_temporary_files_are_the_runs_own_and_go_with_it(folders: tuple[Path, Path]) -> None:
    before = tempfile.gettempdir()
    with limited([folders[0]], network=False):
        inside = Path(tempfile.gettempdir())
        with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryDirectory():
            file.write(b"x")
        with pytest.raises(PermissionError, match="no permission to write"):
            (Path(before) / "weft-test-others").write_text("x")
    assert tempfile.gettempdir() == before
    assert not inside.exists()
