"""A job does no more than was accepted: refused when it says so, stopped when it lies."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.server.fake import FakeWorkers
from tests.server.running import serving
from weft.engine.share.landlock import version
from weft.server.worker.messages import Task

ALL = ["reads", "writes", "network", "packs"]


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of its own; temporary files, which are always allowed, lie elsewhere."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "home"))


def one(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"nodes": {"n": {"type": kind, "inputs": inputs}}}


async def test_job_that_would_do_more_than_accepted_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        asked = {"workflow": one("Save", value=1.0), "accepts": ["reads"]}
        status, answer = await api.ask("POST", "/v1/jobs", json=asked)
        assert status == 422
        found = {(p["code"], p["got"], p.get("node")) for p in answer["problems"]}
        assert found == {
            ("share.not_accepted", "writes", "n"),
            ("share.not_accepted", "packs", None),
        }
        asked["accepts"] = ["everything"]
        assert (await api.ask("POST", "/v1/jobs", json=asked))[0] == 422
        assert (await api.ask("GET", "/v1/jobs"))[1]["jobs"] == []


async def test_what_was_accepted_is_kept_with_the_job(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = await api.submit(one("Save", value=1.0), accepts=["writes", "packs"])
        await workers.last.given(1)
        assert (await api.get(job["id"]))["accepts"] == ["packs", "writes"]
        tasks = [t for t in workers.last.told if isinstance(t, Task)]
        assert tasks[0].accepts == ["packs", "writes"]
        await workers.last.given(1)
        workers.last.begin(job["id"])
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:  # from the database, after a restart
        await workers.last.given(1)
        tasks = [t for t in workers.last.told if isinstance(t, Task)]
        assert tasks[0].accepts == ["packs", "writes"]


async def test_node_that_lies_fails_its_job_and_others_go_on(tmp_path: Path) -> None:
    stolen, secret = tmp_path / "stolen.txt", tmp_path / "secret.txt"
    secret.write_text("password")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        lies = [{"write": str(stolen)}, {"read": str(secret)}, {"call": listener.getsockname()[1]}]
        async with serving(tmp_path) as api:
            for lie in lies:
                job = await api.submit(one("Liar", **lie), accepts=["packs", "reads", "writes"])
                detail = await api.until(job["id"], "failed", "done")
                assert detail["state"] == "failed", lie
                assert "no permission" in detail["problems"][0]["message"]
            job = await api.submit(one("Save", value=1.0), accepts=["packs", "writes"])
            assert (await api.until(job["id"], "done"))["artifacts"]
            job = await api.submit(one("Liar", write=str(stolen)))  # one's own is held to nothing
            assert (await api.until(job["id"], "failed", "done"))["state"] == "done"
    assert stolen.read_text() == "stolen"


async def test_writing_that_was_not_accepted_fails_even_below_the_output_folder(
    tmp_path: Path,
) -> None:
    (tmp_path / "out").mkdir()
    async with serving(tmp_path) as api:
        lie = one("Liar", write=str(tmp_path / "out" / "x"))
        job = await api.submit(lie, accepts=["packs"])
        assert (await api.until(job["id"], "failed", "done"))["state"] == "failed"
    assert not (tmp_path / "out" / "x").exists()


@pytest.mark.skipif(not version(), reason="this system has no Landlock")
async def test_native_code_of_a_node_is_held_in_the_worker_and_later_jobs_are_not(
    tmp_path: Path,
) -> None:
    stolen = tmp_path / "stolen.db"
    async with serving(tmp_path) as api:
        lie = one("Liar", database=str(stolen))
        job = await api.submit(lie, accepts=["packs", "reads", "writes"])
        assert (await api.until(job["id"], "failed", "done"))["state"] == "failed"
        assert not stolen.exists()
        job = await api.submit(lie)  # one's own
        assert (await api.until(job["id"], "failed", "done"))["state"] == "done"
    assert stolen.exists()
