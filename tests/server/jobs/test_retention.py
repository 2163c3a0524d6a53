"""Finished jobs are forgotten when there are too many."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, Api, serving
from weft.server.jobs import retention
from weft.server.jobs.retention import Retention
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


class Stored:
    """Jobs that are over, by owner, the oldest first."""

    def __init__(self, **owned: int) -> None:
        self.jobs = {owner: list(range(count)) for owner, count in owned.items()}

    async def count_over(self) -> dict[str, int]:
        return {owner: len(jobs) for owner, jobs in self.jobs.items() if jobs}

    async def oldest_over(self, owner: str, limit: int) -> list[Any]:
        return [SimpleNamespace(id=f"{owner}{n}", owner=owner) for n in self.jobs[owner][:limit]]

    async def forget(self, records: list[Any]) -> None:
        for record in records:
            self.jobs[record.owner].remove(int(record.id.removeprefix(record.owner)))


async def test_jobs_of_one_owner_never_push_out_those_of_another() -> None:
    """Each keeps the newest of their own, whoever runs how many."""
    stored: Any = Stored(busy=12_000, quiet=5, other=301)
    kept = Retention(stored, stored, {}, 300)
    kept.ended("busy")
    assert kept._task is not None
    await kept._task
    assert stored.jobs["quiet"] == list(range(5))
    assert stored.jobs["busy"] == list(range(11_700, 12_000))
    assert stored.jobs["other"] == list(range(1, 301))


async def test_owner_with_room_is_not_looked_at_again_before_it_is_used_up() -> None:
    stored: Any = Stored(one=250)
    kept = Retention(stored, stored, {}, 300)
    kept.ended("one")
    first = kept._task
    assert first is not None
    await first
    for _ in range(150):  # 50 up to 300, and 100 more between two looks
        kept.ended("one")
        assert kept._task is first
    kept.ended("one")
    assert kept._task is not None
    assert kept._task is not first
    await kept._task
