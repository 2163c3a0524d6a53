"""The index of models: what it knows, what it notices, and what it does not do twice."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.files.hashes import hashes_of
from weft.server.files.index import Entry, FolderIndex
from weft.server.models.index import ModelIndex
from weft.server.models.rows import Facts, Wanted


class Reader:
    """Says something of every file, and counts."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, path: Path) -> Facts:
        self.read.append(path.name)
        return Facts(
            "lora", "sdxl", "F16", 3, {"modelspec.title": f"Title of {path.stem}", "big": "x" * 10}
        )


def looked(index: ModelIndex, *roots: Path) -> None:
    """Sync as a server does."""
    folders = FolderIndex(roots, wanted=lambda name: ".pt" in name or ".saf" in name)
    folders._by_name = folders._read_all() or []
    for root, entries in folders.by_root:
        index.sync(root, entries)


def built(index: ModelIndex, *roots: Path) -> None:
    """Look into every file."""
    looked(index, *roots)
    while index.describe_some(roots):
        pass
    while index.hash_one(roots):
        pass


def names(index: ModelIndex, *roots: Path, **wanted: object) -> list[str]:
    return [row.name for row in index.page(roots, Wanted(**wanted)).rows]  # type: ignore[arg-type]


def test_file_is_known_by_name_header_and_hashes(tmp_path: Path) -> None:
    body = b"\x02\0\0\0\0\0\0\0{}tensors"
    (tmp_path / "a.safetensors").write_bytes(body)
    index = ModelIndex(None, Reader())
    built(index, tmp_path)
    row = index.row(tmp_path / "a.safetensors")
    assert row is not None
    assert (row.holds, row.family, row.precision, row.tensors) == ("lora", "sdxl", "F16", 3)
    assert row.title == "Title of a"
    sha = hashlib.sha256(body).hexdigest()
    assert row.sha256 == sha
    assert row.autov3 == hashlib.sha256(b"tensors").hexdigest()[:12]
    assert index.metadata(tmp_path / "a.safetensors")["big"] == "x" * 10
    assert [found.name for found in index.find(sha[:10])] == ["a.safetensors"]
    assert index.find("ffff" + sha[:6]) == []
    for word in ("TITLE a", "sdxl", "lora tit"):
        assert names(index, tmp_path, search=word) == ["a.safetensors"]
    assert names(index, tmp_path, search="sdxl none") == []
    assert names(index, tmp_path, family="sd1") == []
    assert names(index, tmp_path, digest=row.autov3[:8]) == ["a.safetensors"]


def test_index_goes_on_where_it_was_and_reads_nothing_twice(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.pt").write_text(name)
    reader = Reader()
    index = ModelIndex(tmp_path / "home" / "i.sqlite", reader)
    looked(index, tmp_path)
    assert index.describe_some([tmp_path], 2) == 2
    assert index.hash_one([tmp_path])
    index.close()
    index = ModelIndex(tmp_path / "home" / "i.sqlite", reader)
    assert index.total([tmp_path]) == 3  # before anybody looks at the folder
    assert index.pending([tmp_path], "hashed") == 2
    built(index, tmp_path)
    assert sorted(reader.read) == ["a.pt", "b.pt", "c.pt"]
    assert index.pending([tmp_path], "hashed") == 0
    index.close()


def test_changed_file_is_looked_into_again_and_a_deleted_one_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    path.write_text("one")
    (tmp_path / "b.pt").write_text("b")
    reader = Reader()
    index = ModelIndex(None, reader)
    built(index, tmp_path)
    path.write_text("two!")
    row = index.row(path)  # what was known is of another file
    assert row is not None
    assert (row.bytes, row.described, row.sha256) == (4, False, None)
    (tmp_path / "b.pt").unlink()
    built(index, tmp_path)
    row = index.row(path)
    assert row is not None
    assert row.sha256 == hashlib.sha256(b"two!").hexdigest()
    assert reader.read.count("a.pt") == 2
    assert names(index, tmp_path) == ["a.pt"]
    assert index.metadata(tmp_path / "b.pt") == {}


def test_hashing_that_is_broken_off_stores_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"\0" * 100)
    index = ModelIndex(None, Reader())
    looked(index, tmp_path)

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        index.hash_one([tmp_path], stop)
    assert index.pending([tmp_path], "hashed") == 1


class Stop(Exception):  # noqa: N818
    """Not an error of reading."""


def test_of_two_files_with_one_name_the_first_folder_counts(tmp_path: Path) -> None:
    for folder, text in (("one", "1"), ("two", "22")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.pt").write_text(text)
    (tmp_path / "two" / "b.pt").write_text("b")
    one, two = tmp_path / "one", tmp_path / "two"
    index = ModelIndex(None, Reader())
    looked(index, one, two)
    assert [(r.name, r.bytes) for r in index.page([two, one], Wanted()).rows] == [
        ("a.pt", 2),
        ("b.pt", 1),
    ]
    assert index.page([one, two], Wanted()).rows[0].bytes == 1
    assert index.total([one, two]) == 2
    assert names(index, one) == ["a.pt"]


@given(
    st.lists(st.tuples(st.text("abc", min_size=1, max_size=3), st.integers(0, 5)), max_size=30),
    st.integers(1, 7),
    st.sampled_from(["name", "newest"]),
)
def test_pages_together_are_the_whole_list_in_order(
    files: list[tuple[str, int]], limit: int, order: str
) -> None:
    root = Path("/somewhere")
    entries = {name: Entry(name, 1, modified, 1) for name, modified in files}
    index = ModelIndex(None, Reader())
    index.sync(root, entries.values())
    found: list[tuple[str, int]] = []
    after = None
    while True:
        page = index.page([root], Wanted(order=order, after=after, limit=limit))  # type: ignore[arg-type]
        found += [(row.name, row.modified) for row in page.rows]
        assert page.total == len(entries)
        after = page.next
        if after is None:
            break
    key = (lambda f: f[0]) if order == "name" else (lambda f: (-f[1], f[0]))
    assert found == sorted(((e.name, e.modified) for e in entries.values()), key=key)  # type: ignore[no-untyped-call]
    index.close()


def test_name_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    index = ModelIndex(None, Reader())
    assert index.sync(tmp_path, [Entry("a\udcff.pt", 1, 1, 1), Entry("b.pt", 1, 1, 1)])
    assert names(index, tmp_path) == ["b.pt"]
    assert index.row(tmp_path / "a\udcff.pt") is None


def test_database_that_is_none_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "i.sqlite"
    file.write_bytes(b"hello, I am no database" * 100)
    index = ModelIndex(file, Reader())
    assert "cannot be used" in caplog.text
    (tmp_path / "a.pt").write_text("a")
    looked(index, tmp_path)
    assert names(index, tmp_path, search=".pt") == ["a.pt"]
    assert file.read_bytes().startswith(b"hello")


def test_database_of_another_version_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "i.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE models (old TEXT)")
        database.execute("PRAGMA user_version = 99")
    database.close()
    index = ModelIndex(file, Reader())
    assert index.total([tmp_path]) == 0
    index.close()


def test_folder_that_is_read_again_tells_of_a_file_changed_in_place(tmp_path: Path) -> None:
    import asyncio

    path = tmp_path / "a.pt"
    path.write_text("1")
    os.utime(path, ns=(10**18, 10**18))
    folders = FolderIndex([tmp_path])

    async def sizes() -> list[int]:
        await folders.reread()
        return [entry.bytes for entry in await folders.entries()]

    assert asyncio.run(sizes()) == [1]
    with path.open("r+") as file:  # neither inode nor folder change
        file.write("12345")
    assert asyncio.run(sizes()) == [5]


def rewritten(path: Path, content: bytes) -> None:
    """Write into a file in place and set its time back, as `cp -p` and `rsync -t --inplace` do."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_ino) == (before.st_size, before.st_ino)


def test_model_rewritten_with_size_and_time_kept_has_its_own_hashes_and_facts(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"one")
    os.utime(path, ns=(10**18, 10**18))
    reader = Reader()
    index = ModelIndex(None, reader)
    built(index, tmp_path)
    assert index.hashes(path)["sha256"] == hashlib.sha256(b"one").hexdigest()
    rewritten(path, b"two")
    assert index.find(hashlib.sha256(b"one").hexdigest()) == []
    row = index.row(path)
    assert row is not None
    assert (row.sha256, row.described, index.metadata(path)) == (None, False, {})
    assert index.hashes(path)["sha256"] == hashlib.sha256(b"two").hexdigest()
    built(index, tmp_path)
    assert reader.read == ["a.safetensors"] * 2


def test_model_that_changes_while_it_is_hashed_is_hashed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"one")
    os.utime(path, ns=(10**18, 10**18))
    index = ModelIndex(None, Reader())
    looked(index, tmp_path)

    def changing(file: Path, check: object = None) -> dict[str, str]:
        found = hashes_of(file)
        monkeypatch.undo()
        rewritten(path, b"two")
        return found

    monkeypatch.setattr("weft.server.models.index.hashes_of", changing)
    while index.hash_one([tmp_path]):
        pass
    row = index.row(path)
    assert row is not None
    assert row.sha256 == hashlib.sha256(b"two").hexdigest()
