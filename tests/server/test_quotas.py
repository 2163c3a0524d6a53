"""Nobody can take everything: jobs that wait, uploads, bytes of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, serving
from weft.server.api.errors import ApiError
from weft.server.files.allowance import Allowance
from weft.server.settings import Limits

OUT = {"outputs": ["n.value"]}


async def test_jobs_of_one_person_beyond_their_share_are_refused(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers, workers=0, limits=Limits(queued_each=2)) as api:
        for _ in range(2):
            await api.submit(FLOAT, **OUT)
        asked = {"workflow": FLOAT, **OUT}
        async with api.client.post("/v1/jobs", json=asked) as answer:
            error = (await answer.json())["error"]
            assert (answer.status, error["code"]) == (429, "jobs.quota")
            assert answer.headers["Retry-After"]
            assert error["hint"]
        waiting = (await api.ask("GET", "/v1/jobs"))[1]["jobs"]
        assert len(waiting) == 2
        await api.ask("POST", f"/v1/jobs/{waiting[0]['id']}/cancel")
        await api.submit(FLOAT, **OUT)


async def test_upload_beyond_the_day_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers(), limits=Limits(uploads_a_day=1000)) as api:
        status, _ = await api.ask("PUT", "/v1/files/input/a.bin", data=b"x" * 800)
        assert status == 200
        status, answer = await api.ask("PUT", "/v1/files/input/b.bin", data=b"x" * 300)
        assert (status, answer["error"]["code"]) == (429, "files.quota")
        status, _ = await api.ask("PUT", "/v1/files/input/c.bin", data=b"x" * 200)
        assert status == 200
    found = [p.name for p in (tmp_path / "data" / "input").rglob("*") if p.is_file()]
    assert sorted(found) == ["a.bin", "c.bin"]


def test_allowance_comes_back_after_a_day() -> None:
    now = 0.0
    allowance = Allowance(100, lambda: now)
    allowance.spend("ann", 60)
    now = 10 * 3600.0
    allowance.spend("ann", 40)
    allowance.spend("bob", 100)
    with pytest.raises(ApiError) as caught:
        allowance.spend("ann", 1)
    assert caught.value.headers["Retry-After"] == str(14 * 3600 + 1)
    now = 24 * 3600.0
    allowance.spend("ann", 60)
    with pytest.raises(ApiError):
        allowance.spend("ann", 1)


def small(name: str) -> dict[str, Any]:
    """A workflow of about 300 bytes."""
    return {"name": name, "document": {**FLOAT, "description": "x" * 240}}


async def test_library_beyond_its_bytes_is_refused_and_keeps_what_is_there(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers(), limits=Limits(library_bytes=400)) as api:
        status, made = await api.ask("POST", "/v1/workflows", json={"name": "a", "document": FLOAT})
        assert status == 201, made
        path = f"/v1/workflows/{made['id']}/revisions"
        large: dict[str, Any] = {**FLOAT, "description": "x" * 400}
        status, answer = await api.ask("POST", path, json={"document": large, "base": 1})
        assert (status, answer["error"]["code"]) == (429, "workflows.quota")
        again = {"name": "b", "document": large}
        assert (await api.ask("POST", "/v1/workflows", json=again))[0] == 429
        changed = {"nodes": {"n": {"type": "Float", "inputs": {"value": 9.5}}}}
        status, answer = await api.ask("POST", path, json={"document": changed, "base": 1})
        assert status in (200, 201), answer
        path = f"/v1/workflows/{made['id']}"
        status, answer = await api.ask("DELETE", f"{path}?forever=true")
        assert (status, answer["error"]["code"]) == (409, "workflows.not_deleted")
        assert (await api.ask("DELETE", path))[0] == 204
        assert (await api.ask("POST", "/v1/workflows", json=small("c")))[0] == 429  # until then
        assert (await api.ask("DELETE", f"{path}?forever=true"))[0] == 204
        assert (await api.ask("GET", path))[0] == 404
        assert (await api.ask("POST", "/v1/workflows", json=small("c")))[0] == 201
