"""What is stored and told of jobs that are quick, and of those that are not."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from tests.server.comfy.talk import chain, submit, until_end
from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, serving
from weft.server.worker.messages import Nodes, NodeStateMessage


def stored(folder: Path) -> list[str]:
    """The events that were stored, in order: states of jobs, and types of the others."""
    with sqlite3.connect(folder / "data" / "weft.sqlite") as database:
        rows = database.execute("SELECT body FROM events ORDER BY id").fetchall()
    database.close()
    events = [json.loads(body) for (body,) in rows]
    return [e["job"]["state"] if e["type"] == "job" else e["type"] for e in events]


async def test_quick_job_is_told_as_done_without_running(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = str((await api.submit(FLOAT, outputs=["n.value"]))["id"])
        await workers.last.given(1)
        workers.last.begin(job)
        workers.last.say(Nodes(job, {"n": NodeStateMessage("done", 0.1, None, None, None)}))
        workers.last.end(job)
        detail = await api.until(job, "done")
    assert stored(tmp_path) == ["queued", "nodes", "done"]
    assert detail["attempt"] == 1
    assert detail["started"] <= detail["finished"]
    assert detail["node_states"]["n"]["state"] == "done"


async def test_job_that_takes_its_time_is_told_as_running_first(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = str((await api.submit(FLOAT, outputs=["n.value"]))["id"])
        await workers.last.given(1)
        workers.last.begin(job)
        assert (await api.until(job, "running"))["started"] is not None
        workers.last.end(job)
        await api.until(job, "done")
    assert stored(tmp_path) == ["queued", "running", "done"]


async def test_quick_prompt_is_told_from_its_start_to_its_end(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with (
        serving(tmp_path, workers) as api,
        api.client.ws_connect("/ws?clientId=me") as socket,
    ):
        prompt_id = await submit(api.client, chain(1), client_id="me")
        await workers.last.given(1)
        workers.last.begin(prompt_id)
        states: dict[str, NodeStateMessage] = {
            "0": NodeStateMessage("done", 0.1, None, None, None),
            "end": NodeStateMessage("done", 0.1, None, None, None),
        }
        workers.last.say(Nodes(prompt_id, states))
        workers.last.end(prompt_id)
        heard = await until_end(socket, prompt_id)
    assert stored(tmp_path) == ["queued", "nodes", "done"]
    assert [kind for kind, _ in heard if kind != "progress_state"] == [
        "execution_start",
        "execution_cached",
        *("executing", "executing"),
        "execution_success",
        "executing",
    ]
    times = [data["timestamp"] for kind, data in heard if kind.startswith("execution_s")]
    assert times == sorted(times)


async def test_prompt_begun_again_after_a_crash_is_told_from_its_start(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with (
        serving(tmp_path, workers) as api,
        api.client.ws_connect("/ws?clientId=me") as socket,
    ):
        prompt_id = await submit(api.client, chain(1), client_id="me")
        await workers.last.given(1)
        workers.last.begin(prompt_id)
        await api.until(prompt_id, "running")
        workers.last.die()
        await api.until(prompt_id, "queued")
        await workers.last.given(1)
        workers.last.begin(prompt_id)
        workers.last.say(Nodes(prompt_id, {"0": NodeStateMessage("done", 0.1, None, None, None)}))
        workers.last.end(prompt_id)
        heard = await until_end(socket, prompt_id)
    kinds = [kind for kind, _ in heard]
    assert kinds.count("execution_start") == 2
    assert (
        kinds.index("execution_success")
        > kinds.index("executing")
        > kinds.index("execution_start", 1)
    )
