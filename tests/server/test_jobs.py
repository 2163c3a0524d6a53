"""Jobs over HTTP, with a worker that the test speaks for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.server.fake import FakeWorkers
from tests.server.running import FLOAT, serving
from weft.server.keys import JOBS
from weft.server.worker.messages import Wrote

OUT = {"outputs": ["n.value"]}


async def test_accepted_job_is_queued_and_given_to_the_worker(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = await api.submit(FLOAT, **OUT, title="One number")
        assert job["state"] == "queued"
        assert job["title"] == "One number"
        assert await workers.last.given(1) == [job["id"]]
        workers.last.begin(job["id"])
        assert (await api.until(job["id"], "running"))["attempt"] == 1
        workers.last.end(job["id"], results={"n.value": 2.5})
        detail = await api.until(job["id"], "done")
        assert detail["results"] == {"n.value": 2.5}
        assert detail["ran"] == 1


async def test_job_that_is_said_to_be_done_has_its_files_and_results(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = (await api.submit(FLOAT, **OUT))["id"]
        await workers.last.given(1)
        workers.last.begin(job)
        workers.last.say(Wrote(job, "n", "a.png", "image/png", 5, False))
        workers.last.end(job, results={"n.value": 2.5})
        assert api.client.app is not None
        detail = await api.client.app[JOBS].get(job, None)  # before the database has it
        assert detail.state == "done"
        assert detail.results == {"n.value": 2.5}
        assert [artifact.file for artifact in detail.artifacts] == ["a.png"]


async def test_workflow_with_several_faults_is_refused_with_all_of_them(tmp_path: Path) -> None:
    nodes = {
        "a": {"type": "Flaot", "inputs": {}},
        "b": {"type": "Float", "inputs": {"value": "x", "other": 1}},
    }
    async with serving(tmp_path, FakeWorkers()) as api:
        status, answer = await api.ask("POST", "/v1/jobs", json={"workflow": {"nodes": nodes}})
        assert status == 422
        codes = {(p.get("node"), p["code"]) for p in answer["problems"]}
        assert {("a", "graph.unknown_type"), ("b", "graph.unknown_input")} <= codes
        assert (await api.ask("GET", "/v1/jobs"))[1]["jobs"] == []


async def test_values_are_put_over_those_of_the_document(tmp_path: Path) -> None:
    public = {**FLOAT, "interface": {"inputs": {"number": "n.value"}}}
    async with serving(tmp_path, FakeWorkers()) as api:
        job = await api.submit(public, set={"number": 7}, **OUT)
        _, document = await api.ask("GET", f"/v1/jobs/{job['id']}/workflow")
        assert document["nodes"]["n"]["inputs"] == {"value": 7}
        assert (await api.get(job["id"]))["set"] == {"number": 7}


async def test_values_for_unknown_inputs_are_all_named(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        body = {"workflow": FLOAT, "set": {"x.value": 1, "y": 2}, **OUT}
        status, answer = await api.ask("POST", "/v1/jobs", json=body)
        assert status == 422
        assert [p["got"] for p in answer["problems"]] == ["x.value", "y"]


async def test_comfyui_document_is_accepted(tmp_path: Path) -> None:
    comfy = {"1": {"class_type": "PrimitiveFloat", "inputs": {"value": 1.5}}}
    async with serving(tmp_path, FakeWorkers()) as api:
        job = await api.submit(comfy, outputs=["1.value"])
        _, document = await api.ask("GET", f"/v1/jobs/{job['id']}/workflow")
        assert document["nodes"]["1"]["type"] == "Float"


async def test_random_seed_is_drawn_once_when_accepted(tmp_path: Path) -> None:
    workflow = {"nodes": {"s": {"type": "Seeded", "inputs": {"seed": "random"}}}}
    async with serving(tmp_path, FakeWorkers()) as api:
        job = await api.submit(workflow)
        seed = (await api.get(job["id"]))["seeds"]["s.seed"]
        _, document = await api.ask("GET", f"/v1/jobs/{job['id']}/workflow")
        assert document["nodes"]["s"]["inputs"]["seed"] == seed


async def test_unknown_job_is_404_on_every_route(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        for method, path in (
            ("GET", "/v1/jobs/nothing"),
            ("GET", "/v1/jobs/nothing/workflow"),
            ("POST", "/v1/jobs/nothing/cancel"),
            ("POST", "/v1/jobs/nothing/retry"),
            ("POST", "/v1/jobs/nothing/move"),
            ("DELETE", "/v1/jobs/nothing"),
        ):
            status, answer = await api.ask(method, path)
            assert (status, answer["error"]["code"]) == (404, "jobs.unknown")


async def test_idempotency_key_gives_the_first_job_again(tmp_path: Path) -> None:
    body = {"workflow": FLOAT, "idempotency_key": "k", **OUT}
    async with serving(tmp_path, FakeWorkers()) as api:
        status, first = await api.ask("POST", "/v1/jobs", json=body)
        assert status == 201
        status, second = await api.ask("POST", "/v1/jobs", json=body)
        assert (status, second["id"]) == (200, first["id"])
        other = {**body, "set": {"n.value": 3}}
        status, answer = await api.ask("POST", "/v1/jobs", json=other)
        assert (status, answer["error"]["code"]) == (409, "jobs.key_reused")


async def test_idempotency_key_may_stand_in_the_header(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        body, key = {"workflow": FLOAT, **OUT}, {"Idempotency-Key": "k"}
        status, first = await api.ask("POST", "/v1/jobs", json=body, headers=key)
        assert status == 201
        for more in ({}, {"idempotency_key": "k"}):
            status, again = await api.ask("POST", "/v1/jobs", json=body | more, headers=key)
            assert (status, again["id"]) == (200, first["id"])
        other = body | {"idempotency_key": "another"}
        for sent, header in ((other, "k"), (body, ""), (body, "x" * 201)):
            headers = {"Idempotency-Key": header}
            assert (await api.ask("POST", "/v1/jobs", json=sent, headers=headers))[0] == 422


async def test_idempotency_key_that_no_database_takes_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        body = {"workflow": FLOAT, **OUT}
        keyed = body | {"idempotency_key": "a\0"}
        assert (await api.ask("POST", "/v1/jobs", json=keyed))[0] == 422
        reader, writer = await asyncio.open_connection(api.client.host, api.client.port)
        text = json.dumps(body).encode()
        head = f"Host: {api.client.host}:{api.client.port}\r\nContent-Length: {len(text)}\r\n"
        writer.write(b"POST /v1/jobs HTTP/1.1\r\nIdempotency-Key: \xff\xfe\r\n" + head.encode())
        writer.write(b"Connection: close\r\n\r\n" + text)
        assert (await reader.read()).startswith(b"HTTP/1.1 422 ")
        writer.close()
        await api.submit(FLOAT, **OUT)


async def test_same_idempotency_key_at_the_same_time_makes_one_job(tmp_path: Path) -> None:
    body = {"workflow": FLOAT, "idempotency_key": "k", **OUT}
    async with serving(tmp_path, FakeWorkers()) as api:
        answers = await asyncio.gather(*(api.ask("POST", "/v1/jobs", json=body) for _ in range(20)))
        assert len({answer["id"] for _, answer in answers}) == 1
        assert sorted(status for status, _ in answers) == [200] * 19 + [201]


async def test_list_is_paged_newest_first_and_filtered_by_state(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        await api.ask("POST", "/v1/queue/pause")
        ids = [(await api.submit(FLOAT, **OUT))["id"] for _ in range(5)]
        await api.ask("POST", f"/v1/jobs/{ids[0]}/cancel")
        seen, before = [], ""
        while True:
            _, page = await api.ask("GET", f"/v1/jobs?limit=2{before}")
            seen += [job["id"] for job in page["jobs"]]
            if "next" not in page:
                break
            before = f"&before={page['next']}"
        assert seen == ids[::-1]
        _, page = await api.ask("GET", "/v1/jobs?state=cancelled")
        assert [job["id"] for job in page["jobs"]] == ids[:1]


async def test_waiting_job_is_cancelled_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        await api.ask("POST", "/v1/queue/pause")
        job = await api.submit(FLOAT, **OUT)
        _, answer = await api.ask("POST", f"/v1/jobs/{job['id']}/cancel")
        assert answer["state"] == "cancelled"
        _, again = await api.ask("POST", f"/v1/jobs/{job['id']}/cancel")
        assert again["state"] == "cancelled"
        assert (await api.ask("GET", "/v1/queue"))[1]["waiting"] == 0


async def test_paused_queue_starts_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        await api.ask("POST", "/v1/queue/pause")
        first = await api.submit(FLOAT, **OUT)
        second = await api.submit(FLOAT, **OUT)
        assert workers.last.tasks == []
        _, queue = await api.ask("GET", "/v1/queue")
        assert queue["paused"]
        assert [(j["id"], j["position"]) for j in queue["queued"]] == [
            (first["id"], 0),
            (second["id"], 1),
        ]
        await api.ask("POST", "/v1/queue/resume")
        assert await workers.last.given(1) == [first["id"]]


async def test_moved_job_runs_at_its_new_place(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        await api.ask("POST", "/v1/queue/pause")
        a, b, c, d = [(await api.submit(FLOAT, **OUT))["id"] for _ in range(4)]

        async def order() -> list[str]:
            _, queue = await api.ask("GET", "/v1/queue")
            return [job["id"] for job in queue["queued"]]

        async def move(job: str, **where: object) -> None:
            status, answer = await api.ask("POST", f"/v1/jobs/{job}/move", json=where)
            assert status == 200, answer

        await move(d, to="front")
        assert await order() == [d, a, b, c]
        await move(d, before=c)
        assert await order() == [a, b, d, c]
        await move(a, to="back")
        assert await order() == [b, d, c, a]
        await move(c, priority=1)
        assert await order() == [c, b, d, a]
        for _ in range(30):  # until there is no number left between two neighbours
            await move(d, before=b)
            await move(b, before=d)
        assert await order() == [c, b, d, a]


async def test_running_job_cannot_be_moved_or_deleted(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = (await api.submit(FLOAT, **OUT))["id"]
        await workers.last.given(1)
        workers.last.begin(job)
        status, answer = await api.ask("POST", f"/v1/jobs/{job}/move", json={"to": "front"})
        assert (status, answer["error"]["code"]) == (409, "jobs.not_waiting")
        status, answer = await api.ask("DELETE", f"/v1/jobs/{job}")
        assert (status, answer["error"]["code"]) == (409, "jobs.not_over")


async def test_failed_job_is_retried_as_it_was(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = (await api.submit(FLOAT, **OUT))["id"]
        await workers.last.given(1)
        workers.last.begin(job)
        problem = {"code": "x.y", "message": "It failed.", "node": "n"}
        workers.last.end(job, "failed", problems=[problem])
        detail = await api.until(job, "failed")
        assert detail["error"] == problem
        assert detail["problems"] == [problem]
        status, again = await api.ask("POST", f"/v1/jobs/{job}/retry")
        assert (status, again["state"]) == (200, "queued")
        assert "error" not in again
        assert await workers.last.given(2) == [job, job]
        workers.last.begin(job)
        workers.last.end(job)
        assert (await api.until(job, "done"))["attempt"] == 2
        status, answer = await api.ask("POST", f"/v1/jobs/{job}/retry")
        assert (status, answer["error"]["code"]) == (409, "jobs.not_over")


async def test_deleted_job_is_gone_with_its_history(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        job = (await api.submit(FLOAT, **OUT))["id"]
        await workers.last.given(1)
        workers.last.begin(job)
        workers.last.end(job)
        await api.until(job, "done")
        assert (await api.ask("DELETE", f"/v1/jobs/{job}"))[0] == 204
        assert (await api.ask("GET", f"/v1/jobs/{job}"))[0] == 404
        assert (await api.ask("GET", "/v1/jobs"))[1]["jobs"] == []


async def test_cleared_queue_has_no_waiting_jobs(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        await api.ask("POST", "/v1/queue/pause")
        for _ in range(3):
            await api.submit(FLOAT, **OUT)
        assert (await api.ask("POST", "/v1/queue/clear"))[1] == {"cancelled": 3}
        _, page = await api.ask("GET", "/v1/jobs")
        assert {job["state"] for job in page["jobs"]} == {"cancelled"}


async def test_full_queue_refuses_with_429(tmp_path: Path) -> None:
    from weft.server.settings import Limits

    async with serving(tmp_path, FakeWorkers(), limits=Limits(queued=1)) as api:
        await api.ask("POST", "/v1/queue/pause")
        await api.submit(FLOAT, **OUT)
        async with api.client.post("/v1/jobs", json={"workflow": FLOAT, **OUT}) as answer:
            assert answer.status == 429
            assert answer.headers["Retry-After"] == "10"


async def test_bad_bodies_are_refused_with_the_place(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        for body, status, code in (
            (b"{", 400, "document.json"),
            (b'{"workflow": {}, "workflow": {}}', 400, "document.duplicate_key"),
            (b"[" * 100_000, 400, "document.too_deep"),
            (b"[]", 422, "request.invalid"),
            (b'{"workflow": {"weft": 1}, "typo": 1}', 422, "request.invalid"),
            (b'{"workflow": {"weft": 1}, "priority": 1e9}', 422, "request.invalid"),
            (b'{"workflow": {"weft": 99}}', 400, "document.version"),
            (b'{"workflow": {"nodes": []}}', 400, "document.invalid"),
        ):
            got, answer = await api.ask("POST", "/v1/jobs", data=body)
            assert (got, answer["error"]["code"]) == (status, code), body


async def test_what_was_accepted_is_there_after_a_restart(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        running = (await api.submit(FLOAT, **OUT))["id"]
        waiting = (await api.submit(FLOAT, **OUT, priority=-1))["id"]
        await workers.last.given(1)
        workers.last.begin(running)
        await api.until(running, "running")
    again = FakeWorkers()
    async with serving(tmp_path, again) as api:
        assert await again.last.given(1) == [running]
        again.last.begin(running)
        again.last.end(running)
        assert (await api.until(running, "done"))["attempt"] == 2
        assert await again.last.given(2) == [running, waiting]


async def test_pause_outlives_a_restart(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        await api.ask("POST", "/v1/queue/pause")
    async with serving(tmp_path, FakeWorkers()) as api:
        assert (await api.ask("GET", "/v1/queue"))[1]["paused"]
