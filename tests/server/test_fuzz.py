"""Malformed messages over HTTP and websocket, and every documented operation with odd values.

The loops have a fixed seed; `WEFT_FUZZ` is how many messages they send (100,000 to be thorough).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientError
from yarl import URL

from tests.server.comfy.test_prompt import TXT2IMG
from tests.server.outer import BAD_NAMES, Client, serving
from tests.server.running import FLOAT

COUNT = int(os.environ.get("WEFT_FUZZ", "400"))
PATHS = (
    "/v1/jobs", "/v1/validate", "/v1/explain", "/v1/files/input", "/v1/files/input/x.png",
    "/v1/files/{}", "/v1/files/output/{}", "/v1/models/{}", "/v1/nodes/{}", "/v1/jobs/{}",
    "/v1/jobs/{}/cancel", "/v1/workflows/templates/{}", "/prompt", "/api/queue", "/history",
    "/history/{}", "/interrupt", "/free", "/upload/image", "/upload/mask", "/view?filename={}",
    "/object_info/{}", "/settings", "/settings/{}", "/userdata/{}", "/userdata/{}/move/{}",
    "/userdata?dir={}", "/view_metadata/{}?filename={}", "/login", "/{}",
)  # fmt: skip
EMPTY = {
    "1": {"class_type": "EmptyImage", "inputs": {}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
KINDS = (
    "application/json", "text/plain", "multipart/form-data; boundary=b", "application/xml",
    "multipart/form-data", "application/x-www-form-urlencoded", "",
)  # fmt: skip


def mutated(dice: random.Random, data: Any) -> Any:
    """JSON data with one place changed."""
    odd = (
        *(None, True, -1, 2**70, 1e308, "", "\0", "\ud800", "x" * 2000, [], {}, ["4", 0]),
        {"link": "a.b"},
    )
    if not isinstance(data, dict | list) or not data or dice.random() < 0.15:
        return dice.choice(odd)
    copy = dict(data) if isinstance(data, dict) else list(data)
    key = dice.choice(list(copy) if isinstance(copy, dict) else range(len(copy)))
    copy[key] = mutated(dice, copy[key])  # type: ignore[call-overload, index]
    return copy


def body(dice: random.Random) -> bytes:
    """Something that is nearly a request, or not at all."""
    choice = dice.random()
    if choice < 0.4:
        shape = dice.choice(
            (
                {"prompt": TXT2IMG, "client_id": "x", "extra_data": {}},
                {"prompt": EMPTY, "client_id": "x", "prompt_id": "x", "extra_data": {}},
                {
                    "workflow": FLOAT,
                    "outputs": ["n.value"],
                    "title": "x",
                    "scope": "x",
                    "idempotency_key": "x",
                },
                {"workflow": {"nodes": {"a": {"type": "KSampler", "inputs": {}}}}, "set": {"a": 1}},
                {"delete": ["x"], "clear": False, "prompt_id": "x"},
            )
        )
        return json.dumps(mutated(dice, shape)).encode("utf-8", "replace")
    if choice < 0.6:
        head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        whole = head + dice.randbytes(dice.randrange(200)) + b"\r\n--b--\r\n"
        return whole[: dice.randrange(len(whole))] + dice.randbytes(dice.randrange(5))
    if choice < 0.8:
        return dice.choice((b"{", b"[" * 3000, b"\xff\xfe", b'{"a":1,"a":2}', b"NaN", b'"x"', b""))
    return dice.randbytes(dice.randrange(500))


def routes_of(client: Client) -> list[tuple[str, str]]:
    """Method and path of everything that the server answers, but for streams without an end."""
    assert client.app is not None
    found = [(r.method, r.resource.canonical) for r in client.app.router.routes() if r.resource]
    return sorted({(m, p) for m, p in found if not p.endswith(("/events", "/ws"))})


async def one_request(
    client: Client, dice: random.Random, routes: Sequence[tuple[str, str]]
) -> None:
    method, path = dice.choice(METHODS), dice.choice(PATHS)
    choice = dice.random()
    if choice < 0.2:  # where most is read of what is sent
        method, path = "POST", dice.choice(("/prompt", "/v1/jobs"))
    elif choice < 0.8:
        method, path = dice.choice(routes)
        method = method.replace("*", "POST")
    while place := re.search(r"{\w*}", path):
        name = dice.choice((*BAD_NAMES, "a", "input", "checkpoints", "\U0001f600", "%"))
        path = path.replace(place[0], quote(name, safe=""), 1)
    kind = dice.choice(KINDS)
    headers = {"Content-Type": kind} if kind else {}
    if dice.random() < 0.2:
        name = dice.choice(("If-None-Match", "Range", "If-Modified-Since", "Accept-Encoding"))
        headers[name] = dice.choice(("*", "bytes=5-2", "bytes=-", '"', "x" * 100, "W/"))
    try:
        async with client.request(
            method, URL(path, encoded=True), data=body(dice), headers=headers, allow_redirects=False
        ) as answer:
            await answer.read()
    except (ClientError, ValueError):
        return  # the client itself would not send it, or the server closed on it
    assert answer.status < 500 or answer.status == 503, (method, path)


async def test_malformed_requests_leave_the_server_answering(tmp_path: Path) -> None:
    dice = random.Random(7)
    async with serving(tmp_path) as client, asyncio.timeout(max(60, COUNT)):
        routes = routes_of(client)
        for _ in range(COUNT):
            await one_request(client, dice, routes)
        assert (await client.get("/v1/health")).status == 200
        assert (await client.post("/v1/queue/clear")).status == 200
        order = {"workflow": FLOAT, "outputs": ["n.value"]}
        assert (await client.post("/v1/jobs", json=order)).status == 201


@pytest.mark.parametrize("path", ["/ws?clientId=x", "/api/ws", "/v1/events"])
async def test_malformed_websocket_messages_leave_the_server_answering(
    tmp_path: Path, path: str
) -> None:
    dice = random.Random(11)
    async with serving(tmp_path) as client, asyncio.timeout(max(60, COUNT)):
        sent = 0
        while sent < COUNT:
            async with client.ws_connect(path) as socket:
                for _ in range(50):
                    sent += 1
                    if dice.random() < 0.5:
                        await socket.send_bytes(body(dice))
                    else:
                        await socket.send_str(body(dice).decode("utf-8", "replace"))
                    if socket.closed:
                        break
                await socket.close()
            assert socket.closed
        assert (await client.get("/v1/health")).status == 200


async def test_raw_bytes_that_are_no_http_are_refused(tmp_path: Path) -> None:
    dice = random.Random(13)
    async with serving(tmp_path) as client:
        for number in range(60):
            reader, writer = await asyncio.open_connection(client.host, client.port)
            begin = dice.choice((b"GET / HTTP/1.1\r\n", b"POST /prompt HTTP/1.1\r\n", b""))
            writer.write(begin + dice.randbytes(dice.randrange(300)) + b"\r\n\r\n")
            if number % 2:
                writer.write_eof()
                async with asyncio.timeout(20):
                    answer = await reader.read()
                assert not answer or answer.startswith(b"HTTP/1."), answer[:50]
            writer.close()
        assert (await client.get("/v1/health")).status == 200


@pytest.mark.slow
async def test_documented_operations_never_answer_with_a_fault(tmp_path: Path) -> None:
    import schemathesis
    from schemathesis import GenerationMode

    async with serving(tmp_path) as client:
        raw = await (await client.get("/v1/openapi.json")).json()
        schema = schemathesis.openapi.from_dict(raw)
        loop = asyncio.get_running_loop()

        async def send(case: Any) -> int:
            sent = case.as_transport_kwargs(base_url=f"http://{client.host}:{client.port}")
            kept = {k: sent[k] for k in ("headers", "params", "json", "data") if sent.get(k)}
            try:
                async with client.session.request(sent["method"], sent["url"], **kept) as answer:
                    if "event-stream" not in answer.headers.get("Content-Type", ""):
                        await answer.read()
                    return answer.status
            except (ClientError, ValueError, TypeError):
                return 0  # the client itself would not send it

        def try_all() -> list[str]:
            from hypothesis import HealthCheck, Phase, given, settings

            faults = []
            for result in schema.get_all_operations():
                operation = result.ok()

                @settings(
                    max_examples=15,
                    database=None,
                    derandomize=True,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )
                @given(
                    operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
                    | operation.as_strategy()
                )
                def attempt(case: Any) -> None:
                    status = asyncio.run_coroutine_threadsafe(send(case), loop).result(60)
                    if status >= 500 and status != 503:
                        faults.append(f"{status} {case.method} {case.path} {case.body!r:.200}")

                attempt()
            return faults

        faults = await asyncio.to_thread(try_all)
        assert faults == []
