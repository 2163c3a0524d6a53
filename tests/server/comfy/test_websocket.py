"""Prompts heard of over the websocket. One server for all these tests: a worker takes its time."""

from __future__ import annotations

import json
import struct
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import WSMsgType

from tests.server.comfy.talk import PATIENCE, chain, hear, submit, until, until_end
from tests.server.comfy.toys import PICTURE
from tests.server.running import Api, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")
WAIT = {"1": {"class_type": "Wait", "inputs": {}}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("server")
    modules = ("tests.server.toys", "tests.server.comfy.toys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEFT_HOME", str(folder / "home"))
        async with serving(folder, node_modules=modules) as api:
            yield api


async def test_history_is_there_as_soon_as_success_is_heard(api: Api) -> None:
    async with api.client.ws_connect("/ws?clientId=me") as socket:
        for number in range(5):
            prompt_id = await submit(api.client, chain(1, number), client_id="me")
            await until(socket, "execution_success", prompt_id=prompt_id)
            assert prompt_id in await (await api.client.get(f"/history/{prompt_id}")).json()


async def test_prompt_sent_again_is_told_what_was_cached(api: Api) -> None:
    async with api.client.ws_connect("/ws?clientId=me") as socket:
        await until_end(socket, await submit(api.client, chain(3, 77.0), client_id="me"))
        heard = await until_end(socket, await submit(api.client, chain(3, 77.0), client_id="me"))
        cached = [n for kind, data in heard if kind == "execution_cached" for n in data["nodes"]]
        assert set(cached) == {"0", "1", "2"}
        assert [d["node"] for k, d in heard if k == "executing"] == ["end", None]


async def test_prompt_that_fails_is_told_with_its_node(api: Api) -> None:
    prompt = {"the bad.1": {"class_type": "Fail", "inputs": {}}}
    async with api.client.ws_connect("/ws?clientId=me") as socket:
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


async def test_interrupt_stops_what_runs_and_nothing_else(api: Api) -> None:
    async with api.client.ws_connect("/ws?clientId=me") as socket:
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


async def test_two_sockets_of_one_client_both_hear_and_one_may_go(api: Api) -> None:
    async with api.client.ws_connect("/ws?clientId=me") as second:
        first = await api.client.ws_connect("/ws?clientId=me")
        prompt_id = await submit(api.client, chain(1), client_id="me")
        await until_end(first, prompt_id)
        await until_end(second, prompt_id)
        await first.close()
        await until_end(second, await submit(api.client, chain(1, 2.0), client_id="me"))


async def test_prompt_of_another_client_is_not_heard_of(api: Api) -> None:
    async with api.client.ws_connect("/ws?clientId=a") as socket:
        await submit(api.client, chain(1), client_id="b")
        mine = await submit(api.client, chain(1, 2.0), client_id="a")
        while True:
            kind, data = await hear(socket)
            assert data.get("prompt_id") in (None, mine), kind
            if kind == "execution_success":
                break


SHOW = {"1": {"class_type": "Show", "inputs": {}}}


async def test_previews_go_with_metadata_to_who_wants_it(api: Api) -> None:
    async with api.client.ws_connect("/ws?clientId=me") as socket:
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
    api: Api, method: str | None, *, shown: bool
) -> None:
    extra = {} if method is None else {"preview_method": method}
    async with api.client.ws_connect("/ws?clientId=me") as socket:
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


async def test_job_of_the_native_api_is_told_as_a_prompt(api: Api) -> None:
    workflow = {
        "nodes": {
            "n": {"type": "Float", "inputs": {"value": 2.5}},
            "out": {"type": "Save", "inputs": {"value": {"link": "n.value"}}},
        }
    }
    job = await api.submit(workflow)
    await api.until(job["id"], "done")
    entry = (await (await api.client.get(f"/history/{job['id']}")).json())[job["id"]]
    assert entry["prompt"][2] == {
        "n": {"class_type": "Float", "inputs": {"value": 2.5}},
        "out": {"class_type": "Save", "inputs": {"value": ["n", 0]}},
    }
    assert entry["prompt"][4] == ["out"]


async def test_long_prompt_costs_bytes_in_proportion_to_its_nodes(api: Api) -> None:
    async with api.client.ws_connect("/ws?clientId=me") as socket:
        prompt_id = await submit(api.client, chain(500), client_id="me")
        size = sum(len(str(each)) for each in await until_end(socket, prompt_id))
        assert size < 500 * 1000


async def test_reconnected_client_is_told_what_runs(api: Api) -> None:
    async with api.client.ws_connect("/ws?clientId=me") as socket:
        prompt_id = await submit(api.client, WAIT, client_id="me")
        await until(socket, "progress", prompt_id=prompt_id)
    async with api.client.ws_connect("/ws?clientId=me") as socket:
        assert await until(socket, "executing") == {"node": "1"}
        await api.client.post("/interrupt")
        await until_end(socket, prompt_id)
