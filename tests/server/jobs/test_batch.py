"""Several jobs in one request: stored together, all or none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, Api, serving
from weft.server.api.jobs import MAX_BATCH
from weft.server.keys import JOBS
from weft.server.settings import Limits


def one(value: float = 2.5, **more: Any) -> dict[str, Any]:
    return {"workflow": FLOAT, "set": {"n.value": value}, "outputs": ["n.value"], **more}


async def send(api: Api, *jobs: Any) -> tuple[int, Any]:
    return await api.ask("POST", "/v1/jobs/batch", json={"jobs": list(jobs)})


async def stored(api: Api) -> list[dict[str, Any]]:
    _, page = await api.ask("GET", "/v1/jobs")
    found: list[dict[str, Any]] = page["jobs"]
    return found


async def test_batch_is_accepted_in_its_order_and_with_one_commit(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        await api.ask("POST", "/v1/queue/pause")
        assert api.client.app is not None
        writer = api.client.app[JOBS]._ledger._writer
        before = writer.commits
        status, answer = await send(api, *(one(number) for number in range(50)))
        assert status == 201
        assert writer.commits == before + 1
        ids = [job["id"] for job in answer["jobs"]]
        _, queue = await api.ask("GET", "/v1/queue")
        assert [job["id"] for job in queue["queued"]] == ids
        assert (await api.get(ids[7]))["set"] == {"n.value": 7}


async def test_batch_with_faults_names_every_one_and_stores_nothing(tmp_path: Path) -> None:
    bad = {"workflow": {"nodes": {"x": {"type": "Flaot"}}}}
    odd = {"workflow": {"weft": 99}}
    async with serving(tmp_path, FakeWorkers()) as api:
        status, answer = await send(api, one(), bad, one(), odd)
        assert status == 422
        found = [(p["message"].partition(":")[0], p["code"]) for p in answer["problems"]]
        assert found == [("Job 1", "graph.unknown_type"), ("Job 3", "document.version")]
        assert await stored(api) == []


async def test_second_job_with_a_key_gives_the_first_one_again(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        a, b = one(1, idempotency_key="a"), one(2, idempotency_key="b")
        status, answer = await send(api, a, b, a)
        assert status == 201
        first, second, third = (job["id"] for job in answer["jobs"])
        assert first == third != second
        status, answer = await send(api, b, one(3), a)
        assert status == 201
        ids = [job["id"] for job in answer["jobs"]]
        assert (ids[0], ids[2]) == (second, first)
        status, answer = await send(api, a, b)
        assert (status, [job["id"] for job in answer["jobs"]]) == (200, [first, second])
        assert len(await stored(api)) == 3


async def test_key_of_another_job_refuses_the_whole_batch(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        for jobs in (
            [one(1, idempotency_key="a"), one(2, idempotency_key="a")],
            [one(3), one(4, idempotency_key="b"), one(5, idempotency_key="b")],
        ):
            status, answer = await send(api, *jobs)
            assert (status, answer["error"]["code"]) == (409, "jobs.key_reused")
        assert await stored(api) == []


async def test_same_batch_at_the_same_time_makes_its_jobs_once(tmp_path: Path) -> None:
    jobs = [one(number, idempotency_key=str(number)) for number in range(5)]
    async with serving(tmp_path, FakeWorkers()) as api:
        answers = await asyncio.gather(*(send(api, *jobs) for _ in range(8)))
        assert sorted(status for status, _ in answers) == [200] * 7 + [201]
        assert len({tuple(job["id"] for job in answer["jobs"]) for _, answer in answers}) == 1
        assert len(await stored(api)) == 5


async def test_batch_that_does_not_fit_into_the_queue_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers(), limits=Limits(queued=4)) as api:
        await api.ask("POST", "/v1/queue/pause")
        status, answer = await send(api, *[one()] * 5)
        assert (status, answer["error"]["code"]) == (429, "jobs.queue_full")
        assert (await send(api, *[one()] * 4))[0] == 201
        assert len(await stored(api)) == 4


async def test_empty_and_too_large_batches_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        for jobs in ([], [one()] * (MAX_BATCH + 1)):
            assert (await send(api, *jobs))[0] == 422
        assert await stored(api) == []
