"""What the server met with 500, a hang or a traceback, and what it answers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cases.places import case
from tests.server.outer import png
from tests.server.process import PATIENCE, ROOT, Serve
from tests.server.running import FLOAT, Api, serving
from tests.server.store.own_postgresql import Postgresql, needs_postgresql

OUT = {"outputs": ["n.value"]}


async def until_health(api: Api, status: str) -> list[str]:
    """Ask for the server's health until it is so; what it says is wrong."""
    while True:
        _, found = await api.ask("GET", "/v1/health")
        if found["status"] == status:
            trouble: list[str] = found["trouble"]
            return trouble


# -- texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("server/surrogate_key_comfyui.json", "/v1/share/comfyui"),
        ("server/surrogate_library.json", "/v1/workflows"),
    ],
)
async def test_half_a_character_is_refused_in_words(tmp_path: Path, name: str, path: str) -> None:
    async with serving(tmp_path, workers=0) as api:
        headers = {"Content-Type": "application/json"}
        status, answer = await api.ask("POST", path, data=case(name).read_bytes(), headers=headers)
        assert 400 <= status < 500, answer
        assert answer["error"]["message"]


@pytest.mark.parametrize("surrogate", ["\ud800", "a\udfff", "\udc80.png"])
async def test_half_a_character_in_any_text_of_any_route_is_no_fault(
    tmp_path: Path, surrogate: str
) -> None:
    node = {"type": "Float", "inputs": {"value": 1.0}}
    document: dict[str, Any] = {"nodes": {"n": node}}
    documents: list[dict[str, Any]] = [
        {"nodes": {surrogate: node}},
        {"nodes": {"n": {"type": surrogate, "inputs": {}}}},
        {"nodes": {"n": {"type": "Float", "inputs": {surrogate: 1.0}}}},
        {"nodes": {"n": {"type": "Float", "inputs": {"value": surrogate}}}},
        {"nodes": {"n": {"type": "Float", "inputs": {"value": {"link": surrogate}}}}},
        {**document, "title": surrogate},
        {**document, surrogate: 1},
        {**document, "meta": {surrogate: surrogate}},
    ]
    bodies: list[tuple[str, str, dict[str, Any]]] = []
    for each in documents:
        bodies += [
            ("POST", "/v1/jobs", {"workflow": each}),
            ("POST", "/v1/jobs/batch", {"jobs": [{"workflow": each}]}),
            ("POST", "/v1/validate", {"workflow": each}),
            ("POST", "/v1/explain", {"workflow": each}),
            ("POST", "/v1/workflows", {"name": "x", "document": each}),
            ("POST", "/v1/share/comfyui", {"document": each}),
            ("POST", "/v1/share/check", {"document": each}),
            ("POST", "/v1/share/pack", {"document": each}),
            ("POST", "/prompt", {"prompt": each["nodes"], "extra_data": {"x": surrogate}}),
        ]
    words = {"title": surrogate, "scope": surrogate, "idempotency_key": surrogate}
    bodies += [
        *(("POST", "/v1/jobs", {"workflow": document, **OUT, n: w}) for n, w in words.items()),
        ("POST", "/v1/jobs", {"workflow": document, "set": {surrogate: surrogate}}),
        ("POST", "/v1/jobs", {"workflow": document, "outputs": [surrogate]}),
        ("POST", "/v1/workflows", {"name": surrogate, "document": document}),
        ("POST", "/v1/workflows", {"name": "x", "tags": [surrogate], "document": document}),
        ("POST", "/v1/users", {"name": surrogate, "role": "runner"}),
        ("POST", "/settings", {surrogate: surrogate}),
        ("POST", "/queue", {"delete": [surrogate]}),
        ("POST", "/history", {"delete": [surrogate]}),
        ("PATCH", "/internal/logs/subscribe", {"clientId": surrogate, "enabled": True}),
    ]
    async with serving(tmp_path, workers=0) as api:
        for method, path, body in bodies:
            status, answer = await api.ask(method, path, json=body)
            assert status < 500 or status == 503, (path, body, answer)
        for path in ("/v1/jobs", "/v1/workflows", "/settings", "/history", "/v1/queue"):
            status, answer = await api.ask("GET", path)
            assert status == 200, (path, answer)


async def test_picture_that_is_wider_than_webp_holds_is_previewed_smaller(tmp_path: Path) -> None:
    async with serving(tmp_path, workers=0) as api:
        content = case("server/wide_20000x8.png").read_bytes()
        status, _ = await api.ask("PUT", "/v1/files/input/wide.png", data=content)
        assert status < 300
        for more in ("&preview=webp", "&preview=webp;50&channel=a", "&preview=jpeg"):
            path = f"/view?type=input&filename=wide.png{more}"
            async with api.client.get(path) as answer:
                assert answer.status == 200, more
                width, height = Image.open(BytesIO(await answer.read())).size
                assert width == (20_000 if "jpeg" in more else 16_383)
                assert height >= 1
        async with api.client.get("/v1/files/input/wide.png?thumbnail=256") as answer:
            assert answer.status == 200


# -- a disk that is full --------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, as large as asked for."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)],
        check=False, capture_output=True,
    ) if sys.platform == "linux" else None  # fmt: skip
    if done is None or done.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def test_full_disk_is_told_and_left_behind_without_a_write(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m") as disk:
        async with serving(disk, workers=0) as api:
            ballast = disk / "ballast"
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
            assert any("full" in text for text in await until_health(api, "degraded"))
            status, answer = await api.ask("POST", "/v1/jobs", json={"workflow": FLOAT, **OUT})
            assert status in (503, 507), answer
            for method, path, more in (
                ("PUT", "/v1/files/input/a.png", {"data": png(100, 100)}),
                ("POST", "/settings", {"json": {"a": "b" * 9000}}),
                ("POST", "/userdata/a.txt", {"data": bytes(9000)}),
                ("POST", "/v1/workflows", {"json": {"name": "x", "document": FLOAT}}),
                ("POST", "/v1/queue/resume", {}),
            ):
                status, answer = await api.ask(method, path, **more)
                assert status in (503, 507), (path, answer)
                assert answer["error"]["message"]
            ballast.unlink()
            assert await until_health(api, "ok") == []
            await api.submit(FLOAT, **OUT)


# -- PostgreSQL -----------------------------------------------------------------------------------


@needs_postgresql
async def test_postgresql_that_stops_is_told_and_used_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    with Postgresql() as database:
        async with serving(tmp_path, database=database.url) as api:
            await until_health(api, "ok")
            database.stop()
            for method, path, more in (
                ("GET", "/v1/jobs", {}),
                ("POST", "/v1/jobs", {"json": {"workflow": FLOAT, **OUT}}),
                ("GET", "/v1/workflows", {}),
                ("POST", "/v1/workflows", {"json": {"name": "x", "document": FLOAT}}),
                ("POST", "/v1/queue/pause", {}),
            ):
                status, answer = await api.ask(method, path, **more)
                assert status == 503, (path, answer)
                assert answer["error"]["code"] == "server.database"
            assert await until_health(api, "degraded")
            database.start()
            assert await until_health(api, "ok") == []
            job = (await api.submit(FLOAT, **OUT))["id"]
            await api.until(job, "done")


@needs_postgresql
async def test_postgresql_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weft.server.probes._PATIENCE", 0.3)
    monkeypatch.setattr("weft.server.store.database.ANSWER", 1.0)
    with Postgresql() as database:
        async with serving(tmp_path, database=database.url, workers=0) as api:
            await until_health(api, "ok")
            database.freeze()
            try:
                assert "the database does not respond" in await until_health(api, "degraded")
                status, answer = await api.ask("GET", "/v1/jobs")
                assert (status, answer["error"]["code"]) == (503, "server.database")
            finally:
                database.thaw()
            assert await until_health(api, "ok") == []
            assert (await api.ask("GET", "/v1/jobs"))[0] == 200


# -- workers that hang ----------------------------------------------------------------------------


async def test_worker_that_is_stopped_is_replaced_and_others_are_answered(tmp_path: Path) -> None:
    async with serving(tmp_path, worker_silence=6.0, worker_answer=0.5) as api:
        status = 503
        while status == 503:  # it starts, or loads what it needs for its first answer
            status, _ = await api.ask("POST", "/v1/explain", json={"workflow": FLOAT, **OUT})
        assert status == 200
        os.kill(_worker(), signal.SIGSTOP)
        status, answer = await api.ask("POST", "/v1/explain", json={"workflow": FLOAT, **OUT})
        assert (status, answer["error"]["code"]) == (503, "worker.none")
        assert (await api.ask("GET", "/v1/cache"))[0] == 503
        job = (await api.submit(FLOAT, **OUT))["id"]
        detail = await api.until(job, "done")
        assert detail["attempt"] == 1  # the one that hung had not begun it


async def test_node_that_keeps_python_from_running_is_ended_and_tried_again(
    tmp_path: Path,
) -> None:
    nodes = {"h": {"type": "Hang", "inputs": {"unless": str(tmp_path / "tried")}}}
    async with serving(tmp_path, worker_silence=6.0) as api:
        job = (await api.submit({"nodes": nodes}))["id"]
        detail = await api.until(job, "done")
        assert detail["attempt"] == 2


async def test_node_that_always_hangs_fails_with_words(tmp_path: Path) -> None:
    async with serving(tmp_path, worker_silence=6.0, attempts=1) as api:
        job = (await api.submit({"nodes": {"h": {"type": "Hang"}}}))["id"]
        detail = await api.until(job, "failed")
        assert detail["error"]["code"] == "worker.lost"
        assert "did not respond for 6 seconds" in detail["error"]["message"]


def _worker() -> int:
    """The only worker process of this one."""
    mine = Path(f"/proc/{os.getpid()}/task")
    pids = " ".join(p.read_text() for p in mine.glob("*/children")).split()
    lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}
    (found,) = [pid for pid, line in lines.items() if b"weft.server.worker" in line]
    return found


# -- starting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["/proc/weft", "/dev/null/weft"])
@pytest.mark.skipif(sys.platform != "linux", reason="the folders are Linux's")
def test_data_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path, folder: str) -> None:
    words = [sys.executable, "-m", "weft", "serve", "--port", "0", "--no-packs", "--workers", "0"]
    done = subprocess.run(
        [*words, "--data", folder, "--out", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=PATIENCE, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"The data folder {folder} cannot be used" in done.stderr


def test_bare_listen_with_a_token_of_the_environment_says_who_can_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_TOKEN", "a-token-of-some-length")
    with Serve(tmp_path, "--listen", "127.0.0.1,0.0.0.0", "--workers", "0") as server:
        server.ask("GET", "/v1/health")
        server.end(signal.SIGTERM)
        assert server.process.stderr is not None
        rest = [json.loads(line) for line in server.process.stderr.read().splitlines()]
        said = [line["message"] for line in (*server.log, *rest)]
    (line,) = [text for text in said if "WEFT_TOKEN" in text]
    assert "0.0.0.0" in line
    assert "a-token-of-some-length" not in " ".join(said)
