"""Jobs that ran whenever the server died."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, serving


async def left_running(folder: Path, *, attempt: int, crashes: int = 0) -> str:
    """A job as a server leaves it that is killed while the job runs; its id."""
    async with serving(folder, FakeWorkers()) as api:
        await api.ask("POST", "/v1/queue/pause")
        job = str((await api.submit(FLOAT, outputs=["n.value"]))["id"])
        await api.ask("POST", "/v1/queue/resume")
    with sqlite3.connect(folder / "data" / "weft.sqlite") as database:
        database.execute(
            "UPDATE jobs SET state = 'running', started = 1.0, attempt = ?, crashes = ?",
            (attempt, crashes),
        )
    database.close()
    return job


async def test_job_that_ran_at_ten_ends_of_the_server_is_lost_with_time_and_reason(
    tmp_path: Path,
) -> None:
    job = await left_running(tmp_path, attempt=10)
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        detail = await api.get(job)
        assert (detail["state"], detail["attempt"]) == ("lost", 10)
        assert detail["reason"] == "the server ended 10 times while it was running"
        assert detail["finished"]
        assert (await api.ask("GET", "/v1/queue"))[1]["waiting"] == 0
        _, page = await api.ask("GET", "/v1/jobs?state=lost")
        assert [each["id"] for each in page["jobs"]] == [job]
        events = await api.event(lambda e: e["type"] == "snapshot")
        assert [each["state"] for each in events["recent"]] == ["lost"]
        status, entries = await api.ask("GET", f"/history/{job}")
        assert status == 200
        assert entries[job]["status"]["status_str"] == "error"
        assert workers.last.told == []


@pytest.mark.parametrize(("attempt", "crashes"), [(9, 0), (10, 1)])
async def test_job_that_ran_at_fewer_ends_goes_on(
    tmp_path: Path, attempt: int, crashes: int
) -> None:
    job = await left_running(tmp_path, attempt=attempt, crashes=crashes)
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        assert await workers.last.given(1) == [job]
        detail = await api.get(job)
        assert detail["state"] == "queued"
        assert detail["reason"] == "resumed after a restart of the server"


async def test_lost_job_that_is_asked_for_again_runs(tmp_path: Path) -> None:
    job = await left_running(tmp_path, attempt=10)
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        status, again = await api.ask("POST", f"/v1/jobs/{job}/retry")
        assert (status, again["state"]) == (200, "queued")
        assert await workers.last.given(1) == [job]
        workers.last.begin(job)
        workers.last.end(job)
        assert (await api.until(job, "done"))["attempt"] == 11
