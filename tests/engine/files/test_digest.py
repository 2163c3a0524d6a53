"""A digest is that of the bytes that lie there, however they came there."""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.errors import FileError
from weft.engine.files import digest as digest_module
from weft.engine.files.digest import FileDigests
from weft.engine.files.stamp import SETTLED


def later() -> int:
    """A clock by which every file was written long ago."""
    return time.time_ns() + 10 * SETTLED


def rewritten(path: Path, content: bytes) -> None:
    """Write into a file in place and set its time back, as `cp -p` and `rsync -t --inplace` do."""
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert path.stat().st_ino == before.st_ino


def test_file_digest_follows_content_not_name(tmp_path: Path) -> None:
    digests = FileDigests()
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"same")
    b.write_bytes(b"same")
    assert digests.digest(a) == digests.digest(b)
    a.write_bytes(b"more")
    assert digests.digest(a) != digests.digest(b)
    (tmp_path / "empty").write_bytes(b"")
    assert digests.digest(tmp_path / "empty") != digests.digest(a)


def test_file_digest_is_remembered_over_restarts_for_large_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memo, large = tmp_path / "memo.json", tmp_path / "large"
    large.write_bytes(b"x" * (5 << 20))
    first = FileDigests(memo, clock=later).digest(large)
    assert memo.exists()

    def no_reading(**_: object) -> object:
        raise AssertionError("the file was read again")

    with monkeypatch.context() as patched:
        patched.setattr("weft.engine.files.digest.blake3", no_reading)
        assert FileDigests(memo).digest(large) == first
    large.write_bytes(b"y" * (5 << 20))
    assert FileDigests(memo).digest(large) != first
    memo.write_text("{nonsense")
    assert FileDigests(memo).digest(large) != first


def test_file_digest_of_a_file_rewritten_with_size_and_time_kept_is_the_new_one(
    tmp_path: Path,
) -> None:
    file, digests = tmp_path / "f", FileDigests()
    file.write_bytes(b"red ")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert digests.digest(file) == blake3(b"red ").hexdigest()
    rewritten(file, b"blue")
    assert digests.digest(file) == blake3(b"blue").hexdigest()


@given(st.lists(st.binary(min_size=3, max_size=3), min_size=1, max_size=20))
def test_file_digest_is_that_of_the_bytes_whatever_is_written_between_two_readings(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]
) -> None:
    file, digests = tmp_path_factory.mktemp("d") / "f", FileDigests()
    file.write_bytes(b"***")
    for content in contents:
        rewritten(file, content)
        assert digests.digest(file) == blake3(content).hexdigest()


def test_file_that_was_just_written_is_read_again(tmp_path: Path) -> None:
    """Two changes within one step of the clock of a file system leave one stamp."""
    file = tmp_path / "f"
    file.write_bytes(b"one")
    digests, known = FileDigests(), FileDigests(clock=later)
    digests.digest(file), known.digest(file)
    assert digests._known == {}
    assert known._known != {}


def test_file_that_changes_while_it_is_read_gives_its_last_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, digests = tmp_path / "f", FileDigests()
    file.write_bytes(b"one")
    changes = [b"two!", b"three"]
    read = FileDigests._read_whole

    def changing(self: FileDigests, opened: IO[bytes]) -> str:
        digest = read(self, opened)
        if changes:
            file.write_bytes(changes.pop(0))
        return digest

    monkeypatch.setattr(FileDigests, "_read_whole", changing)
    assert digests.digest(file) == blake3(b"three").hexdigest()


def test_file_that_does_not_stop_changing_is_refused_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "growing.bin"
    file.write_bytes(b"")

    def growing(self: FileDigests, opened: IO[bytes]) -> str:
        with file.open("ab") as end:
            end.write(b"+")
        return ""

    monkeypatch.setattr(FileDigests, "_read_whole", growing)
    with pytest.raises(FileError, match=r"growing\.bin.*changed each time it was read") as caught:
        FileDigests().digest(file)
    assert caught.value.code == "files.changing"


def test_notes_of_an_earlier_version_do_not_count(tmp_path: Path) -> None:
    """They have no time of the inode, so a file that was rewritten in place passes for the old."""
    large, memo = tmp_path / "large", tmp_path / "memo.json"
    large.write_bytes(b"x" * (5 << 20))
    found = large.stat()
    old = [found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev, "0" * 64]
    memo.write_text(json.dumps({str(large): old}))
    assert FileDigests(memo).digest(large) == blake3(b"x" * (5 << 20)).hexdigest()
    current = {"version": 1, "files": {str(large): [*found[:1], *old]}}
    memo.write_text(json.dumps(current))
    assert FileDigests(memo).digest(large) == blake3(b"x" * (5 << 20)).hexdigest()


def test_file_asked_for_twice_at_once_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, digests = tmp_path / "f", FileDigests(algorithm="sha256", clock=later)
    file.write_bytes(b"content")
    readings, go_on = Queue[str](), threading.Event()

    def slow() -> Any:
        readings.put("sha256")
        go_on.wait()
        return sha256()

    monkeypatch.setattr(digest_module, "sha256", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(digests.digest, file)
        readings.get()
        second = pool.submit(digests.digest, file)
        with pytest.raises(Empty):
            readings.get(timeout=0.1)
        go_on.set()
        assert first.result() == second.result() == sha256(b"content").hexdigest()
    assert readings.empty()


def test_folder_digest_depends_on_names_and_contents(tmp_path: Path) -> None:
    digests = FileDigests()
    for name in ("p", "q", "r"):
        (tmp_path / name / "unet").mkdir(parents=True)
        (tmp_path / name / "unet" / "w").write_bytes(b"1")
    (tmp_path / "r" / "unet" / "w").rename(tmp_path / "r" / "unet" / "v")
    found = [digests.digest(tmp_path / n) for n in ("p", "q", "r")]
    assert found[0] == found[1] != found[2]
    (tmp_path / "q" / "unet" / "w").write_bytes(b"22")
    assert digests.digest(tmp_path / "q") != found[0]
