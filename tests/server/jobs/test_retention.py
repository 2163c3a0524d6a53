"""Finished jobs are forgotten when there are too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, Api, serving
from weft.server.jobs import retention
from weft.server.settings import Limits


async def finish(api: Api, workers: FakeWorkers, number: int) -> str:
    job = str((await api.submit(FLOAT, outputs=["n.value"]))["id"])
    await workers.last.given(number)
    workers.last.begin(job)
    workers.last.end(job)
    await api.until(job, "done")
    return job


async def test_oldest_finished_jobs_are_forgotten_and_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_EVERY", 0)
    workers = FakeWorkers()
    async with serving(tmp_path, workers, limits=Limits(keep_jobs=3)) as api:
        jobs = [await finish(api, workers, number) for number in range(1, 7)]
        await api.event(lambda e: e["type"] == "deleted" and e["job"] == jobs[2], after="1")
        _, page = await api.ask("GET", "/v1/jobs")
        assert [job["id"] for job in page["jobs"]] == jobs[:2:-1]
        assert (await api.ask("GET", f"/v1/jobs/{jobs[0]}"))[0] == 404


async def test_waiting_jobs_are_never_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_EVERY", 0)
    workers = FakeWorkers()
    async with serving(tmp_path, workers, limits=Limits(keep_jobs=1)) as api:
        first = await finish(api, workers, 1)
        second = await finish(api, workers, 2)
        waiting = [str((await api.submit(FLOAT, outputs=["n.value"]))["id"]) for _ in range(4)]
        third = waiting[0]
        workers.last.begin(third)
        workers.last.end(third)
        await api.event(lambda e: e["type"] == "deleted" and e["job"] == second, after="1")
        _, page = await api.ask("GET", "/v1/jobs")
        known = [job["id"] for job in page["jobs"]]
        assert known == waiting[::-1]
        assert first not in known
