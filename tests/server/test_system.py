"""Health, numbers, and the page that describes the API."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, serving


async def test_metrics_count_jobs_and_workers(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        done = (await api.submit(FLOAT, outputs=["n.value"]))["id"]
        await workers.last.given(1)
        workers.last.begin(done)
        workers.last.end(done)
        await api.until(done, "done")
        await api.ask("POST", "/v1/queue/pause")
        await api.submit(FLOAT, outputs=["n.value"])
        async with api.client.get("/metrics") as answer:
            families = {f.name: f for f in text_string_to_metric_families(await answer.text())}
        states = {s.labels["state"]: s.value for s in families["weft_jobs"].samples}
        assert (states["done"], states["queued"], states["failed"]) == (1, 1, 0)
        assert families["weft_workers_ready"].samples[0].value == 1
        assert families["weft_jobs_run"].samples[0].value == 1
        assert families["weft_queue_paused"].samples[0].value == 1
        ran = {(s.name, *s.labels.values()): s.value for s in families["weft_job_seconds"].samples}
        assert ran["weft_job_seconds_count", "done"] == 1
        waited = {s.name: s.value for s in families["weft_job_wait_seconds"].samples}
        assert waited["weft_job_wait_seconds_count"] == 1
        answers = {s.labels["status"]: s.value for s in families["weft_http_answers"].samples}
        assert answers["2xx"] >= 3
        assert answers["5xx"] == 0


async def test_system_tells_workers_and_jobs(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers, workers=2) as api:
        job = (await api.submit(FLOAT, outputs=["n.value"]))["id"]
        workers.made[0].begin(job)
        await api.until(job, "running")
        _, system = await api.ask("GET", "/v1/system")
        assert [w.get("job") for w in system["workers"]] == [job, None]
        assert system["jobs"] == {"running": 1}


async def test_question_is_answered_503_when_no_worker_is_there(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers(), workers=0) as api:
        status, answer = await api.ask("GET", "/v1/cache")
        assert (status, answer["error"]["code"]) == (503, "worker.none")


async def test_page_describes_every_operation_without_scripts(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        async with api.client.get("/v1/docs") as answer:
            assert answer.content_type == "text/html"
            page = await answer.text()
        _, document = await api.ask("GET", "/v1/openapi.json")
        assert document["openapi"] == "3.1.0"
        for path in document["paths"]:
            assert path in page
        assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r' id="([^"]+)"', page))
        assert "<script" not in page
        assert "http://" not in page
        assert "https://" not in page
