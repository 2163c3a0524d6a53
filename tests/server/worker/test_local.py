"""Real worker processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.server.running import serving


async def test_job_runs_and_its_file_and_preview_are_told(tmp_path: Path) -> None:
    nodes = {
        "n": {"type": "Float", "inputs": {"value": 2.5}},
        "s": {"type": "Save", "inputs": {"value": {"link": "n.value"}}},
    }
    async with serving(tmp_path) as api:
        job = (await api.submit({"nodes": nodes}))["id"]
        detail = await api.until(job, "done")
        assert {n: s["state"] for n, s in detail["node_states"].items()} == {
            "n": "done",
            "s": "done",
        }
        (artifact,) = detail["artifacts"]
        assert artifact["file"] == "number_00001.txt"
        assert artifact["bytes"] == 3
        assert (tmp_path / "out" / artifact["file"]).read_text() == "2.5"


async def test_failing_node_is_named_in_the_job(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        job = (await api.submit({"nodes": {"f": {"type": "Fail"}}}))["id"]
        detail = await api.until(job, "failed")
        assert detail["error"]["code"] == "toy.failed"
        assert detail["error"]["node"] == "f"
        assert detail["node_states"]["f"]["state"] == "failed"


async def test_what_nodes_print_does_not_disturb_the_conversation(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        job = (await api.submit({"nodes": {"c": {"type": "Chatty"}}}))["id"]
        assert (await api.until(job, "done"))["ran"] == 1


async def test_worker_killed_by_a_node_is_replaced_and_the_job_done(tmp_path: Path) -> None:
    marker = tmp_path / "tried"
    nodes = {"d": {"type": "Die", "inputs": {"unless": str(marker)}}}
    async with serving(tmp_path) as api:
        job = (await api.submit({"nodes": nodes}))["id"]
        detail = await api.until(job, "done", "failed")
        assert (detail["state"], detail["attempt"]) == ("done", 2)


async def test_node_that_always_kills_its_worker_fails_alone(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        bad = (await api.submit({"nodes": {"d": {"type": "Die"}}}))["id"]
        good = (await api.submit({"nodes": {"c": {"type": "Chatty"}}}))["id"]
        detail = await api.until(bad, "failed")
        error = detail["error"]
        assert error["code"] == "worker.lost"
        assert "SIGKILL" in error["message"]
        assert error["node"] == "d"
        assert detail["node_states"]["d"]["state"] == "failed"
        await api.until(good, "done")


async def test_cancelled_job_stops_at_its_next_look(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        job = (await api.submit({"nodes": {"w": {"type": "Wait"}}}))["id"]
        await api.event(lambda event: event["type"] == "progress", job=job)
        await api.ask("POST", f"/v1/jobs/{job}/cancel")
        detail = await api.until(job, "cancelled")
        assert detail["reason"] == "cancelled while it was running"


async def test_hung_job_is_ended_with_its_worker_after_the_time_of_grace(tmp_path: Path) -> None:
    stubborn = {"nodes": {"w": {"type": "Wait", "inputs": {"stubborn": True}}}}
    async with serving(tmp_path, cancel_grace=0.1) as api:
        job = (await api.submit(stubborn))["id"]
        # Before its node has begun, it would stop of itself.
        await api.event(lambda event: event["type"] == "progress", job=job)
        await api.ask("POST", f"/v1/jobs/{job}/cancel")
        detail = await api.until(job, "cancelled")
        assert detail["reason"] == "cancelled by ending its worker"
        other = (await api.submit({"nodes": {"c": {"type": "Chatty"}}}))["id"]
        await api.until(other, "done")


async def test_worker_killed_from_outside_is_replaced(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        ready = tmp_path / "go"
        nodes = {"w": {"type": "Wait", "inputs": {"file": str(ready)}}}
        job = (await api.submit({"nodes": nodes}))["id"]
        await api.until(job, "running")
        from weft.server.keys import JOBS

        worker = api.client.app[JOBS].dispatcher.slots[0].worker
        os.kill(worker.pid, signal.SIGKILL)  # type: ignore[attr-defined]
        ready.touch()
        assert (await api.until(job, "done"))["attempt"] == 2


async def test_results_are_explained_and_counted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    nodes = {
        "n": {"type": "Float", "inputs": {"value": 1.0}},
        "s": {"type": "Slow", "inputs": {"a": {"link": "n.value"}, "log": str(log)}},
    }
    body = {"workflow": {"nodes": nodes}, "outputs": ["s.value"], "scope": "tab"}
    async with serving(tmp_path) as api:
        job = (await api.submit(**body))["id"]
        await api.until(job, "done")
        _, answer = await api.ask("POST", "/v1/explain", json=body)
        states = {each["node"]: each["state"] for each in answer["nodes"]}
        assert states["s"] == "hit"
        changed = {**body, "set": {"n.value": 2.0}}
        _, answer = await api.ask("POST", "/v1/explain", json=changed)
        (why,) = [each["why"] for each in answer["nodes"] if each["node"] == "s"]
        assert why
        _, stats = await api.ask("GET", "/v1/cache")
        assert stats["memory"]["values"] >= 1
        assert stats["disk"]["actions"] == 1
