"""A server for tests, and a client that waits for states instead of sleeping."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient, TestServer

from weft.server.app import create_app
from weft.server.settings import Settings
from weft.server.worker.base import Worker

FLOAT = {"nodes": {"n": {"type": "Float", "inputs": {"value": 2.5}}}}
PATIENCE = 60.0  # seconds; only a broken test waits so long


class Api:
    """What a script would do."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self.client = client

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        async with self.client.request(method, path, **more) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def submit(self, workflow: Any, **more: Any) -> dict[str, Any]:
        """Submit, and expect that it is accepted."""
        status, job = await self.ask("POST", "/v1/jobs", json={"workflow": workflow, **more})
        assert status == 201, job
        found: dict[str, Any] = job
        return found

    async def get(self, job: str) -> dict[str, Any]:
        """All that is known of a job."""
        status, found = await self.ask("GET", f"/v1/jobs/{job}")
        assert status == 200
        detail: dict[str, Any] = found
        return detail

    async def until(self, job: str, *states: str) -> dict[str, Any]:
        """Wait until a job is in one of these states; all that is known of it then."""

        def reached(event: dict[str, Any]) -> bool:
            if event["type"] == "job":
                return event["job"]["state"] in states
            if event["type"] == "snapshot":
                queue = event["queue"]
                known = [*queue["running"], *queue["queued"], *event["recent"]]
                return any(each["id"] == job and each["state"] in states for each in known)
            return False

        await self.event(reached, job=job)
        return await self.get(job)

    async def event(self, wanted: Callable[[dict[str, Any]], bool], **query: str) -> dict[str, Any]:
        """Wait for an event."""
        async with self.client.ws_connect("/v1/events", params=query) as socket:
            while True:
                for event in await events_of(socket):
                    if wanted(event):
                        return event


async def events_of(socket: ClientWebSocketResponse) -> list[dict[str, Any]]:
    """The events of the next text frame."""
    while True:
        message = await socket.receive(timeout=PATIENCE)
        if message.type is WSMsgType.BINARY:
            continue
        assert message.type is WSMsgType.TEXT, message
        found: list[dict[str, Any]] = json.loads(message.data)
        return found


def settings(folder: Path, **more: Any) -> Settings:
    """Settings that keep to a folder."""
    given = {
        "data": folder / "data",
        "output": folder / "out",
        "warm": False,
        "packs": False,
        "stop_grace": 0,
    }
    return Settings(**{**given, "node_modules": ("tests.server.toys",), **more})


@contextlib.asynccontextmanager
async def serving(
    folder: Path, make_worker: Callable[[int], Worker] | None = None, **more: Any
) -> AsyncIterator[Api]:
    """A server with an own folder.

    Args:
        folder: Where its data and output lie.
        make_worker: Makes workers; by default real processes.
        more: Settings.
    """
    app = create_app(settings(folder, **more), make_worker=make_worker)
    async with TestClient(TestServer(app)) as client:
        yield Api(client)
