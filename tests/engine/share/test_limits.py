"""A run does no more than was accepted, whatever its nodes declare."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine import toy
from tests.engine.toy import engine, flow
from weft.engine.declaration.node import node
from weft.engine.errors import RunError
from weft.engine.share.limits import limited


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An allowed and a forbidden one; the system's own temporary folder is elsewhere."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    for name in ("yes", "no"):
        (tmp_path / name).mkdir()
    (tmp_path / "no" / "there.txt").write_text("mine")
    return tmp_path / "yes", tmp_path / "no"


DEEDS: dict[str, Callable[[Path], object]] = {
    "write": lambda f: (f / "x").write_text("x"),
    "append": lambda f: (f / "there.txt").open("a"),
    "low level": lambda f: os.open(f / "x", os.O_CREAT | os.O_WRONLY),
    "remove": lambda f: (f / "there.txt").unlink(),
    "rename": lambda f: (f / "there.txt").rename(f / "x"),
    "folder": lambda f: (f / "x").mkdir(),
    "link": lambda f: (f / "x").symlink_to("/etc"),
    "dots": lambda f: (f / ".." / "no" / "x").write_text("x"),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_writing_elsewhere_is_refused_and_changes_nothing(
    deed: str, folders: tuple[Path, Path]
) -> None:
    yes, no = folders
    with limited([yes], network=False), pytest.raises(PermissionError, match="not accepted"):
        DEEDS[deed](no)
    assert [p.name for p in no.iterdir()] == ["there.txt"]
    assert (no / "there.txt").read_text() == "mine"


def test_link_that_leads_out_of_an_allowed_folder_is_refused(folders: tuple[Path, Path]) -> None:
    yes, no = folders
    (yes / "out").symlink_to(no)
    with limited([yes], network=False), pytest.raises(PermissionError, match="not accepted"):
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
    assert "not accepted to write" in str(caught.value)
    assert not target.exists()
