"""Events as clients get them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, WSCloseCode, WSMsgType

from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, events_of, serving
from weft.server.settings import Limits
from weft.server.worker.messages import Nodes, NodeStateMessage, Preview, StepMessage, Wrote

OUT = {"outputs": ["n.value"]}


async def test_websocket_tells_the_whole_story_of_a_job(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with (
        serving(tmp_path, workers) as api,
        api.client.ws_connect("/v1/events") as socket,
    ):
        seen = await events_of(socket)
        assert [event["type"] for event in seen] == ["snapshot"]
        job = (await api.submit(FLOAT, **OUT))["id"]
        await workers.last.given(1)
        workers.last.begin(job)
        workers.last.say(
            Nodes(job, {"n": NodeStateMessage("running", None, ["value: 1 -> 2"], None, None)})
        )
        workers.last.say(StepMessage(job, "n", 3, 10, None, 2.0, 3.5))
        workers.last.say(Wrote(job, "n", "a.png", "image/png", 5, False))
        seen += await events_of(socket)
        while not any(event["type"] == "progress" for event in seen):
            seen += await events_of(socket)
        problem = {"code": "node.failed", "message": "It is broken.", "node": "m"}
        workers.last.say(Nodes(job, {"m": NodeStateMessage("failed", None, None, None, problem)}))
        while not any("m" in event.get("nodes", {}) for event in seen):
            seen += await events_of(socket)
        (failed,) = [e["nodes"]["m"] for e in seen if "m" in e.get("nodes", {})]
        assert failed == {"state": "failed", "problem": problem}  # while the job goes on
        workers.last.say(Nodes(job, {"n": NodeStateMessage("done", 0.5, None, 4096, None)}))
        workers.last.end(job)
        while not any(e["type"] == "job" and e["job"]["state"] == "done" for e in seen):
            seen += await events_of(socket)
        numbers = [event["id"] for event in seen if "id" in event]
        assert numbers == sorted(numbers)
        nodes = [e["nodes"]["n"] for e in seen if e["type"] == "nodes" and "n" in e["nodes"]]
        assert nodes == [
            {"state": "running", "why": ["value: 1 -> 2"]},
            {"state": "done", "seconds": 0.5, "bytes": 4096},
        ]
        (artifact,) = [event["artifact"] for event in seen if event["type"] == "artifact"]
        assert artifact["file"] == "a.png"
        (step,) = [event["progress"] for event in seen if event["type"] == "progress"]
        assert (step["value"], step["rate"], step["remaining"]) == (3, 2.0, 3.5)


async def test_preview_is_a_binary_frame_that_says_whose_it_is(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api, api.client.ws_connect("/v1/events") as socket:
        job = (await api.submit(FLOAT, **OUT))["id"]
        await workers.last.given(1)
        workers.last.begin(job)
        workers.last.say(Preview(job, "n", "image/png", b"\x89PNG..."))
        while True:
            message = await socket.receive(timeout=60)
            if message.type is WSMsgType.BINARY:
                break
        size = int.from_bytes(message.data[:4], "big")
        head = json.loads(message.data[4 : 4 + size])
        assert (head["job"], head["node"], head["media_type"]) == (job, "n", "image/png")
        assert message.data[4 + size :] == b"\x89PNG..."


async def test_server_sent_events_resume_from_the_last_event_id(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        await api.ask("POST", "/v1/queue/pause")
        first = await api.submit(FLOAT, **OUT)
        async with api.client.get("/v1/events") as stream:
            assert stream.content_type == "text/event-stream"
            number, snapshot = await sent(stream)
            assert snapshot["type"] == "snapshot"
            assert [job["id"] for job in snapshot["queue"]["queued"]] == [first["id"]]
        second = await api.submit(FLOAT, **OUT)
        headers = {"Last-Event-ID": str(number)}
        async with api.client.get("/v1/events", headers=headers) as stream:
            assert (await sent(stream))[1] == {"type": "resumed", "id": number}
            _, event = await sent(stream)
            assert (event["type"], event["job"]["id"]) == ("job", second["id"])


async def test_events_of_an_earlier_process_are_caught_up_on(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        await api.ask("POST", "/v1/queue/pause")
        number = (await api.event(lambda event: event["type"] == "snapshot"))["id"]
        job = await api.submit(FLOAT, **OUT)
    async with serving(tmp_path, FakeWorkers()) as api:
        event = await api.event(lambda event: event["type"] == "job", after=str(number))
        assert event["job"]["id"] == job["id"]


async def test_listener_of_one_job_hears_of_no_other(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        await api.ask("POST", "/v1/queue/pause")
        mine = (await api.submit(FLOAT, **OUT))["id"]
        async with api.client.ws_connect(f"/v1/events?job={mine}") as socket:
            await events_of(socket)
            await api.submit(FLOAT, **OUT)
            await api.ask("POST", f"/v1/jobs/{mine}/cancel")
            (event,) = await events_of(socket)
            assert (event["job"]["id"], event["job"]["state"]) == (mine, "cancelled")


async def test_too_many_listeners_are_refused(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, FakeWorkers(), limits=Limits(connections=1)) as api,
        api.client.ws_connect("/v1/events") as socket,
    ):
        await events_of(socket)
        status, answer = await api.ask("GET", "/v1/events")
        assert (status, answer["error"]["code"]) == (503, "events.full")


async def test_graph_of_a_thousand_nodes_costs_less_than_a_megabyte(tmp_path: Path) -> None:
    nodes: dict[str, Any] = {"n0": {"type": "Float", "inputs": {"value": 1.0}}}
    for i in range(1, 1000):
        link = {"link": f"n{i - 1}.value"}
        nodes[f"n{i}"] = {"type": "Arithmetic", "inputs": {"a": link, "b": 1.0}}
    async with serving(tmp_path) as api, api.client.ws_connect("/v1/events") as socket:
        await api.submit({"nodes": nodes}, outputs=["n999.value"])
        size, states = 0, {}
        while True:
            message = await socket.receive(timeout=60)
            size += len(message.data)
            for event in json.loads(message.data):
                states.update(event.get("nodes", {}))
                if event["type"] == "job" and event["job"]["state"] == "done":
                    assert len(states) == 1000
                    assert size < 200_000
                    return


async def sent(stream: ClientResponse) -> tuple[int, dict[str, Any]]:
    """Number and data of the next server-sent event."""
    number = 0
    while True:
        line = (await stream.content.readline()).decode()
        assert line, "the stream ended"
        if line.startswith("id: "):
            number = int(line[4:])
        if line.startswith("data: "):
            return number, json.loads(line[6:])


async def test_stopping_server_ends_its_streams(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        socket = await api.client.ws_connect("/v1/events")
        stream = await api.client.get("/v1/events")
        await events_of(socket)
        await sent(stream)
        assert api.client.app is not None
        await api.client.app.shutdown()
        assert (await socket.receive(timeout=60)).type is WSMsgType.CLOSE
        assert socket.close_code == WSCloseCode.GOING_AWAY
        assert (await stream.content.read()).strip() == b""
