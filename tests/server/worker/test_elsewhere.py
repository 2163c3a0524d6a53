"""Workers of another kind behind the same interface: see decision 0023."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.running import Api, serving
from tests.server.worker.elsewhere import machines


def workflow(folder: Path) -> dict[str, object]:
    """Something worth keeping, then something that waits, then a file."""
    return {
        "nodes": {
            "n": {"type": "Float", "inputs": {"value": 1.0}},
            "slow": {
                "type": "Slow",
                "inputs": {"a": {"link": "n.value"}, "log": str(folder / "log")},
            },
            "wait": {"type": "Wait", "inputs": {"file": str(folder / "go")}},
            "save": {"type": "Save", "inputs": {"value": {"link": "slow.value"}}},
        }
    }


async def until_slow_is_done(api: Api, job: str) -> None:
    def done(event: dict[str, object]) -> bool:
        nodes = event.get("nodes")
        return isinstance(nodes, dict) and "slow" in str(nodes) and "done" in str(nodes)

    await api.event(done, job=job)


async def test_files_of_a_far_worker_are_there_when_they_are_told(tmp_path: Path) -> None:
    made, make = machines(tmp_path)
    (tmp_path / "go").touch()
    async with serving(tmp_path, make) as api:
        job = (await api.submit(workflow(tmp_path)))["id"]
        detail = await api.until(job, "done", "failed")
        assert detail["state"] == "done", detail
        (artifact,) = detail["artifacts"]
        async with api.client.get(f"/v1/files/output/{artifact['file']}") as answer:
            assert await answer.read() == b"2.0"
    assert len(made[0].moved) == 1


@pytest.mark.parametrize("shared", [True, False])
async def test_job_of_a_machine_that_is_gone_goes_on_elsewhere(
    tmp_path: Path, shared: bool
) -> None:
    made, make = machines(tmp_path, shared=shared)
    async with serving(tmp_path, make) as api:
        job = (await api.submit(workflow(tmp_path)))["id"]
        await until_slow_is_done(api, job)
        made[0].kill()
        (tmp_path / "go").touch()
        detail = await api.until(job, "done", "failed")
        assert (detail["state"], detail["attempt"]) == ("done", 2)
        assert (tmp_path / "out" / detail["artifacts"][0]["file"]).read_text() == "2.0"
    # Nothing of the job was on the machine that is gone alone, if values are shared by digest.
    assert (tmp_path / "log").read_text().count("ran") == (1 if shared else 2)
    assert len(made) == 2
