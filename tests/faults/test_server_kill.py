"""The server is killed again and again while it is given jobs: none is lost, none is done twice.

`WEFT_KILLS` is how often (500 to be thorough).
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import urllib.error
from pathlib import Path

import pytest

from tests.server.process import Serve

ROUNDS = int(os.environ.get("WEFT_KILLS", "4"))
JOBS = 6 * ROUNDS


@pytest.mark.slow
def test_server_killed_at_any_moment_keeps_every_job_and_writes_every_file_once(
    tmp_path: Path,
) -> None:
    dice = random.Random(1)
    port, ids = 0, dict[str, str]()
    for _ in range(ROUNDS):
        with Serve(tmp_path, port=port) as server:
            port = server.port
            server.until_logged("worker ready")
            moment = dice.randrange(JOBS // ROUNDS)  # how many more are accepted before it dies
            todo = [number for number in range(JOBS) if str(number) not in ids]
            for count, number in enumerate(todo):
                ids[str(number)] = submit(server, number)
                if count == moment:
                    break
            server.end(signal.SIGKILL)
    with Serve(tmp_path, port=port) as server:
        # Whoever got no answer sends again: the key says that it is the same job.
        again = {str(number): submit(server, number) for number in range(JOBS)}
        assert {key: again[key] for key in ids} == ids
        assert len(set(again.values())) == JOBS
        files = []
        for job in again.values():
            detail = server.until_done(job)
            files += [artifact["file"] for artifact in detail["artifacts"]]
            assert detail["attempt"] <= ROUNDS + 1
        assert len(files) == len(set(files)) == JOBS
        texts = sorted(float((tmp_path / "out" / name).read_text()) for name in files)
        assert texts == [float(number) for number in range(JOBS)]


def submit(server: Serve, number: int) -> str:
    nodes = {
        "n": {"type": "Float", "inputs": {"value": float(number)}},
        "save": {"type": "Save", "inputs": {"value": {"link": "n.value"}}},
    }
    body = {"workflow": {"nodes": nodes}, "idempotency_key": str(number)}
    status, job = server.ask("POST", "/v1/jobs", body)
    assert status in (200, 201), job
    return str(job["id"])


@pytest.mark.slow
def test_server_killed_while_it_answers_has_the_job_if_the_client_heard_so(
    tmp_path: Path,
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    heard: dict[int, str] = {}
    with Serve(tmp_path) as server:
        server.ask("POST", "/v1/queue/pause")

        def send(number: int) -> None:
            try:
                heard[number] = submit(server, number)
            except (urllib.error.URLError, http.client.HTTPException, OSError):
                return  # it died before it answered
            if len(heard) == 25:
                server.process.send_signal(signal.SIGKILL)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, range(200)))
        server.process.wait(60)
    assert 25 <= len(heard) < 200
    with Serve(tmp_path) as server:
        for number, job in heard.items():
            status, detail = server.ask("GET", f"/v1/jobs/{job}")
            assert status == 200
            assert detail["state"] == "queued"
            assert submit(server, number) == job
