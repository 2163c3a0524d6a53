"""Prompts sent, heard of and looked up as ComfyUI's clients do."""

from __future__ import annotations

import asyncio
import copy
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType

from tests.server.comfy.talk import PATIENCE, chain, hear, submit, until, until_end
from tests.server.comfy.test_prompt import TXT2IMG
from tests.server.comfy.toys import PICTURE
from tests.server.running import serving

WAIT = {"1": {"class_type": "Wait", "inputs": {}}}


async def test_prompt_that_ends_well_is_told_in_order_and_is_in_the_history_by_then(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as api, api.client.ws_connect("/ws?clientId=me") as socket:
        kind, greeting = await hear(socket)
        assert (kind, greeting["sid"]) == ("status", "me")
        assert greeting["status"]["exec_info"] == {"queue_remaining": 0}
        prompt_id = await submit(api.client, chain(3), client_id="me", extra_data={"x": 1})
        heard = await until_end(socket, prompt_id)
        kinds = [kind for kind, _ in heard]
        assert kinds[:2] == ["execution_start", "execution_cached"]
        assert kinds[-2:] == ["execution_success", "executing"]
        nodes = [data["node"] for kind, data in heard if kind == "executing"]
        assert nodes == ["0", "1", "2", "end", None]
        (executed,) = [data for kind, data in heard if kind == "executed"]
        files = [{"filename": "number_00001.txt", "subfolder": "", "type": "output"}]
        assert (executed["node"], executed["output"]) == ("end", {"files": files})
        entry = (await (await api.client.get(f"/history/{prompt_id}")).json())[prompt_id]
        assert entry["status"]["status_str"] == "success"
        assert entry["status"]["completed"]
        assert entry["outputs"] == {"end": {"files": files}}
        assert entry["prompt"][1:] == [prompt_id, chain(3), {"x": 1, "client_id": "me"}, ["end"]]
        shown = await api.client.get("/view", params=files[0])
        assert await shown.read() == b"3.0"
        assert "attachment" in shown.headers["Content-Disposition"]


async def test_history_is_there_as_soon_as_success_is_heard(tmp_path: Path) -> None:
    async with serving(tmp_path) as api, api.client.ws_connect("/ws?clientId=me") as socket:
        for number in range(5):
            prompt_id = await submit(api.client, chain(1, number), client_id="me")
            await until(socket, "execution_success", prompt_id=prompt_id)
            assert prompt_id in await (await api.client.get(f"/history/{prompt_id}")).json()


async def test_prompt_sent_again_is_told_what_was_cached(tmp_path: Path) -> None:
    async with serving(tmp_path) as api, api.client.ws_connect("/ws?clientId=me") as socket:
        await until_end(socket, await submit(api.client, chain(3), client_id="me"))
        heard = await until_end(socket, await submit(api.client, chain(3), client_id="me"))
        cached = [n for kind, data in heard if kind == "execution_cached" for n in data["nodes"]]
        assert set(cached) == {"0", "1", "2"}
        assert [d["node"] for k, d in heard if k == "executing"] == ["end", None]


async def test_prompt_that_fails_is_told_with_its_node(tmp_path: Path) -> None:
    prompt = {"the bad.1": {"class_type": "Fail", "inputs": {}}}
    async with serving(tmp_path) as api, api.client.ws_connect("/ws?clientId=me") as socket:
        prompt_id = await submit(api.client, prompt, client_id="me")
        error = await until(socket, "execution_error", prompt_id=prompt_id)
        assert error["node_id"] == "the bad.1"
        assert error["node_type"] == "Fail"
        assert error["exception_type"] == "toy.failed"
        assert "This node always fails." in error["exception_message"]
        entry = (await (await api.client.get(f"/history/{prompt_id}")).json())[prompt_id]
        assert entry["status"]["status_str"] == "error"
        assert not entry["status"]["completed"]
        assert entry["status"]["messages"][-1][0] == "execution_error"


async def test_interrupt_stops_what_runs_and_nothing_else(tmp_path: Path) -> None:
    async with serving(tmp_path) as api, api.client.ws_connect("/ws?clientId=me") as socket:
        first = await submit(api.client, WAIT, client_id="me")
        await until(socket, "progress", prompt_id=first)
        second = await submit(api.client, chain(1), client_id="me")
        other = await api.client.post("/interrupt", json={"prompt_id": second})
        assert other.status == 200
        queue = await (await api.client.get("/queue")).json()
        assert [item[1] for item in queue["queue_running"]] == [first]
        assert [item[1] for item in queue["queue_pending"]] == [second]
        assert queue["queue_running"][0][2] == WAIT
        remaining = await (await api.client.get("/prompt")).json()
        assert remaining == {"exec_info": {"queue_remaining": 2}}
        assert (await api.client.post("/interrupt")).status == 200
        stopped = await until(socket, "execution_interrupted", prompt_id=first)
        assert stopped["executed"] == []
        await until_end(socket, second)


async def test_waiting_prompts_are_taken_out_and_leave_no_history(tmp_path: Path) -> None:
    async with serving(tmp_path) as api, api.client.ws_connect("/ws?clientId=me") as socket:
        running = await submit(api.client, WAIT, client_id="me")
        await until(socket, "execution_start", prompt_id=running)
        waiting = [await submit(api.client, chain(1, n)) for n in range(3)]
        await api.client.post("/queue", json={"delete": [waiting[0], running, "unknown", 3]})
        queue = await (await api.client.get("/queue")).json()
        assert [item[1] for item in queue["queue_pending"]] == waiting[1:]
        assert len(queue["queue_running"]) == 1
        await api.client.post("/queue", json={"clear": True})
        assert (await (await api.client.get("/queue")).json())["queue_pending"] == []
        await api.client.post("/interrupt", json={})
        await until_end(socket, running)
        assert list(await (await api.client.get("/history")).json()) == [running]


async def test_history_is_cut_and_forgotten_as_asked(tmp_path: Path) -> None:
    async with serving(tmp_path) as api, api.client.ws_connect("/ws?clientId=me") as socket:
        ids = []
        for number in range(4):
            ids.append(await submit(api.client, chain(1, number), client_id="me"))
            await until_end(socket, ids[-1])

        async def history(query: str = "") -> list[str]:
            return list(await (await api.client.get("/history" + query)).json())

        assert await history() == ids
        assert await history("?max_items=2") == ids[2:]
        assert await history("?max_items=2&offset=1") == ids[1:3]
        await api.client.post("/history", json={"delete": [ids[1]]})
        assert await history() == [ids[0], *ids[2:]]
        await api.client.post("/history", json={"clear": True})
        assert await history() == []
        unknown = await api.client.get(f"/history/{ids[0]}")
        assert (unknown.status, await unknown.json()) == (200, {})


async def test_two_sockets_of_one_client_both_hear_and_one_may_go(tmp_path: Path) -> None:
    async with serving(tmp_path) as api, api.client.ws_connect("/ws?clientId=me") as second:
        first = await api.client.ws_connect("/ws?clientId=me")
        prompt_id = await submit(api.client, chain(1), client_id="me")
        await until_end(first, prompt_id)
        await until_end(second, prompt_id)
        await first.close()
        await until_end(second, await submit(api.client, chain(1, 2.0), client_id="me"))


async def test_prompt_of_another_client_is_not_heard_of(tmp_path: Path) -> None:
    async with serving(tmp_path) as api, api.client.ws_connect("/ws?clientId=a") as socket:
        await submit(api.client, chain(1), client_id="b")
        mine = await submit(api.client, chain(1, 2.0), client_id="a")
        while True:
            kind, data = await hear(socket)
            assert data.get("prompt_id") in (None, mine), kind
            if kind == "execution_success":
                break


SHOW = {"1": {"class_type": "Show", "inputs": {}}}
SHOWING = ("tests.server.comfy.toys",)


async def test_previews_go_with_metadata_to_who_wants_it(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, node_modules=SHOWING) as api,
        api.client.ws_connect("/ws?clientId=me") as socket,
    ):
        await socket.send_json(
            {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
        )
        assert (await until(socket, "feature_flags"))["supports_preview_metadata"]
        prompt_id = await submit(api.client, SHOW, client_id="me")
        got = await socket.receive(timeout=PATIENCE)
        while got.type is not WSMsgType.BINARY:
            got = await socket.receive(timeout=PATIENCE)
        await api.client.post("/interrupt")
        event, length = struct.unpack(">II", got.data[:8])
        about = json.loads(got.data[8 : 8 + length])
        assert event == 4
        assert (about["prompt_id"], about["node_id"]) == (prompt_id, "1")
        assert about["image_type"] == "image/png"
        assert got.data[8 + length :] == PICTURE


@pytest.mark.parametrize(("method", "shown"), [("latent2rgb", True), (None, False)])
async def test_previews_go_to_old_clients_only_if_asked_for(
    tmp_path: Path, method: str | None, *, shown: bool
) -> None:
    extra = {} if method is None else {"preview_method": method}
    async with (
        serving(tmp_path, node_modules=SHOWING) as api,
        api.client.ws_connect("/ws?clientId=me") as socket,
    ):
        await submit(api.client, SHOW, client_id="me", extra_data=extra)
        frames, steps = set(), 0
        while steps < 5 and not frames:
            got = await socket.receive(timeout=PATIENCE)
            if got.type is WSMsgType.BINARY:
                frames.add(got.data)
            elif '"type":"progress"' in got.data:
                steps += not shown
        await api.client.post("/interrupt")
        assert frames == ({struct.pack(">II", 1, 2) + PICTURE} if shown else set())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "no_prompt"),
        (b"{}", "no_prompt"),
        (b"[]", "request.invalid"),
        (b"{", "document.json"),
        (b"\xff", "document.json"),
        (b'{"prompt": NaN}', "document.json"),
        (b'{"prompt": {}}', "prompt_no_outputs"),
        (b'{"prompt": {"1": {"class_type": "Nothing"}}}', "invalid_prompt"),
        (b'{"prompt": {}, "prompt_id": "../x"}', "invalid_prompt_id"),
        (b'{"prompt": ' + b"[" * 1000 + b"]" * 1000 + b"}", "document.too_deep"),
    ],
)
async def test_bad_bodies_are_refused_in_comfyuis_shape(
    tmp_path: Path, body: bytes, kind: str
) -> None:
    async with serving(tmp_path, workers=0) as api:
        answer = await api.client.post("/prompt", data=body)
        assert answer.status == 400
        told = await answer.json()
        assert told["error"]["type"] == kind
        assert told["error"].keys() == {"type", "message", "details", "extra_info"}


async def test_body_is_json_whatever_it_says_it_is(tmp_path: Path) -> None:
    async with serving(tmp_path, workers=0) as api:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
            body = b'{"prompt": {"1": {"class_type": "Fail"}}, "number": 3.5}'
            answer = await api.client.post("/api/prompt", data=body, headers={"Content-Type": kind})
            assert answer.status == 200
            assert (await answer.json())["number"] == 3.5


async def test_prompt_id_is_the_clients_own_and_taken_once(tmp_path: Path) -> None:
    async with serving(tmp_path, workers=0) as api:
        sent = {"prompt": chain(1), "prompt_id": "mine", "front": True}
        first = await (await api.client.post("/prompt", json=sent)).json()
        assert first["prompt_id"] == "mine"
        assert first["number"] < 0
        again = await api.client.post("/prompt", json=sent | {"prompt": chain(1, 2.0)})
        assert again.status == 409


async def test_prompts_put_in_front_run_first(tmp_path: Path) -> None:
    async with serving(tmp_path, workers=0) as api:
        last = await submit(api.client, chain(1))
        first = await submit(api.client, chain(1, 2.0), front=True)
        queue = await (await api.client.get("/queue")).json()
        assert [item[1] for item in queue["queue_pending"]] == [first, last]


async def test_secrets_of_a_prompt_are_not_kept(tmp_path: Path) -> None:
    async with serving(tmp_path, workers=0) as api:
        extra = {"auth_token_comfy_org": "SECRET", "api_key_comfy_org": "SECRET", "kept": 1}
        await submit(api.client, chain(1), extra_data=extra)
        queue = await (await api.client.get("/queue")).json()
        assert queue["queue_pending"][0][3] == {"kept": 1}
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or b"SECRET" not in path.read_bytes()


async def test_job_of_the_native_api_is_told_as_a_prompt(tmp_path: Path) -> None:
    workflow = {
        "nodes": {
            "n": {"type": "Float", "inputs": {"value": 2.5}},
            "out": {"type": "Save", "inputs": {"value": {"link": "n.value"}}},
        }
    }
    async with serving(tmp_path) as api:
        job = await api.submit(workflow)
        await api.until(job["id"], "done")
        entry = (await (await api.client.get(f"/history/{job['id']}")).json())[job["id"]]
        assert entry["prompt"][2] == {
            "n": {"class_type": "Float", "inputs": {"value": 2.5}},
            "out": {"class_type": "Save", "inputs": {"value": ["n", 0]}},
        }
        assert entry["prompt"][4] == ["out"]


async def test_long_prompt_costs_bytes_in_proportion_to_its_nodes(tmp_path: Path) -> None:
    async with serving(tmp_path) as api, api.client.ws_connect("/ws?clientId=me") as socket:
        prompt_id = await submit(api.client, chain(500), client_id="me")
        size = sum(len(str(each)) for each in await until_end(socket, prompt_id))
        assert size < 500 * 1000


async def test_reconnected_client_is_told_what_runs(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        async with api.client.ws_connect("/ws?clientId=me") as socket:
            prompt_id = await submit(api.client, WAIT, client_id="me")
            await until(socket, "progress", prompt_id=prompt_id)
        async with api.client.ws_connect("/ws?clientId=me") as socket:
            assert await until(socket, "executing") == {"node": "1"}
            await api.client.post("/interrupt")
            await until_end(socket, prompt_id)


async def test_odd_messages_over_the_websocket_change_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, workers=0) as api, api.client.ws_connect("/ws") as socket:
        for text in ("", "{", "[]", "null", '{"type": "feature_flags"}', "[" * 5000, "\x00"):
            await socket.send_str(text)
        await socket.send_bytes(b"\xff" * 100)
        await socket.send_json({"type": "feature_flags", "data": [1]})
        assert (await until(socket, "feature_flags"))["max_upload_size"] > 0


async def test_too_many_messages_close_only_that_socket(tmp_path: Path) -> None:
    async with serving(tmp_path, workers=0) as api, api.client.ws_connect("/ws") as quiet:
        async with api.client.ws_connect("/ws") as loud:
            for _ in range(200):
                await loud.send_str("{}")
            async with asyncio.timeout(PATIENCE):
                while not loud.closed:
                    await loud.receive()
            assert loud.close_code == 1008
        await submit(api.client, chain(1))
        await until(quiet, "status")


@pytest.mark.slow
async def test_pictures_of_save_image_websocket_come_as_frames(tmp_path: Path) -> None:
    prompt: dict[str, Any] = copy.deepcopy(TXT2IMG)
    prompt["9"] = {"class_type": "SaveImageWebsocket", "inputs": {"images": ["8", 0]}}
    async with serving(tmp_path) as api, api.client.ws_connect("/ws?clientId=me") as socket:
        prompt_id = await submit(api.client, prompt, client_id="me")
        frames = []
        while True:
            got = await socket.receive(timeout=PATIENCE)
            if got.type is WSMsgType.BINARY:
                frames.append(got.data)
            elif "execution_success" in got.data:
                break
        assert len(frames) == 1
        assert frames[0][:16] == struct.pack(">II", 1, 2) + b"\x89PNG\r\n\x1a\n"
        entry = (await (await api.client.get(f"/history/{prompt_id}")).json())[prompt_id]
        assert entry["outputs"] == {}
