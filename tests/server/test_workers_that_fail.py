"""What becomes of jobs when workers die, hang or are asked to stop; the test is the worker."""

from __future__ import annotations

from pathlib import Path

from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, serving
from weft.server.worker.messages import Nodes, NodeStateMessage, Working

OUT = {"outputs": ["n.value"]}


async def test_job_whose_worker_dies_is_started_again_by_a_new_one(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = (await api.submit(FLOAT, **OUT))["id"]
        await workers.last.given(1)
        workers.last.begin(job)
        workers.last.die("its process was ended by SIGKILL")
        again = await api.until(job, "queued")
        assert "SIGKILL" in again["reason"]
        assert len(workers.made) == 2
        assert await workers.last.given(1) == [job]
        workers.last.begin(job)
        workers.last.end(job)
        assert (await api.until(job, "done"))["attempt"] == 2


async def test_job_that_kills_its_worker_twice_fails_and_others_run(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        bad = (await api.submit(FLOAT, **OUT))["id"]
        good = (await api.submit(FLOAT, **OUT))["id"]
        for attempt in range(2):
            assert await workers.made[attempt].given(1) == [bad]
            workers.made[attempt].begin(bad)
            workers.made[attempt].die()
            await api.until(bad, "queued", "failed")
        detail = await api.until(bad, "failed")
        assert detail["error"]["code"] == "worker.lost"
        assert await workers.last.given(1) == [good]


async def test_nodes_that_were_at_work_when_a_job_ended_are_not_kept_as_running(
    tmp_path: Path,
) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = (await api.submit(FLOAT, **OUT))["id"]
        for attempt in range(2):
            worker = workers.made[attempt]
            await worker.given(1)
            worker.begin(job)
            worker.say(Working(job, "n"))
            worker.say(Nodes(job, {"n": NodeStateMessage("running", None, None, None, None)}))
            worker.die()
            await api.until(job, "queued", "failed")
        detail = await api.until(job, "failed")
        assert detail["error"]["node"] == "n"
        assert {n: report["state"] for n, report in detail["node_states"].items()} == {
            "n": "failed"
        }


async def test_worker_that_dies_before_a_job_begins_is_counted_against_it(tmp_path: Path) -> None:
    # Else a job that kills its worker at once would be started for ever.
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = (await api.submit(FLOAT, **OUT))["id"]
        for attempt in range(2):
            await workers.made[attempt].given(1)
            workers.made[attempt].die()
            while len(workers.made) == attempt + 1:
                await api.ask("GET", "/v1/health")
        assert (await api.until(job, "failed"))["error"]["code"] == "worker.lost"


async def test_running_job_is_asked_to_stop_and_stops(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = (await api.submit(FLOAT, **OUT))["id"]
        await workers.last.given(1)
        workers.last.begin(job)
        await api.until(job, "running")
        await api.ask("POST", f"/v1/jobs/{job}/cancel")
        assert workers.last.cancels == [job]
        assert (await api.until(job, "cancelled"))["reason"] == "cancelled while it was running"
        assert len(workers.made) == 1


async def test_job_that_does_not_stop_takes_its_worker_down_and_no_other_job(
    tmp_path: Path,
) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers, cancel_grace=0.0) as api:
        first = workers.last
        first.obedient = False
        job = (await api.submit(FLOAT, **OUT))["id"]
        other = (await api.submit(FLOAT, **OUT))["id"]
        await first.given(1)
        first.begin(job)
        await api.ask("POST", f"/v1/jobs/{job}/cancel")
        detail = await api.until(job, "cancelled")
        assert first.killed
        assert detail["reason"] == "cancelled by ending its worker"
        assert await workers.last.given(1) == [other]
        assert workers.last is not first


async def test_jobs_given_ahead_go_back_to_the_queue_in_their_order(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        first = (await api.submit(FLOAT, **OUT))["id"]
        await workers.last.given(1)
        workers.last.begin(first)
        workers.last.end(first, seconds=0.001)  # so short that more are given ahead
        await api.until(first, "done")
        ids = [(await api.submit(FLOAT, **OUT))["id"] for _ in range(3)]
        assert (await workers.last.given(4))[1:] == ids
        workers.last.begin(ids[0])
        workers.last.die()
        while len(workers.made) == 1:
            await api.ask("GET", "/v1/health")
        assert await workers.last.given(1) == [ids[0]]
        _, queue = await api.ask("GET", "/v1/queue")
        assert [job["id"] for job in queue["queued"]] == ids


async def test_stopping_server_puts_its_running_job_back(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = (await api.submit(FLOAT, **OUT))["id"]
        await workers.last.given(1)
        workers.last.begin(job)
        await api.until(job, "running")
    assert workers.last.cancels == [job]
    async with serving(tmp_path, FakeWorkers()) as api:
        assert (await api.get(job))["reason"] == "the server stopped while it was running"


async def test_health_tells_why_a_worker_ended_until_the_next_is_ready(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        assert (await api.ask("GET", "/v1/health"))[1]["workers"] == 1
        workers.last.die("it is tired")
        _, health = await api.ask("GET", "/v1/health")
        while health["workers"] == 0:
            assert health["trouble"] == ["a worker ended: it is tired"]
            _, health = await api.ask("GET", "/v1/health")
        assert health == {"status": "ok", "workers": 1, "trouble": []}


async def test_worker_with_the_models_loaded_is_preferred(tmp_path: Path) -> None:
    for name in ("a", "b"):
        folder = tmp_path / "models" / "checkpoints"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.safetensors").touch()

    def using(name: str) -> dict[str, object]:
        return {"nodes": {"m": {"type": "Model", "inputs": {"name": f"{name}.safetensors"}}}}

    workers = FakeWorkers()
    options = {"workers": 2, "models": (tmp_path / "models",)}
    async with serving(tmp_path, workers, **options) as api:
        one, two = workers.made
        first_a = (await api.submit(using("a")))["id"]
        first_b = (await api.submit(using("b")))["id"]
        holders = {(await w.given(1))[0]: w for w in (one, two)}
        next_b = (await api.submit(using("b")))["id"]
        next_a = (await api.submit(using("a")))["id"]
        for job, worker in holders.items():
            worker.begin(job)
        holders[first_a].end(first_a)
        assert (await holders[first_a].given(2))[1] == next_a
        holders[first_b].end(first_b)
        assert (await holders[first_b].given(2))[1] == next_b


async def test_worker_without_signs_of_life_is_ended_and_its_job_fails_with_words(
    tmp_path: Path,
) -> None:
    workers = FakeWorkers()  # they never say `Alive`
    async with serving(tmp_path, workers, worker_silence=0.5, attempts=1) as api:
        first = workers.last
        job = (await api.submit(FLOAT, **OUT))["id"]
        await first.given(1)
        first.begin(job)
        detail = await api.until(job, "failed")
        assert first.killed
        assert "did not respond for 0.5 seconds" in detail["error"]["message"]


async def test_question_that_a_worker_leaves_open_is_503(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers, worker_answer=0.1) as api:
        workers.last.is_mute = True
        status, answer = await api.ask("GET", "/v1/cache")
        assert (status, answer["error"]["code"]) == (503, "worker.none")
        assert "within 0.1 seconds" in answer["error"]["message"]
        _, answer = await api.ask("GET", "/v1/cache")  # it is not waited for a second time
        assert "it does not respond" in answer["error"]["message"]
