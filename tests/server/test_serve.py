"""The real thing: `weft serve` as a process that is killed, stopped and started again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.server.process import ROOT, Serve, is_alive


def waiting(log: Path, go: Path) -> dict[str, object]:
    """One node that is done at once and is worth keeping, then one that waits for a file."""
    return {
        "n": {"type": "Float", "inputs": {"value": 1.0}},
        "slow": {"type": "Slow", "inputs": {"a": {"link": "n.value"}, "log": str(log)}},
        "save": {"type": "Save", "inputs": {"value": {"link": "slow.value"}}},
        "wait": {"type": "Wait", "inputs": {"file": str(go)}},
    }


def test_kill_9_loses_no_job_and_finished_nodes_are_not_run_again(tmp_path: Path) -> None:
    log, go = tmp_path / "log", tmp_path / "go"
    with Serve(tmp_path) as server:
        worker = int(server.until_logged("worker ready")["pid"])
        job = server.submit(waiting(log, go))
        others = [server.submit({"c": {"type": "Chatty"}}) for _ in range(5)]
        server.until(
            job,
            lambda detail: (
                detail["node_states"].get("slow", {}).get("state") == "done"
                and bool(detail["artifacts"])
            ),
        )
        last = max(event["id"] for event in [next(iter(server.events()))])
        port = server.port
        server.end(signal.SIGKILL)
    with Serve(tmp_path, port=port) as server:
        assert not is_alive(worker)
        event = next(iter(server.events(f"?after={last}")))
        assert event == {"type": "resumed", "id": last}
        go.touch()
        detail = server.until_done(job)
        assert detail["attempt"] == 2
        assert detail["node_states"]["slow"]["state"] == "cached"
        assert log.read_text() == "ran\n"
        assert [a["file"] for a in detail["artifacts"]] == ["number_00001.txt"]
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["number_00001.txt"]
        for other in others:
            server.until_done(other)


def test_kill_9_during_batches_keeps_each_of_them_whole_or_not_at_all(tmp_path: Path) -> None:
    size, answered = 40, []
    with Serve(tmp_path) as server:
        server.ask("POST", "/v1/queue/pause")

        def send(number: int) -> None:
            job = {"workflow": {"nodes": {"c": {"type": "Chatty"}}}, "title": str(number)}
            status, answer = server.ask("POST", "/v1/jobs/batch", {"jobs": [job] * size})
            assert status == 201
            answered.append(str(number))
            if len(answered) == 8:
                server.end(signal.SIGKILL)
            assert len(answer["jobs"]) == size

        with ThreadPoolExecutor(4) as pool:  # so that some are on their way when it is killed
            sent = [pool.submit(send, number) for number in range(30)]
        assert any(each.exception() is not None for each in sent)
    with Serve(tmp_path) as server:
        found: Counter[str] = Counter()
        before = ""
        while True:
            _, page = server.ask("GET", f"/v1/jobs?limit=500{before}")
            found.update(job["title"] for job in page["jobs"])
            if "next" not in page:
                break
            before = f"&before={page['next']}"
        assert set(found.values()) == {size}
        assert set(answered) <= set(found)


def test_sigterm_ends_well_and_the_running_job_goes_on_after_a_start(tmp_path: Path) -> None:
    log, go = tmp_path / "log", tmp_path / "go"
    with Serve(tmp_path) as server:
        job = server.submit(waiting(log, go))
        server.until(job, lambda detail: detail["state"] == "running")
        go.touch()  # it is done within the time of grace, or put back; both are well
        assert server.end(signal.SIGTERM) == 0
    with Serve(tmp_path) as server:
        server.until_done(job)


def test_second_server_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with Serve(tmp_path) as server:
        words = [sys.executable, "-m", "weft", "serve", "--port", "0", "--no-packs"]
        done = subprocess.run(
            [*words, "--data", str(tmp_path / "data")],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 2
        assert "server.data_in_use" in done.stderr
        assert str(server.process.pid) in done.stderr


def test_taken_port_is_a_plain_error(tmp_path: Path) -> None:
    with Serve(tmp_path) as server:
        words = [sys.executable, "-m", "weft", "serve", "--port", str(server.port)]
        done = subprocess.run(
            [*words, "--no-packs", "--data", str(tmp_path / "other")],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 2
        assert "server.port" in done.stderr
        assert "Traceback" not in done.stderr


def test_log_is_json_and_never_holds_the_token(tmp_path: Path) -> None:
    token = "a-secret-that-nobody-may-read-0123456789"
    with Serve(tmp_path, "--token", token, "--verbose", token=token) as server:
        job = server.submit({"f": {"type": "Fail"}})
        server.until(job, lambda detail: detail["state"] == "failed")
        server.ask("GET", f"/v1/system?token={token}")
        server.token = "wrong"
        assert server.ask("GET", "/v1/system")[0] == 401
        server.process.send_signal(signal.SIGTERM)
        assert server.process.stderr is not None
        rest = [json.loads(line) for line in server.process.stderr]
        lines = [*server.log, *rest]
        assert token not in json.dumps(lines)
        assert any(line.get("job") == job for line in lines)


def test_front_process_imports_no_torch(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from weft.server.serve import serve;"
        "from weft.server.settings import Settings;"
        f"serve(Settings(data=Path({str(tmp_path)!r}), port=0), level='ERROR', once=True);"
        "print([n for n in ('torch', 'diffusers', 'transformers') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.slow
def test_thimble_draws_through_the_server(tmp_path: Path) -> None:
    workflow = json.loads((ROOT / "graphs" / "txt2img.json").read_text())
    with Serve(tmp_path) as server:
        body = {"workflow": workflow, "set": {"sample.steps": 2}}
        status, job = server.ask("POST", "/v1/jobs", body)
        assert status == 201
        detail = server.until_done(job["id"])
        (artifact,) = detail["artifacts"]
        assert (tmp_path / "out" / artifact["file"]).read_bytes().startswith(b"\x89PNG")
        assert detail["seeds"] == {"sample.seed": 42}
        status, again = server.ask("POST", "/v1/jobs", body)
        assert server.until_done(again["id"])["node_states"]["sample"]["state"] == "cached"
