"""Whose things are whose: files, streams, names, and the bytes that a job was submitted with."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server.fake import FakeWorkers
from tests.server.outer import TOKEN, form, png
from tests.server.running import Api, events_of, serving
from weft.engine.files.digest import FileDigests
from weft.server.files.pins import Pins
from weft.server.guard.users import Users
from weft.server.worker.local import LocalWorker
from weft.server.worker.messages import Setup, Task, Wrote, pinned_file

ADMIN = {"Authorization": f"Bearer {TOKEN}"}
RED, BLUE = png(4, 4, "red"), png(4, 4, "blue")
Header = dict[str, str]


class House:
    """A server with users, and workers that do what a test says."""

    def __init__(self, api: Api, workers: FakeWorkers, folder: Path) -> None:
        self.api, self.client, self.workers, self.folder = api, api.client, workers, folder

    async def add(self, name: str, role: str = "runner", **more: Any) -> Header:
        """Add a user; the header that says who it is."""
        given = {"name": name, "role": role, **more}
        status, added = await self.api.ask("POST", "/v1/users", json=given, headers=ADMIN)
        assert status == 201, added
        return {"Authorization": f"Bearer {added['token']}"}

    async def put(self, name: str, content: bytes, who: Header, **query: str) -> tuple[int, Any]:
        """Upload a file."""
        kind = query.pop("kind", "input")
        path = f"/v1/files/{kind}/{name}"
        return await self.api.ask("PUT", path, data=content, params=query, headers=who)

    async def submit(self, nodes: dict[str, Any], who: Header, *outputs: str) -> str:
        """Submit a workflow; the job's id."""
        body: dict[str, Any] = {"workflow": {"weft": 1, "nodes": nodes}}
        if outputs:
            body["outputs"] = outputs
        status, job = await self.api.ask("POST", "/v1/jobs", json=body, headers=who)
        assert status == 201, job
        return str(job["id"])

    def task(self, job: str) -> Task:
        """What the worker was given of a job."""
        told = self.workers.last.told
        return next(t for t in told if isinstance(t, Task) and t.job == job)


@asynccontextmanager
async def house(folder: Path, **more: Any) -> AsyncIterator[House]:
    """Open one."""
    workers = FakeWorkers()
    more = {"token": TOKEN, "input": folder / "input", **more}
    async with serving(folder, workers, **more) as api:
        yield House(api, workers, folder)


def filled(who: Header, content: bytes, name: str, **fields: str) -> dict[str, Any]:
    """A request of somebody with a form that has one file."""
    made = form(content, name, "image", **fields)
    return {**made, "headers": {**made["headers"], **who}}


PHOTO = {"n": {"type": "Photo", "inputs": {"file": "cat.png"}}}

# -- files of others -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["input", "output", "temp"])
async def test_file_of_another_user_is_replaced_only_by_who_may_delete_it(
    tmp_path: Path, kind: str
) -> None:
    async with house(tmp_path) as server:
        ann, bob = await server.add("ann"), await server.add("bob")
        eve = await server.add("eve", "editor")
        assert (await server.put("a.png", RED, ann, kind=kind))[0] == 200
        status, told = await server.put("a.png", BLUE, bob, kind=kind, overwrite="true")
        assert (status, told["error"]["code"]) == (403, "files.not_yours")
        read = f"/v1/files/{kind}/a.png"
        assert await (await server.client.get(read, headers=bob)).read() == RED
        assert (await server.put("a.png", BLUE, ann, kind=kind, overwrite="true"))[0] == 200
        assert await (await server.client.get(read, headers=bob)).read() == BLUE
        assert (await server.put("a.png", RED, eve, kind=kind, overwrite="true"))[0] == 200
        # Hers now: the last who wrote it owns it.
        status, _ = await server.put("a.png", BLUE, ann, kind=kind, overwrite="true")
        assert status == 403


async def test_comfyui_upload_over_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as server:
        ann, bob = await server.add("ann"), await server.add("bob")
        assert (await server.put("a.png", RED, ann))[0] == 200
        for route in ("/upload/image", "/api/upload/image", "/upload/mask"):
            more = {"overwrite": "true"}
            if route.endswith("mask"):
                more["original_ref"] = json.dumps({"filename": "a.png", "type": "input"})
            sent = await server.client.post(route, **filled(bob, BLUE, "a.png", **more))
            assert sent.status == 403, route
        kept = await server.client.post("/upload/image", **filled(bob, BLUE, "a.png"))
        assert (await kept.json())["name"] == "a (1).png"
        found = await server.client.get("/view?type=input&filename=a.png", headers=bob)
        assert await found.read() == RED


async def test_file_that_nobody_uploaded_is_not_a_runners_to_replace(tmp_path: Path) -> None:
    async with house(tmp_path) as server:
        ann = await server.add("ann")
        (tmp_path / "input").mkdir(exist_ok=True)
        (tmp_path / "input" / "hers.png").write_bytes(RED)
        assert (await server.put("hers.png", BLUE, ann, overwrite="true"))[0] == 403
        assert (tmp_path / "input" / "hers.png").read_bytes() == RED


async def test_output_of_a_job_belongs_to_its_owner_over_a_restart(tmp_path: Path) -> None:
    async with house(tmp_path) as server:
        ann, bob = await server.add("ann"), await server.add("bob")
        job = await server.submit({"n": {"type": "Chatty", "inputs": {}}}, ann)
        await server.workers.last.given(1)
        server.workers.last.begin(job)
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / "x.png").write_bytes(RED)
        server.workers.last.say(Wrote(job, "n", "x.png", "image/png", len(RED), temporary=False))
        server.workers.last.end(job)
        await until_over(server, job, ann)
        deleted = await server.client.delete(f"/v1/jobs/{job}", headers=ann)
        assert deleted.status == 204
    async with house(tmp_path) as server:
        status, _ = await server.put("x.png", BLUE, bob, kind="output", overwrite="true")
        assert status == 403
        assert (await server.put("x.png", BLUE, ann, kind="output", overwrite="true"))[0] == 200


async def until_over(server: House, job: str, who: Header) -> dict[str, Any]:
    """Wait until a job is over."""
    async with server.client.ws_connect("/v1/events", params={"job": job}, headers=who) as socket:
        while True:
            status, found = await server.api.ask("GET", f"/v1/jobs/{job}", headers=who)
            assert status == 200
            if found["state"] in ("done", "failed", "cancelled"):
                detail: dict[str, Any] = found
                return detail
            await events_of(socket)


# -- the bytes that a job was submitted with -------------------------------------------------------


async def test_job_runs_with_the_bytes_it_was_submitted_with(tmp_path: Path) -> None:
    """The whole way: a paused queue, another file under the name, real workers."""
    more = {"token": TOKEN, "input": tmp_path / "input"}
    async with serving(tmp_path, **more) as api:
        server = House(api, FakeWorkers(), tmp_path)
        ann = await server.add("ann")
        assert (await api.client.post("/v1/queue/pause", headers=ADMIN)).status == 200
        assert (await server.put("cat.png", RED, ann))[0] == 200
        job = await server.submit(PHOTO, ann, "n.value")
        larger = BLUE + b"\0" * 100
        assert (await server.put("cat.png", larger, ann, overwrite="true"))[0] == 200
        other = await server.submit(PHOTO, ann, "n.value")
        (tmp_path / "input" / "cat.png").write_bytes(b"x" * 7)  # in its place, as `cp` does
        assert (await api.client.post("/v1/queue/resume", headers=ADMIN)).status == 200
        first = await until_over(server, job, ann)
        second = await until_over(server, other, ann)
        assert first["results"] == {"n.value": float(len(RED))}
        assert second["results"] == {"n.value": float(len(larger))}
        assert not list((tmp_path / "data" / "pins").glob("*/*"))


async def test_input_that_is_deleted_while_its_job_waits_is_there_for_the_job(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as server:
        ann = await server.add("ann")
        await server.put("cat.png", RED, ann)
        job = await server.submit(PHOTO, ann)
        (tmp_path / "input" / "cat.png").unlink()
        await server.workers.last.given(1)
        pins = server.task(job).pins or {}
        pinned = pinned_file(tmp_path / "data" / "pins", "cat.png", pins["cat.png"])
        assert pinned.read_bytes() == RED
        assert pinned.name == "cat.png"  # nodes may look at the suffix
    async with house(tmp_path) as server:  # the job is not over, and starts again
        await server.workers.last.given(1)
        assert pinned.read_bytes() == RED
        server.workers.last.begin(job)
        server.workers.last.end(job)
        await until_over(server, job, ann)
        assert not pinned.exists()


async def test_input_named_by_a_linked_text_or_a_pattern_is_pinned_too(tmp_path: Path) -> None:
    async with house(tmp_path) as server:
        ann = await server.add("ann")
        for name, content in (("cat.png", RED), ("many/1.png", RED), ("many/2.png", BLUE)):
            assert (await server.put(name, content, ann))[0] == 200
        nodes = {
            "t": {"type": "Text", "inputs": {"value": "cat.png"}},
            "a": {"type": "LoadImage", "inputs": {"file": {"link": "t.value"}}},
            "b": {"type": "Each", "inputs": {"file": "many/*.png"}, "map": {"over": ["file"]}},
        }
        each = {
            "nodes": {"l": {"type": "LoadImage"}},
            "interface": {"inputs": {"file": "l.file"}, "outputs": {"image": "l.image"}},
        }
        workflow = {"weft": 1, "nodes": nodes, "subgraphs": {"Each": each}}
        body = {"workflow": workflow, "outputs": ["a.image", "b.image"]}
        status, told = await server.api.ask("POST", "/v1/jobs", json=body, headers=ann)
        assert status == 201, told
        job = told["id"]
        await server.workers.last.given(1)
        task = server.task(job)
        assert set(task.pins or {}) == {"cat.png", "many/1.png", "many/2.png"}
        # What is uploaded later does not join the list.
        document = json.loads(task.document)
        assert document["nodes"]["b"]["inputs"]["file"] == ["many/1.png", "many/2.png"]


async def test_job_that_runs_again_refuses_an_input_that_has_changed(tmp_path: Path) -> None:
    async with house(tmp_path) as server:
        ann = await server.add("ann")
        await server.put("cat.png", RED, ann)
        job = await server.submit(PHOTO, ann)
        await server.workers.last.given(1)
        server.workers.last.begin(job)
        server.workers.last.end(job, "failed", problems=[{"code": "toy", "message": "no"}])
        await until_over(server, job, ann)
        await server.put("cat.png", BLUE, ann, overwrite="true")
        status, told = await server.api.ask("POST", f"/v1/jobs/{job}/retry", headers=ann)
        assert (status, told["error"]["code"]) == (409, "jobs.input_changed")
        assert not list((tmp_path / "data" / "pins").glob("*/*"))
        await server.put("cat.png", RED, ann, overwrite="true")
        status, told = await server.api.ask("POST", f"/v1/jobs/{job}/retry", headers=ann)
        assert (status, told["state"]) == (200, "queued")
        assert len(list((tmp_path / "data" / "pins").glob("*/*"))) == 1


async def test_submission_that_is_refused_keeps_no_bytes(tmp_path: Path) -> None:
    async with house(tmp_path) as server:
        ann = await server.add("ann")
        await server.put("cat.png", RED, ann)
        prompt = {"n": {"class_type": "Photo", "inputs": {"file": "cat.png"}}}
        for status in (200, 409):
            sent = {"prompt": prompt, "prompt_id": "one"}
            answer = await server.client.post("/prompt", json=sent, headers=ann)
            assert answer.status == status
        server.workers.last.begin("one")
        server.workers.last.end("one")
        await until_over(server, "one", ann)
        assert not list((tmp_path / "data" / "pins").glob("*/*"))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.binary(max_size=3))))
def test_pins_give_each_job_the_bytes_of_its_time_and_keep_no_others(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str, bytes]]
) -> None:
    """Jobs begin and end while files are written in their places: a small model of the store."""
    folder = tmp_path_factory.mktemp("pins")
    (folder / "in").mkdir()
    pins = Pins(folder / "pins", folder / "in", FileDigests())
    jobs: dict[str, tuple[str, bytes, str]] = {}
    for number, name, content in steps:
        job = str(number)
        if job in jobs:
            pins.ended(job)
            del jobs[job]
            continue
        path = folder / "in" / name
        path.unlink(missing_ok=True)  # a stamp of a file that is written twice in a tick may stay
        path.write_bytes(content)
        pinned = pins.pin([name, "missing", "../in/a"], lambda _: True)
        pins.hold(job, pinned)
        jobs[job] = (name, content, pinned[name])
        for known, kept, digest in jobs.values():
            assert pinned_file(folder / "pins", known, digest).read_bytes() == kept
    kept_now = {(digest, name) for name, _, digest in jobs.values()}
    found = {(p.parent.name, p.name) for p in (folder / "pins").glob("*/*")}
    assert found == kept_now
    again = Pins(folder / "pins", folder / "in", FileDigests())
    again.begin({})
    assert not list((folder / "pins").glob("*/*"))


# -- streams and names -----------------------------------------------------------------------------


async def closed(socket: ClientWebSocketResponse) -> int | None:
    """Read until a websocket is closed; the code."""
    while True:
        message = await socket.receive(timeout=30)
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
            return socket.close_code


async def test_removed_user_hears_nothing_more_over_any_open_stream(tmp_path: Path) -> None:
    async with house(tmp_path) as server:
        for role in ("viewer", "admin"):  # whoever sees everything, too
            ann, bob = await server.add("ann", role), await server.add("bob")
            client = server.client
            told = await client.get("/v1/events", headers=ann)
            async with (
                client.ws_connect("/v1/events", headers=ann) as events,
                client.ws_connect("/ws?clientId=a", headers=ann) as comfy,
                client.ws_connect("/v1/events", headers=bob) as his,
                client.ws_connect("/ws?clientId=b", headers=bob) as his_comfy,
            ):
                assert (await events_of(events))[0]["type"] == "snapshot"
                assert (await events_of(his))[0]["type"] == "snapshot"
                for socket in (comfy, his_comfy):
                    assert (await socket.receive_json())["type"] == "status"
                gone = await client.delete("/v1/users/ann", headers=ADMIN)
                assert gone.status == 204
                assert await closed(events) == 1001
                assert await closed(comfy) == 1008
                assert b"snapshot" in await told.content.read()  # to its end
                job = await server.submit({"n": {"type": "Chatty", "inputs": {}}}, bob)
                assert any(e.get("job", {}).get("id") == job for e in await events_of(his))
                assert not his_comfy.closed
            await client.delete("/v1/users/bob", headers=ADMIN)


async def test_first_user_ends_the_streams_of_an_open_server(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api, api.client.ws_connect("/v1/events") as events:
        assert (await events_of(events))[0]["type"] == "snapshot"
        new = {"name": "ann", "role": "admin"}
        assert (await api.ask("POST", "/v1/users", json=new))[0] == 201
        assert await closed(events) == 1001


async def test_new_user_of_an_old_name_inherits_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as server:
        ann, bob = await server.add("ann", "editor"), await server.add("bob", "editor")
        hers = {"name": "hers", "document": {"weft": 1, "nodes": {}}}
        made = await server.client.post("/v1/workflows", json=hers, headers=ann)
        workflow = (await made.json())["id"]
        his = await server.client.post("/v1/workflows", json=hers, headers=bob)
        lent = (await his.json())["id"]
        path = f"/v1/workflows/{lent}/shares/ann"
        shared = await server.client.put(path, json={"role": "editor"}, headers=bob)
        assert shared.status == 200
        job = await server.submit({"n": {"type": "Chatty", "inputs": {}}}, ann)
        await server.put("a.png", RED, ann)
        await server.client.post("/settings", json={"a": 1}, headers=ann)
        await server.client.post("/userdata/x.txt", data=b"hers", headers=ann)
        await server.client.delete("/v1/users/ann", headers=ADMIN)

        new = await server.add("ann", "runner")
        missing = [
            f"/v1/workflows/{workflow}", f"/v1/workflows/{lent}", f"/v1/jobs/{job}",
            "/userdata/x.txt",
        ]  # fmt: skip
        for path in missing:
            assert (await server.client.get(path, headers=new)).status == 404, path
        for path, empty in (
            ("/v1/workflows", "workflows"), ("/v1/jobs", "jobs"), ("/v1/queue", "queued")
        ):  # fmt: skip
            assert (await server.api.ask("GET", path, headers=new))[1][empty] == []
        assert await (await server.client.get("/settings", headers=new)).json() == {}
        assert (await server.put("a.png", BLUE, new, overwrite="true"))[0] == 403
        async with server.client.ws_connect("/v1/events?after=0", headers=new) as socket:
            heard = await events_of(socket)
        assert job not in json.dumps(heard)

        # Lent to the name, it is lent to who has it now.
        path = f"/v1/workflows/{lent}/shares/ann"
        await server.client.put(path, json={"role": "viewer"}, headers=bob)
        found = await server.client.get(f"/v1/workflows/{lent}", headers=new)
        assert (await found.json())["access"] == "viewer"

        # The same person again, as an administrator says.
        await server.client.delete("/v1/users/ann", headers=ADMIN)
        third = await server.add("ann")
        assert (await server.client.get(f"/v1/workflows/{lent}", headers=third)).status == 404
        await server.client.delete("/v1/users/ann", headers=ADMIN)
        back = await server.add("ann", "editor", returns=True)
        _, known = await server.api.ask("GET", "/v1/users", headers=ADMIN)
        assert {u["name"]: u["owner"] for u in known["users"]}["ann"] == "ann~3"
        assert (await server.client.get(f"/v1/workflows/{workflow}", headers=back)).status == 404


async def test_name_that_has_things_from_before_is_given_without_them(tmp_path: Path) -> None:
    """Names were not written down once, and `local` is nobody's name but has things."""
    async with serving(tmp_path, FakeWorkers()) as api:
        job = await api.submit({"nodes": {"n": {"type": "Chatty", "inputs": {}}}})
        await api.ask("POST", "/v1/users", json={"name": "boss", "role": "admin"})
    Users(tmp_path / "data" / "users.json").remove("boss")
    async with house(tmp_path) as server:
        local = await server.add("local")
        assert (await server.client.get(f"/v1/jobs/{job['id']}", headers=local)).status == 404


# -- private files ---------------------------------------------------------------------------------


async def test_private_files_are_seen_by_their_owner_and_administrators_on_every_route(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, private=True) as server:
        ann, bob = await server.add("ann"), await server.add("bob", "editor")
        job = await server.submit({"n": {"type": "Chatty", "inputs": {}}}, ann)
        worker = server.workers.last
        await worker.given(1)
        worker.begin(job)
        (tmp_path / "out" / "temp").mkdir(parents=True)
        for file, temporary in (("hers.png", False), ("temp/hers.png", True)):
            (tmp_path / "out" / file).write_bytes(RED)
            worker.say(Wrote(job, "n", file, "image/png", len(RED), temporary=temporary))
        worker.end(job)
        await until_over(server, job, ann)
        await server.put("hers.png", RED, ann)
        (tmp_path / "out" / "nobodys.png").write_bytes(RED)  # written by the command line
        (tmp_path / "input" / "everybodys.png").write_bytes(RED)

        async def told(path: str, who: Header) -> tuple[int, str]:
            answer = await server.client.get(path, headers=who)
            return answer.status, await answer.text(errors="replace")

        for kind in ("input", "output", "temp"):
            for path in (
                f"/v1/files/{kind}/hers.png",
                f"/v1/files/{kind}/hers.png?thumbnail=64",
                f"/view?filename=hers.png&type={kind}",
                f"/view?filename=hers.png&type={kind}&preview=webp",
                f"/api/view?filename=hers.png [{kind}]",
            ):
                missing = await told(path.replace("hers", "none"), bob)
                assert await told(path, bob) == missing, path
                assert missing[0] == 404
                assert (await told(path, ann))[0] == 200, path
                assert (await told(path, ADMIN))[0] == 200, path
            for path in (f"/v1/files/{kind}", f"/v1/files/{kind}?order=newest&search=her"):
                assert "hers.png" not in (await told(path, bob))[1]
                assert "hers.png" in (await told(path, ann))[1]
        assert "nobodys" not in (await told("/v1/files/output", ann))[1]
        assert (await told("/v1/files/output/nobodys.png", ann))[0] == 404
        assert (await told("/v1/files/output/nobodys.png", ADMIN))[0] == 200
        for path in (
            "/v1/jobs", f"/v1/jobs/{job}", "/history", f"/history/{job}", "/v1/queue", "/queue",
            "/v1/workflows", "/object_info", "/object_info/LoadImage",
        ):  # fmt: skip
            assert "hers.png" not in (await told(path, bob))[1], path
        assert "hers.png" in (await told("/object_info/LoadImage", ann))[1]
        assert "everybodys.png" in (await told("/object_info/LoadImage", bob))[1]
        async with server.client.ws_connect("/v1/events?after=0", headers=bob) as socket:
            assert "hers.png" not in json.dumps(await events_of(socket))

        status, _ = await server.put("hers.png", BLUE, bob, kind="output", overwrite="true")
        assert status == 403
        gone = await server.client.delete("/v1/files/output/hers.png", headers=bob)
        assert gone.status == 404
        # Equal bytes are not answered with the name of a file that one may not see.
        status, kept = await server.put("hers.png", RED, bob)
        assert (status, kept["files"][0]["name"]) == (200, "hers (1).png")
        mask = {"original_ref": json.dumps({"filename": "hers.png", "type": "output"})}
        sent = await server.client.post("/upload/mask", **filled(bob, BLUE, "m.png", **mask))
        assert sent.status == 404


async def test_private_input_of_another_user_is_missing_in_every_workflow(tmp_path: Path) -> None:
    async with house(tmp_path, private=True) as server:
        ann, bob = await server.add("ann"), await server.add("bob")
        await server.put("cat.png", RED, ann)
        document = {"weft": 1, "nodes": PHOTO}
        none = json.loads(json.dumps(document).replace("cat.png", "dog.png"))
        both = {
            "/v1/jobs": "workflow", "/v1/validate": "workflow", "/v1/explain": "workflow",
            "/v1/share/pack": "document", "/v1/share/check": "document",
        }  # fmt: skip
        for path, name in both.items():
            answers = [
                await server.api.ask("POST", path, json={name: each}, headers=bob)
                for each in (document, none)
            ]
            # Hints name the photos that come with weft, those most like the name.
            hint = re.compile(r'Nearest name: [^"]*"[^"]*"|"candidates": \[[^]]*\]')
            seen, missing = (hint.sub("", json.dumps(a).replace("cat", "dog")) for a in answers)
            assert seen == missing, path
        prompt = {"n": {"class_type": "Photo", "inputs": {"file": "cat.png"}}}
        refused = await server.client.post("/prompt", json={"prompt": prompt}, headers=bob)
        assert refused.status == 400
        job = await server.submit(PHOTO, ann)
        await server.workers.last.given(1)
        assert server.task(job).pins


async def test_private_worker_reads_of_the_uploads_only_what_was_submitted(tmp_path: Path) -> None:
    """A name that is made while the job runs must not lead to another's upload."""
    more = {"token": TOKEN, "input": tmp_path / "input", "private": True}
    async with serving(tmp_path, **more) as api:
        server = House(api, FakeWorkers(), tmp_path)
        ann, bob = await server.add("ann"), await server.add("bob")
        await server.put("cat.png", RED, ann)
        made = {
            "t": {"type": "JoinText", "inputs": {"a": "cat", "b": ".png"}},
            "n": {"type": "Photo", "inputs": {"file": {"link": "t.value"}}},
        }
        job = await server.submit(made, bob)
        found = await until_over(server, job, bob)
        assert found["state"] == "failed"
        assert "cat.png" in json.dumps(found["problems"])
        mine = await until_over(server, await server.submit(PHOTO, ann, "n.value"), ann)
        assert mine["results"] == {"n.value": float(len(RED))}


# -- secrets ---------------------------------------------------------------------------------------


async def test_worker_gets_no_secret_of_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WEFT_TOKEN", "DATABASE_URL", "PGPASSWORD"):
        monkeypatch.setenv(name, TOKEN)
    seen: dict[str, str] = {}

    async def start(_: object, *args: object, env: dict[str, str], **more: object) -> object:
        seen.update(env)
        raise OSError

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(type(loop), "subprocess_exec", start)
    setup = Setup([], [], packs=False, models=[], inputs=[], output=str(tmp_path),
                  extra_model_paths=[], warm=False, level="INFO")  # fmt: skip
    with pytest.raises(OSError):
        await LocalWorker("w", setup, {"WEFT_DEVICE": "cpu"}).start(_ignore, _ignore)
    assert seen["WEFT_DEVICE"] == "cpu"
    assert "PATH" in seen
    assert TOKEN not in seen.values()


def _ignore(*_: object) -> None:
    """Take no notice."""


@pytest.mark.skipif(os.name != "posix", reason="modes say who may read a file on POSIX only")
async def test_state_of_the_server_is_readable_by_its_user_only(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    for _ in range(2):
        async with house(tmp_path) as server:
            await server.add("ann") if not (tmp_path / "data" / "users.json").exists() else None
            assert (tmp_path / "data").stat().st_mode & 0o077 == 0
            kept = [p for p in (tmp_path / "data").iterdir() if p.is_file() and p.name != "lock"]
            assert {p.name for p in kept} >= {"weft.sqlite", "users.json", "weft.sqlite-wal"}
            assert [p.name for p in kept if p.stat().st_mode & 0o077] == []
        (tmp_path / "data").chmod(0o755)  # as an earlier weft left it
        (tmp_path / "data" / "weft.sqlite").chmod(0o644)


@pytest.mark.skipif(os.name != "posix", reason="modes say who may read a file on POSIX only")
async def test_folder_of_somebodys_own_things_keeps_its_mode(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    (tmp_path / "data" / "letters").mkdir()
    async with house(tmp_path):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o755
        assert (tmp_path / "data" / "weft.sqlite").stat().st_mode & 0o077 == 0
    assert "other users of this machine can read" in caplog.text


# -- the link --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/login"])
async def test_login_link_shows_a_button_and_sets_nothing(tmp_path: Path, path: str) -> None:
    async with house(tmp_path) as server:
        answer = await server.client.get(path, params={"token": TOKEN})
        assert answer.status == 200
        assert not answer.cookies
        page = await answer.text()
        assert '<form method="post">' in page
        assert "admin" in page  # as whom
        assert (await server.client.get("/v1/jobs")).status == 401
        found = re.search(r'name="token" type="hidden" value="([^"]*)"', page)
        assert found is not None
        pressed = {"token": found[1]}
        for origin in ("https://evil.example", "null"):
            foreign = {"Origin": origin}
            sent = await server.client.post("/login", data=pressed, headers=foreign)
            assert (sent.status, bool(sent.cookies)) == (403, False)
        own = {"Origin": str(server.client.make_url("/")).rstrip("/")}
        entered = await server.client.post(
            "/login", data=pressed, headers=own, allow_redirects=False
        )
        assert (entered.status, entered.headers["Location"]) == (303, "/")
        session = {"Cookie": f"weft_session={entered.cookies['weft_session'].value}"}
        again = await server.client.get(
            "/login", params={"token": TOKEN}, headers=session, allow_redirects=False
        )
        assert (again.status, again.headers["Location"]) == (303, "/")


async def test_login_link_with_a_wrong_token_is_told_and_slowed_down(tmp_path: Path) -> None:
    async with house(tmp_path) as server:
        html = {"Accept": "text/html"}
        wrong = {"token": '"><b>'}
        first = await server.client.get("/login", params=wrong, headers=html)
        assert first.status == 401
        assert "<b>" not in await first.text()
        told = [(await server.client.get("/login", params=wrong)).status for _ in range(15)]
        assert told[-1] == 429


# -- every route -----------------------------------------------------------------------------------

Ids = dict[str, str]
CHANGES: dict[str, Callable[[Ids], tuple[str, Any]]] = {
    "POST /v1/jobs/{job}/cancel": lambda i: (f"/v1/jobs/{i['job']}/cancel", None),
    "POST /v1/jobs/{job}/retry": lambda i: (f"/v1/jobs/{i['job']}/retry", None),
    "POST /v1/jobs/{job}/move": lambda i: (f"/v1/jobs/{i['job']}/move", {"to": "front"}),
    "DELETE /v1/jobs/{job}": lambda i: (f"/v1/jobs/{i['job']}", None),
    "PATCH /v1/workflows/{workflow}": lambda i: (f"/v1/workflows/{i['flow']}", {"name": "x"}),
    "DELETE /v1/workflows/{workflow}": lambda i: (f"/v1/workflows/{i['flow']}", None),
    "POST /v1/workflows/{workflow}/restore": lambda i: (f"/v1/workflows/{i['flow']}/restore", None),
    "POST /v1/workflows/{workflow}/revisions": lambda i: (
        f"/v1/workflows/{i['flow']}/revisions", {"base": 1, "document": {"nodes": {}}}
    ),
    "POST /v1/workflows/{workflow}/fork": lambda i: (f"/v1/workflows/{i['flow']}/fork", {}),
    "PUT /v1/workflows/{workflow}/star": lambda i: (f"/v1/workflows/{i['flow']}/star", None),
    "DELETE /v1/workflows/{workflow}/star": lambda i: (f"/v1/workflows/{i['flow']}/star", None),
    "PUT /v1/workflows/{workflow}/shares/{person}": lambda i: (
        f"/v1/workflows/{i['flow']}/shares/bob", {"role": "editor"}
    ),
    "DELETE /v1/workflows/{workflow}/shares/{person}": lambda i: (
        f"/v1/workflows/{i['flow']}/shares/bob", None
    ),
    "POST /v1/workflows/{workflow}/link": lambda i: (f"/v1/workflows/{i['flow']}/link", None),
    "DELETE /v1/workflows/{workflow}/link": lambda i: (f"/v1/workflows/{i['flow']}/link", None),
    "DELETE /v1/files/{kind}/{name}": lambda _: ("/v1/files/input/hers.png", None),
    "POST /v1/share/pack": lambda i: ("/v1/share/pack", {"job": i["job"]}),
    "DELETE /userdata/{file}": lambda _: ("/userdata/hers.txt", None),
    "POST /userdata/{file}/move/{to}": lambda _: ("/userdata/hers.txt/move/b.txt", None),
}  # fmt: skip
"""Routes that change a thing of somebody's, asked with things of ann's."""

OWN = {
    "POST /prompt", "POST /v1/jobs", "POST /v1/jobs/batch", "POST /v1/validate",
    "POST /v1/explain", "POST /v1/share/check", "POST /v1/share/check/file",
    "POST /v1/share/comfyui", "POST /v1/share/open", "POST /v1/workflows", "POST /settings",
    "POST /settings/{id}", "POST /userdata/{file}", "POST /queue", "POST /interrupt",
    "POST /history", "POST /v1/queue/clear",
}  # fmt: skip
"""Routes that make a thing of who asks, or reach only theirs."""

TESTED = {
    "PUT /v1/files/{kind}/{name}", "POST /v1/files/{kind}", "POST /upload/image",
    "POST /upload/mask", "POST /v1/workflows/shared/{link}/fork", "POST /login",
}  # fmt: skip
"""Routes with tests of their own: of files that are replaced, and of the secret of a link."""

ADMINISTRATORS = {
    "POST /free", "POST /users", "POST /v1/cache/free", "POST /v1/queue/pause",
    "POST /v1/queue/resume", "POST /v1/users", "DELETE /v1/users/{name}",
    "PATCH /internal/logs/subscribe",
}  # fmt: skip


async def test_every_route_that_changes_something_asks_whose_it_is(tmp_path: Path) -> None:
    async with house(tmp_path, private=True) as server:
        ann, bob = await server.add("ann", "editor"), await server.add("bob", "editor")
        made = {"name": "hers", "document": {"weft": 1, "nodes": {}}}
        answer = await server.client.post("/v1/workflows", json=made, headers=ann)
        ids = {"flow": (await answer.json())["id"]}
        ids["job"] = await server.submit({"n": {"type": "Chatty", "inputs": {}}}, ann)
        await server.put("hers.png", RED, ann)
        await server.client.post("/userdata/hers.txt", data=b"hers", headers=ann)
        assert server.client.app is not None
        seen: set[str] = set()
        for route in server.client.app.router.routes():
            if route.method in ("GET", "HEAD", "OPTIONS") or route.resource is None:
                continue
            seen.add(f"{route.method} {route.resource.canonical.removeprefix('/api')}")
        assert seen == {*CHANGES, *OWN, *TESTED, *ADMINISTRATORS}
        for name, ask in CHANGES.items():
            path, body = ask(ids)
            method = name.partition(" ")[0]
            for place in (path, f"/api{path}") if name.count("userdata") else (path,):
                got = await server.client.request(method, place, json=body, headers=bob)
                assert got.status == 404, (name, got.status, await got.text())
        for path in ("/v1/queue/clear", "/queue", "/interrupt", "/history"):
            body = {"clear": True, "delete": [ids["job"]], "prompt_id": ids["job"]}
            got = await server.client.post(path, json=body, headers=bob)
            assert got.status in (200, 403, 404), path
        _, job = await server.api.ask("GET", f"/v1/jobs/{ids['job']}", headers=ann)
        assert job["state"] == "queued"
        assert (await server.client.get("/userdata/hers.txt", headers=ann)).status == 200
