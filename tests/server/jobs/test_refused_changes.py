"""A change that the database refuses has not happened in memory either."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests.server.failing import failing_database
from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, Api, serving

OUT = {"outputs": ["n.value"]}
AWAY = OperationalError("INSERT", {}, sqlite3.OperationalError("disk I/O error"))


async def queue(api: Api) -> dict[str, Any]:
    """What waits, in order."""
    _, found = await api.ask("GET", "/v1/queue")
    return {"paused": found["paused"], "ids": [job["id"] for job in found["queued"]]}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weft.server.store.writer._RETRY_AFTER", 0.01)


async def test_refused_steps_leave_the_queue_as_it_was(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        ids = [(await api.submit(FLOAT, **OUT))["id"] for _ in range(4)]
        await workers.last.given(1)
        before = await queue(api)
        waiting = before["ids"][-3:]
        assert waiting == ids[1:]
        with failing_database(AWAY):
            for method, path, more in (
                ("POST", "/v1/queue/pause", {}),
                ("POST", f"/v1/jobs/{waiting[0]}/cancel", {}),
                ("POST", f"/v1/jobs/{waiting[2]}/move", {"json": {"to": "front"}}),
                ("POST", f"/v1/jobs/{waiting[2]}/move", {"json": {"before": waiting[0]}}),
                ("POST", "/v1/queue/clear", {}),
            ):
                status, answer = await api.ask(method, path, **more)
                assert status == 503, (path, answer)
                assert await queue(api) == before, path
        workers.last.begin(ids[0])
        workers.last.end(ids[0])
        assert (await workers.last.given(2))[1] == ids[1]


async def test_refused_retry_can_be_asked_for_again(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = (await api.submit(FLOAT, **OUT))["id"]
        await workers.last.given(1)
        workers.last.begin(job)
        workers.last.end(job, "failed")
        await api.until(job, "failed")
        with failing_database(AWAY):
            assert (await api.ask("POST", f"/v1/jobs/{job}/retry"))[0] == 503
        assert (await api.ask("POST", f"/v1/jobs/{job}/retry"))[0] == 200
        assert (await workers.last.given(2))[1] == job


async def test_refused_resume_leaves_the_queue_paused(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        assert (await api.ask("POST", "/v1/queue/pause"))[0] < 300
        with failing_database(AWAY):
            assert (await api.ask("POST", "/v1/queue/resume"))[0] == 503
            assert (await queue(api))["paused"] is True
