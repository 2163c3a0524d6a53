"""The same server on PostgreSQL; see `databases`."""

from __future__ import annotations

from pathlib import Path

from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, serving
from tests.server.store.databases import own_database, with_postgresql

pytestmark = with_postgresql


async def test_jobs_live_through_a_restart_on_postgresql(tmp_path: Path) -> None:
    database = await own_database()
    body = {"workflow": FLOAT, "outputs": ["n.value"], "idempotency_key": "k"}
    workers = FakeWorkers()
    async with serving(tmp_path, workers, database=database) as api:
        _, job = await api.ask("POST", "/v1/jobs", json=body)
        await workers.last.given(1)
        workers.last.begin(job["id"])
        workers.last.end(job["id"], results={"n.value": 2.5})
        assert (await api.until(job["id"], "done"))["results"] == {"n.value": 2.5}
        assert (await api.ask("POST", "/v1/jobs", json=body))[0] == 200
        for _ in range(2):
            await api.ask("POST", "/v1/queue/pause")
        waiting = await api.submit(FLOAT, outputs=["n.value"])
    again = FakeWorkers()
    async with serving(tmp_path, again, database=database) as api:
        assert (await api.ask("GET", "/v1/queue"))[1]["waiting"] == 1
        await api.ask("POST", "/v1/queue/resume")
        assert await again.last.given(1) == [waiting["id"]]
        assert (await api.ask("DELETE", f"/v1/jobs/{job['id']}"))[0] == 204


async def test_batch_is_kept_whole_or_refused_whole_on_postgresql(tmp_path: Path) -> None:
    database = await own_database()
    one = {"workflow": FLOAT, "outputs": ["n.value"], "title": "a\0b"}

    def keyed(*keys: str) -> dict[str, object]:
        return {"jobs": [{**one, "idempotency_key": key} for key in keys]}

    async with serving(tmp_path, FakeWorkers(), database=database) as api:
        await api.ask("POST", "/v1/queue/pause")
        status, first = await api.ask("POST", "/v1/jobs/batch", json=keyed("a", "b"))
        assert status == 201
        status, second = await api.ask("POST", "/v1/jobs/batch", json=keyed("b", "c"))
        assert status == 201
        assert second["jobs"][0]["id"] == first["jobs"][1]["id"]
        bad = {"jobs": [one, {"workflow": {"nodes": {"x": {"type": "Flaot"}}}}]}
        assert (await api.ask("POST", "/v1/jobs/batch", json=bad))[0] == 422
        assert (await api.ask("GET", "/v1/queue"))[1]["waiting"] == 3


async def test_workflow_library_works_on_postgresql(tmp_path: Path) -> None:
    database = await own_database()
    async with serving(tmp_path, FakeWorkers(), database=database) as api:
        body = {"name": "One", "document": {**FLOAT, "weft": 1}, "tags": ["small"]}
        status, made = await api.ask("POST", "/v1/workflows", json=body)
        assert status == 201, made
    async with serving(tmp_path, FakeWorkers(), database=database) as api:
        status, page = await api.ask("GET", "/v1/workflows?search=one&tag=small")
        assert status == 200, page
        assert [each["name"] for each in page["workflows"]] == ["One"]
