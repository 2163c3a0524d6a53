"""Listings that read only what changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.files.workspace import Workspace
from weft.server.files.folders import Folders
from weft.server.files.index import FolderIndex, Order


def fill(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


async def names(index: FolderIndex) -> list[str]:
    return [entry.name for entry in await index.entries()]


async def test_index_of_folders_lists_files_by_name_first_root_wins(tmp_path: Path) -> None:
    fill(tmp_path / "one", "b.png", "sub/a.png", ".hidden", ".git/x")
    fill(tmp_path / "two", "b.png", "c.png")
    (tmp_path / "one" / "b.png").write_text("longer than the other")
    index = FolderIndex([tmp_path / "one", tmp_path / "two", tmp_path / "missing"])
    assert await names(index) == ["b.png", "c.png", "sub/a.png"]
    assert (await index.entries())[0].bytes == 21


async def test_input_files_beside_code_are_listed_without_it(tmp_path: Path) -> None:
    fill(tmp_path / "data", "__init__.py", "__pycache__/a.cpython-311.pyc", "moon.png", "README")
    workspace = Workspace(inputs=[tmp_path / "data"], output=tmp_path / "out")
    assert await names(Folders(workspace, tmp_path / "data").indexes["input"]) == [
        "README",
        "moon.png",
    ]


async def test_index_after_changes_shows_them(tmp_path: Path) -> None:
    fill(tmp_path, "a", "sub/b")
    index = FolderIndex([tmp_path])
    await index.entries()
    fill(tmp_path, "sub/c", "new/d")
    (tmp_path / "a").unlink()
    assert await names(index) == ["new/d", "sub/b", "sub/c"]
    (tmp_path / "sub" / "b").unlink()
    (tmp_path / "sub" / "c").unlink()
    (tmp_path / "sub").rmdir()
    assert await names(index) == ["new/d"]


async def test_index_of_settled_folders_reads_none_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "a", "sub/b")
    for folder in (tmp_path, tmp_path / "sub"):
        os.utime(folder, (1_000_000, 1_000_000))
    index = FolderIndex([tmp_path])
    before = await index.entries()
    scanned: list[object] = []
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: scanned.append(path) or real(path))
    assert await index.entries() is before
    assert scanned == []
    fill(tmp_path, "sub/c")
    assert await names(index) == ["a", "sub/b", "sub/c"]
    assert scanned == [tmp_path / "sub"]


async def test_index_with_replaced_file_tells_its_new_size(tmp_path: Path) -> None:
    fill(tmp_path, "a")
    index = FolderIndex([tmp_path])
    await index.entries()
    (tmp_path / "other").write_text("much longer")
    (tmp_path / "other").replace(tmp_path / "a")
    assert [(e.name, e.bytes) for e in await index.entries()] == [("a", 11)]


async def test_index_without_links_leaves_them_out(tmp_path: Path) -> None:
    fill(tmp_path / "served", "a")
    fill(tmp_path / "other", "b")
    (tmp_path / "served" / "b").symlink_to(tmp_path / "other" / "b")
    (tmp_path / "served" / "more").symlink_to(tmp_path / "other")
    assert await names(FolderIndex([tmp_path / "served"])) == ["a"]
    assert await names(FolderIndex([tmp_path / "served"], follow_links=True)) == [
        "a",
        "b",
        "more/b",
    ]


async def test_index_with_link_back_up_ends(tmp_path: Path) -> None:
    fill(tmp_path, "sub/a")
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    assert await names(FolderIndex([tmp_path], follow_links=True)) == ["sub/a"]


async def test_index_of_models_takes_a_pipeline_folder_as_one(tmp_path: Path) -> None:
    fill(tmp_path, "x.bin", "notes.txt", "pipe/model_index.json", "pipe/unet/w.bin", "sub/y.bin")
    index = FolderIndex(
        [tmp_path], wanted=lambda name: name.endswith(".bin"), whole="model_index.json"
    )
    assert await names(index) == ["pipe", "sub/y.bin", "x.bin"]


async def test_index_skips_named_folders_at_the_top_only(tmp_path: Path) -> None:
    fill(tmp_path, "temp/a", "sub/temp/b")
    assert await names(FolderIndex([tmp_path], skip=["temp"])) == ["sub/temp/b"]


@pytest.mark.parametrize("order", ["name", "newest"])
async def test_pages_together_are_the_whole_listing(tmp_path: Path, order: Order) -> None:
    wanted = [f"{n % 7}/file {n:03}.png" for n in range(50)]
    fill(tmp_path, *wanted)
    for number, name in enumerate(wanted):
        os.utime(tmp_path / name, ns=(0, 10**18 + (number // 2) * 10**9))
    index = FolderIndex([tmp_path])
    found: list[str] = []
    after: str | None = None
    while True:
        page = await index.page(order=order, after=after, limit=7)
        assert page.total == 50
        found += [entry.name for entry in page.entries]
        if page.next is None:
            break
        after = page.next
    if order == "name":
        assert found == sorted(wanted)
    else:
        ages = {name: number // 2 for number, name in enumerate(wanted)}
        assert found == sorted(wanted, key=lambda name: (-ages[name], name))


async def test_page_with_search_gives_names_with_all_words(tmp_path: Path) -> None:
    fill(tmp_path, "Red Cat.png", "red dog.png", "cat/RED.png", "blue.png")
    index = FolderIndex([tmp_path])
    page = await index.page(search="RED cat")
    assert [e.name for e in page.entries] == ["Red Cat.png", "cat/RED.png"]
    first = await index.page(search="red", limit=1)
    second = await index.page(search="red", limit=5, after=first.next)
    assert [e.name for e in (*first.entries, *second.entries)] == [
        "Red Cat.png",
        "cat/RED.png",
        "red dog.png",
    ]


@given(st.text(), st.sampled_from(["name", "newest"]))
async def test_page_after_any_text_never_raises(after: str, order: Order) -> None:
    page = await FolderIndex([Path(__file__).parent]).page(after=after, order=order, limit=3)
    assert len(page.entries) <= 3
