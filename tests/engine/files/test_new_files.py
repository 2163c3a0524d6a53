"""New files with and without hard links, and what killed writers leave."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from weft.engine.files import new_files
from weft.engine.files.new_files import clean_parts, new_part, place_new, write_numbered

Patch = pytest.MonkeyPatch


@pytest.fixture(params=[errno.EPERM, errno.ENOTSUP, errno.ENOSYS, None])
def links(request: pytest.FixtureRequest, monkeypatch: Patch) -> int | None:
    """A file system with hard links (None), or one that refuses them in its own way."""
    number: int | None = request.param

    def refuse(*_: object) -> None:
        assert number is not None
        raise OSError(number, os.strerror(number))

    if number is not None:
        monkeypatch.setattr(os, "link", refuse)
    return number


def test_file_is_placed_whole_and_only_once(links: int | None, tmp_path: Path) -> None:
    first, second = tmp_path / "a.part", tmp_path / "b.part"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    place_new(first, tmp_path / "x")
    with pytest.raises(FileExistsError):
        place_new(second, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"one"
    assert second.read_bytes() == b"two"
    assert not first.exists()


def test_writers_at_once_never_replace_each_other(links: int | None, tmp_path: Path) -> None:
    def write(number: int) -> Path:
        return write_numbered(tmp_path, "x", ".bin", lambda f: f.write(str(number).encode()))

    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(write, range(40)))
    assert len(set(paths)) == 40
    assert sorted(p.read_bytes() for p in paths) == sorted(str(n).encode() for n in range(40))
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_failed_rename_leaves_no_empty_file(tmp_path: Path, monkeypatch: Patch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no"):
        write_numbered(tmp_path, "x", ".bin", lambda f: f.write(b"x"))
    assert list(tmp_path.iterdir()) == []


def test_other_trouble_of_the_disk_is_told(tmp_path: Path, monkeypatch: Patch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(OSError, match="full"):
        write_numbered(tmp_path, "x", ".bin", lambda f: f.write(b"x"))
    assert list(tmp_path.iterdir()) == []


def left_by_killed(folder: Path) -> Path:
    """An unfinished file of a process that was killed."""
    code = (
        "import os, sys; from pathlib import Path\n"
        "from weft.engine.files.new_files import new_part\n"
        "print(new_part(Path(sys.argv[1]), '.png')[1], flush=True); os._exit(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], check=False, capture_output=True, text=True
    )
    return Path(done.stdout.strip())


def test_unfinished_files_of_the_dead_are_deleted_and_others_kept(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    dead = left_by_killed(tmp_path / "sub")
    _, living = new_part(tmp_path)
    elsewhere = dead.with_name(dead.name.replace("-", "-other-", 1))
    own = tmp_path / "holiday.part"
    for path in (elsewhere, own):
        path.touch()
    assert dead.exists()
    assert clean_parts(tmp_path) == [dead]
    assert not dead.exists()
    assert all(path.exists() for path in (living, elsewhere, own))


def test_file_that_another_process_writes_is_never_deleted(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from weft.engine.files.new_files import *\n"
        "def fill(file):\n"
        "    file.write(b'half'); file.flush(); print('writing', flush=True); sys.stdin.read()\n"
        "write_numbered(Path(sys.argv[1]), 'x', '.bin', fill)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        (part,) = tmp_path.iterdir()
        assert clean_parts(tmp_path) == []
        write_numbered(tmp_path, "y", ".bin", lambda f: f.write(b"y"))
        assert part.exists()
        writer.communicate(b"")
    assert (tmp_path / "x_00001.bin").read_bytes() == b"half"


def test_locked_file_is_kept_though_its_process_is_not_seen(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    pytest.importorskip("fcntl")
    handle, path = new_part(tmp_path)
    dead: Callable[[str, str], bool] = lambda process, token: False  # noqa: E731
    monkeypatch.setattr(new_files, "_is_alive", dead)
    assert new_files._lock(handle)
    assert clean_parts(tmp_path) == []
    os.close(handle)
    assert clean_parts(tmp_path) == [path]


def test_writing_deletes_what_the_dead_left_in_the_folder(tmp_path: Path) -> None:
    dead = left_by_killed(tmp_path)
    write_numbered(tmp_path, "x", ".bin", lambda f: f.write(b"x"))
    assert not dead.exists()
