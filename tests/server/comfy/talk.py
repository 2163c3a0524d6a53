"""A client of ComfyUI's protocol, for tests."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient

PATIENCE = 60.0  # seconds; only a broken test waits so long
Message = tuple[str, dict[str, Any]]


async def hear(socket: ClientWebSocketResponse) -> Message:
    """The next text message."""
    while True:
        got = await socket.receive(timeout=PATIENCE)
        if got.type is WSMsgType.TEXT:
            found = json.loads(got.data)
            return found["type"], found["data"]
        assert got.type is WSMsgType.BINARY, got


async def until_end(socket: ClientWebSocketResponse, prompt_id: str) -> list[Message]:
    """Everything that is said until a prompt is over, `status` and other prompts left out."""
    found = []
    while True:
        kind, data = await hear(socket)
        if data.get("prompt_id") != prompt_id:
            continue
        found.append((kind, data))
        if kind == "executing" and data["node"] is None:
            return found


async def until(socket: ClientWebSocketResponse, kind: str, **data: Any) -> dict[str, Any]:
    """The next message of a kind with such data."""
    while True:
        got, found = await hear(socket)
        if got == kind and data.items() <= found.items():
            return found


async def submit(client: TestClient[Any, Any], prompt: Any, **more: Any) -> str:
    """Send a prompt that is accepted; its id."""
    answer = await client.post("/prompt", json={"prompt": prompt, **more})
    told = await answer.json()
    assert answer.status == 200, told
    prompt_id: str = told["prompt_id"]
    return prompt_id


def chain(length: int, value: float = 1.0) -> dict[str, Any]:
    """Numbers added up, one node after another, and written to a file."""
    prompt: dict[str, Any] = {"0": {"class_type": "PrimitiveFloat", "inputs": {"value": value}}}
    for number in range(1, length):
        inputs = {"a": [str(number - 1), 0], "b": 1.0, "operation": "add"}
        prompt[str(number)] = {"class_type": "Arithmetic", "inputs": inputs}
    prompt["end"] = {"class_type": "Save", "inputs": {"value": [str(length - 1), 0]}}
    return prompt
