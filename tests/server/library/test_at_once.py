"""Two people at one workflow at the same time: whoever was told "saved" finds it again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.library.test_library import TOKEN, Desk, graph
from tests.server.outer import serving
from tests.server.store.databases import own_database, with_postgresql
from weft.server.guard.users import Role, Users

ROUNDS = 40


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=with_postgresql)])
async def two(request: Any, tmp_path: Path) -> AsyncIterator[tuple[Desk, Desk]]:
    """Ann, who owns what she makes, and Bob."""
    users = Users(tmp_path / "data" / "users.json")
    tokens = [users.add(name, Role.editor) for name in ("ann", "bob")]
    more = {} if request.param == "sqlite" else {"database": await own_database()}
    async with serving(tmp_path, token=TOKEN, **more) as client:
        ann, bob = (Desk(client, token) for token in tokens)
        yield ann, bob


async def shared_with_bob(ann: Desk) -> str:
    path = f"/{(await ann.new())['id']}"
    await ann.ok("PUT", path + "/shares/bob", {"role": "editor"})
    return path


async def save_on_and_on(desk: Desk, path: str, first: float, dice: random.Random) -> list[Any]:
    """Save changes again and again, each on what is the latest then; what was answered "saved"."""
    saved: list[Any] = []
    base = 1
    while len(saved) < ROUNDS:
        value = first + len(saved)
        body = {"document": graph(value), "base": base, "message": f"{value}"}
        status, answer = await desk.ask("POST", path + "/revisions", body)
        if status == 201:
            base = answer["number"]
            saved.append((base, value))
        else:
            assert status == 409
            assert answer["error"]["code"] == "workflows.conflict"
            theirs = int(answer["error"]["expected"])
            assert theirs > base
            other = await desk.ok("GET", f"{path}/document?revision={theirs}")
            assert other["nodes"]["n"]["inputs"]["value"] is not None  # both versions are at hand
            base = theirs
        if dice.random() < 0.3:
            await asyncio.sleep(0)
    return saved


async def test_two_who_save_again_and_again_lose_no_revision(two: tuple[Desk, Desk]) -> None:
    ann, bob = two
    path = await shared_with_bob(ann)
    one, other = await asyncio.gather(
        save_on_and_on(ann, path, 1000.0, random.Random(1)),
        save_on_and_on(bob, path, 2000.0, random.Random(2)),
    )
    kept = (await ann.ok("GET", path + "/revisions"))["revisions"]
    assert [r["number"] for r in kept] == list(range(2 * ROUNDS + 1, 0, -1))
    assert sorted(number for number, _ in one + other) == list(range(2, 2 * ROUNDS + 2))
    authors = {r["number"]: r["author"] for r in kept}
    for saved, author in ((one, "ann"), (other, "bob")):
        for number, value in saved:
            assert authors[number] == author
            assert await ann.ok("GET", f"{path}/document?revision={number}") == graph(value)


async def test_what_two_change_at_once_is_all_changed(two: tuple[Desk, Desk]) -> None:
    ann, bob = two
    path = await shared_with_bob(ann)
    for number in range(ROUNDS // 2):
        await asyncio.gather(
            ann.ok("PATCH", path, {"name": f"name{number}"}),
            bob.ok("PATCH", path, {"tags": [f"tag{number}"]}),
            ann.ok("PATCH", path, {"description": f"words{number}"}),
            bob.ok("PUT", path + "/star"),
        )
        found = await bob.ok("GET", path)
        assert found["name"] == f"name{number}"
        assert found["tags"] == [f"tag{number}"]
        assert found["description"] == f"words{number}"
        for word in ("name", "tag", "words"):
            assert await bob.names(f"?search={word}{number}") == [f"name{number}"]


async def test_ended_link_and_deletion_are_undone_by_no_other_change(
    two: tuple[Desk, Desk],
) -> None:
    ann, bob = two
    for number in range(ROUNDS // 2):
        path = await shared_with_bob(ann)
        link = (await ann.ok("POST", path + "/link"))["link"]
        await asyncio.gather(
            bob.ask("PATCH", path, {"name": f"other{number}"}), ann.ok("DELETE", path + "/link")
        )
        assert (await bob.ask("GET", f"/shared/{link}"))[0] == 404
        await asyncio.gather(
            bob.ask("PATCH", path, {"name": f"third{number}"}), ann.ok("DELETE", path)
        )
        assert (await ann.ok("GET", path))["deleted"] is not None
        assert (await bob.ask("GET", path + "/document"))[0] == 404


async def test_save_while_it_is_deleted_is_kept_or_refused(two: tuple[Desk, Desk]) -> None:
    ann, bob = two
    for _ in range(ROUNDS // 4):
        path = await shared_with_bob(ann)
        (status, answer), _ = await asyncio.gather(
            bob.ask("POST", path + "/revisions", {"document": graph(7.0), "base": 1}),
            ann.ok("DELETE", path),
        )
        assert status in (201, 404), answer
        restored = await ann.ok("POST", path + "/restore")
        assert restored["revision"] == (2 if status == 201 else 1)


@pytest.mark.parametrize(
    "text",
    [
        "50%",
        "a_b",
        "it's",
        'say "so"',
        "a\\b",
        "\u7ea2\u5706",
        "na\u00efve",
        "\U0001f98a",
        "(x:1.2)",
        "--",
        "*",
    ],
)
async def test_odd_characters_are_found_as_they_are(text: str, two: tuple[Desk, Desk]) -> None:
    from urllib.parse import quote

    ann, _ = two
    await ann.new(f"before {text} after")
    await ann.new("aXb 50 its say so plain \u5706 naive x 12")
    assert await ann.names(f"?search={quote(text)}") == [f"before {text} after"]
