"""The workflow library: nothing saved is lost, and nobody sees what is not theirs to see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.outer import Client, serving
from weft.server.guard.users import Role, Users

TOKEN = "the-admins-own-long-token"


def graph(value: float = 1.0, **nodes: Any) -> dict[str, Any]:
    return {
        "weft": 1,
        "nodes": {"n": {"type": "Float", "inputs": {"value": value}}, **nodes},
    }


class Desk:
    """One person at a server."""

    def __init__(self, client: Client, token: str | None = None) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with self._client.request(
            method, f"/v1/workflows{path}", json=body, headers=self._headers
        ) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None

    async def ok(self, method: str, path: str, body: Any = None) -> Any:
        status, data = await self.ask(method, path, body)
        assert status < 300, data
        return data

    async def new(self, name: str = "one", **more: Any) -> dict[str, Any]:
        body = {"name": name, "document": graph(), **more}
        made: dict[str, Any] = await self.ok("POST", "", body)
        return made

    async def names(self, query: str = "") -> list[str]:
        return [w["name"] for w in (await self.ok("GET", query))["workflows"]]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with serving(tmp_path) as client:
        yield Desk(client)


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[dict[str, Desk]]:
    """Three users of one server: two editors, a viewer, and its administrator."""
    users = Users(tmp_path / "data" / "users.json")
    tokens = {
        "ann": users.add("ann", Role.editor),
        "bob": users.add("bob", Role.editor),
        "eve": users.add("eve", Role.viewer),
    }
    async with serving(tmp_path, token=TOKEN) as client:
        yield {n: Desk(client, t) for n, t in {**tokens, "admin": TOKEN}.items()}


# -- saving -------------------------------------------------------------------------------------


async def test_workflow_is_kept_with_every_revision(desk: Desk) -> None:
    one = await desk.new(description="a thing", tags=["Red", "round"])
    path = f"/{one['id']}"
    assert (one["revision"], one["tags"], one["access"]) == (1, ["red", "round"], "owner")
    for number in (1, 2):
        body = {"document": graph(number + 1.0), "base": number, "message": f"save {number}"}
        assert (await desk.ok("POST", path + "/revisions", body))["number"] == number + 1
    listed = (await desk.ok("GET", path + "/revisions"))["revisions"]
    assert [(r["number"], r.get("message")) for r in listed] == [
        (3, "save 2"),
        (2, "save 1"),
        (1, None),
    ]
    assert await desk.ok("GET", path + "/document") == graph(3.0)
    assert await desk.ok("GET", path + "/document?revision=1") == graph(1.0)
    assert (await desk.ask("GET", path + "/document?revision=9"))[0] == 404


async def test_two_saves_from_one_base_lose_nothing(desk: Desk) -> None:
    one = await desk.new()
    path = f"/{one['id']}"
    answers = await asyncio.gather(
        *(
            desk.ask("POST", path + "/revisions", {"document": graph(v), "base": 1})
            for v in (5.0, 6.0, 7.0, 8.0)
        )
    )
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409]
    (saved,) = (v for v, (s, _) in zip((5.0, 6.0, 7.0, 8.0), answers, strict=True) if s == 201)
    assert await desk.ok("GET", path + "/document") == graph(saved)
    refused = next(data for status, data in answers if status == 409)
    assert refused["error"]["code"] == "workflows.conflict"
    assert refused["error"]["expected"] == "2"


async def test_saving_what_is_saved_makes_no_revision(desk: Desk) -> None:
    one = await desk.new()
    body = {"document": graph(), "base": 1}
    assert (await desk.ok("POST", f"/{one['id']}/revisions", body))["number"] == 1
    assert (await desk.ok("GET", f"/{one['id']}"))["revision"] == 1


async def test_saving_what_an_autosave_has_keeps_it_for_good(desk: Desk) -> None:
    one = await desk.new()
    path = f"/{one['id']}/revisions"
    auto = {"document": graph(2.0), "base": 1, "automatic": True}
    await desk.ok("POST", path, auto)
    again = {"document": graph(2.0), "base": 2, "automatic": True}
    assert (await desk.ok("POST", path, again))["automatic"]
    named = {"document": graph(2.0), "base": 2, "message": "the good one"}
    saved = await desk.ok("POST", path, named)
    assert (saved["number"], saved["automatic"], saved["message"]) == (2, False, "the good one")
    assert (await desk.ok("GET", path))["revisions"][0] == saved


async def test_old_autosaves_go_and_saves_stay(desk: Desk) -> None:
    one = await desk.new()
    path = f"/{one['id']}/revisions"
    for number in range(1, 40):
        body = {"document": graph(100.0 + number), "base": number, "automatic": number != 5}
        await desk.ok("POST", path, body)
    kept = (await desk.ok("GET", path))["revisions"]
    assert [r["number"] for r in kept if not r["automatic"]] == [6, 1]
    assert 20 <= sum(r["automatic"] for r in kept) <= 21
    assert kept[0]["number"] == 40


@pytest.mark.parametrize("document", [{}, {"nodes": 3}, {"weft": 99, "nodes": {}}, {"a": {"b": 1}}])
async def test_what_is_no_workflow_is_refused_and_not_kept(desk: Desk, document: Any) -> None:
    status, _ = await desk.ask("POST", "", {"name": "bad", "document": document})
    if document == {}:
        assert status in (201, 400)  # an empty document is one
    else:
        assert status == 400
        assert await desk.names() == []


async def test_library_survives_a_restart(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        one = await Desk(client).new()
    async with serving(tmp_path) as client:
        assert await Desk(client).ok("GET", f"/{one['id']}/document") == graph()


# -- comparing ----------------------------------------------------------------------------------


async def test_any_two_revisions_can_be_compared(desk: Desk) -> None:
    one = await desk.new()
    path = f"/{one['id']}"
    later = graph(2.0, m={"type": "Float", "inputs": {}})
    await desk.ok("POST", path + "/revisions", {"document": later, "base": 1})
    diff = await desk.ok("GET", path + "/diff?before=1")
    assert diff == {
        "before": 1,
        "after": 2,
        "changes": [
            {"kind": "value", "node": "n", "port": "value", "before": 1.0, "after": 2.0},
            {"kind": "node added", "node": "m", "after": "Float"},
        ],
    }
    back = await desk.ok("GET", path + "/diff?before=2&after=1")
    assert [c["kind"] for c in back["changes"]] == ["value", "node removed"]


# -- finding ------------------------------------------------------------------------------------


async def test_workflows_are_found_by_words_tags_and_stars(desk: Desk) -> None:
    await desk.new("Red Circle", tags=["shape"])
    await desk.new("blue square", description="with a CIRCLE inside", tags=["shape", "50%"])
    third = await desk.new("plain", tags=["other"])
    assert await desk.names("?search=circle") == ["blue square", "Red Circle"]
    assert await desk.names("?search=red+circle") == ["Red Circle"]
    assert await desk.names("?search=%25") == ["blue square"]  # a percent sign is no wildcard
    assert await desk.names("?tag=shape") == ["blue square", "Red Circle"]
    assert await desk.names("?tag=sha") == []
    await desk.ok("PUT", f"/{third['id']}/star")
    await desk.ok("PUT", f"/{third['id']}/star")
    assert await desk.names("?starred=true") == ["plain"]
    await desk.ok("DELETE", f"/{third['id']}/star")
    assert await desk.names("?starred=true") == []


async def test_list_comes_in_pages(desk: Desk) -> None:
    for number in range(5):
        await desk.new(f"w{number}")
    first = await desk.ok("GET", "?limit=2")
    assert ([w["name"] for w in first["workflows"]], first["more"]) == (["w4", "w3"], True)
    before = first["workflows"][-1]["changed"]
    rest = await desk.ok("GET", f"?limit=9&before={before!r}")
    assert ([w["name"] for w in rest["workflows"]], rest["more"]) == (["w2", "w1", "w0"], False)


async def test_deleted_workflow_is_gone_and_comes_back(desk: Desk) -> None:
    one = await desk.new()
    await desk.ok("DELETE", f"/{one['id']}")
    assert await desk.names() == []
    assert await desk.names("?deleted=true") == ["one"]
    assert (await desk.ask("GET", f"/{one['id']}/document"))[0] == 404
    await desk.ok("POST", f"/{one['id']}/restore")
    assert await desk.names() == ["one"]
    assert await desk.ok("GET", f"/{one['id']}/document") == graph()


async def test_what_is_said_of_a_workflow_can_change(desk: Desk) -> None:
    one = await desk.new(tags=["a"])
    changed = await desk.ok("PATCH", f"/{one['id']}", {"name": "two", "tags": ["b"]})
    assert (changed["name"], changed["tags"], changed["revision"]) == ("two", ["b"], 1)
    assert await desk.names("?search=two") == ["two"]
    for bad in ({"name": ""}, {"tags": ["a,b"]}, {"owner": "me"}, {"visibility": "all"}):
        assert (await desk.ask("PATCH", f"/{one['id']}", bad))[0] == 422


# -- who may ------------------------------------------------------------------------------------


async def test_private_workflow_is_nobody_elses(people: dict[str, Desk]) -> None:
    one = await people["ann"].new()
    path = f"/{one['id']}"
    for who in ("bob", "eve"):
        assert await people[who].names() == []
        for method, rest, body in [
            ("GET", "", None),
            ("GET", "/document", None),
            ("GET", "/revisions", None),
            ("GET", "/diff?before=1", None),
        ]:
            assert (await people[who].ask(method, path + rest, body))[0] == 404
    for rest, body in [
        ("/revisions", {"document": graph(2.0), "base": 1}),
        ("/fork", {}),
        ("/link", None),
        ("/restore", None),
    ]:
        assert (await people["bob"].ask("POST", path + rest, body))[0] == 404
    assert await people["admin"].names() == ["one"]


async def test_public_workflow_is_seen_and_forked_but_not_changed(people: dict[str, Desk]) -> None:
    one = await people["ann"].new(visibility="public")
    path = f"/{one['id']}"
    assert (await people["eve"].ok("GET", path))["access"] == "viewer"
    body = {"document": graph(2.0), "base": 1}
    assert (await people["bob"].ask("POST", path + "/revisions", body))[0] == 403
    assert (await people["bob"].ask("PATCH", path, {"name": "mine"}))[0] == 403
    assert (await people["bob"].ask("DELETE", path))[0] == 403
    fork = await people["bob"].ok("POST", path + "/fork", {"name": "mine"})
    assert (fork["owner"], fork["visibility"]) == ("bob", "private")
    assert fork["forked_from"] == f"{one['id']}@1"
    assert await people["bob"].ok("GET", f"/{fork['id']}/document") == graph()
    assert (await people["eve"].ask("POST", path + "/fork", {}))[0] == 403  # a viewer keeps nothing


async def test_shared_workflow_can_be_edited_until_it_is_taken_back(
    people: dict[str, Desk],
) -> None:
    one = await people["ann"].new()
    path = f"/{one['id']}"
    await people["ann"].ok("PUT", path + "/shares/bob", {"role": "viewer"})
    body = {"document": graph(2.0), "base": 1}
    assert (await people["bob"].ask("POST", path + "/revisions", body))[0] == 403
    shared = await people["ann"].ok("PUT", path + "/shares/bob", {"role": "editor"})
    assert shared["shares"] == {"bob": "editor"}
    assert (await people["bob"].ok("POST", path + "/revisions", body))["author"] == "bob"
    seen = await people["bob"].ok("GET", path)
    assert "shares" not in seen
    assert (await people["bob"].ask("PATCH", path, {"visibility": "public"}))[0] == 403
    await people["ann"].ok("DELETE", path + "/shares/bob")
    assert (await people["bob"].ask("GET", path))[0] == 404


async def test_link_shows_and_forks_until_it_ends(people: dict[str, Desk]) -> None:
    one = await people["ann"].new()
    path = f"/{one['id']}"
    link = (await people["ann"].ok("POST", path + "/link"))["link"]
    seen = await people["eve"].ok("GET", f"/shared/{link}")
    assert seen["document"] == graph()
    assert "link" not in seen["workflow"]
    fork = await people["bob"].ok("POST", f"/shared/{link}/fork", {})
    assert fork["owner"] == "bob"
    again = (await people["ann"].ok("POST", path + "/link"))["link"]
    assert (await people["bob"].ask("GET", f"/shared/{link}"))[0] == 404
    await people["ann"].ok("DELETE", path + "/link")
    assert (await people["bob"].ask("GET", f"/shared/{again}"))[0] == 404
