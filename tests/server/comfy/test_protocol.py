"""Prompts sent, heard of and looked up as ComfyUI's clients do."""

from __future__ import annotations

import asyncio
import copy
import struct
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType

from tests.server.comfy.talk import PATIENCE, chain, hear, submit, until, until_end
from tests.server.comfy.test_prompt import TXT2IMG
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


@pytest.mark.parametrize("client_id", ["half of a pair \ud800", "nothing \0"])
async def test_client_id_that_no_database_takes_stops_nobody(
    tmp_path: Path, client_id: str
) -> None:
    async with serving(tmp_path) as api:
        await submit(api.client, chain(1), client_id=client_id)
        async with api.client.ws_connect("/ws?clientId=me") as socket:
            heard = await until_end(socket, await submit(api.client, chain(2), client_id="me"))
        assert heard[-2][0] == "execution_success"


async def test_forgetting_an_id_that_no_database_takes_finds_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        answer = await api.client.post("/history", json={"delete": ["\ud800"]})
        assert answer.status == 404
