"""The same server on PostgreSQL. Wants the URL of a database to use, in WEFT_TEST_POSTGRESQL."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, serving

URL = os.environ.get("WEFT_TEST_POSTGRESQL", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not URL, reason="WEFT_TEST_POSTGRESQL names no database"),
]


async def own_database() -> SecretStr:
    """An empty database beside the named one."""
    import asyncpg

    url = make_url(URL)
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    name = f"weft_test_{os.getpid()}"
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return SecretStr(url.set(database=name).render_as_string(hide_password=False))


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
