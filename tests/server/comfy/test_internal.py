"""What ComfyUI's editor asks for itself: logs, folders, devices, freeing memory."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from tests.server.comfy.talk import hear, until
from tests.server.comfy.test_prompt import TXT2IMG
from tests.server.fake import FakeWorkers
from tests.server.running import serving
from weft.server.worker.messages import Answer, Ask, Task

SAVED = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}


async def test_log_is_told_whole_by_line_and_to_those_who_subscribe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The requests of this test are lines of the log too, where an earlier test asked for them.
    monkeypatch.setattr(logging.getLogger("aiohttp.access"), "disabled", True)
    log = logging.getLogger("weft.server.test")
    log.setLevel(logging.INFO)
    async with (
        serving(tmp_path, FakeWorkers()) as api,
        api.client.ws_connect("/ws?clientId=me") as socket,
    ):
        log.info("before", extra={"job": "j"})
        _, whole = await api.ask("GET", "/internal/logs")
        assert whole.endswith(" - INFO before job=j\n")
        _, raw = await api.ask("GET", "/internal/logs/raw")
        assert raw["entries"][-1]["m"] == "INFO before job=j\n"
        await until(socket, "status")
        body = {"clientId": "me", "enabled": True}
        assert (await api.client.patch("/internal/logs/subscribe", json=body)).status == 200
        log.info("heard")
        told = await until(socket, "logs")
        assert [entry["m"] for entry in told["entries"]] == ["INFO heard\n"]
        body = {"clientId": "me", "enabled": False}
        await api.client.patch("/internal/logs/subscribe", json=body)
        log.info("not heard")
        await api.client.post("/prompt", json={"prompt": SAVED, "client_id": "me"})
        assert (await hear(socket))[0] == "status"
        assert (await api.client.patch("/internal/logs/subscribe", json={})).status == 400


async def test_folders_are_named_and_told_nowhere(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        _, kinds = await api.ask("GET", "/internal/folder_paths")
        assert kinds["checkpoints"] == []
        assert str(tmp_path) not in json.dumps(kinds)
        assert (await api.ask("GET", "/internal/files/output")) == (200, [])
        status, answer = await api.ask("GET", "/internal/files/models")
        assert (status, list(answer)) == (400, ["error"])


class Talking(FakeWorkers):
    """Workers that answer questions as their number says."""

    def __call__(self, number: int) -> object:  # type: ignore[override]
        worker = super().__call__(number)
        send = worker.send

        def answering(message: object) -> None:
            if isinstance(message, Ask) and message.question == "devices":
                about = {"name": f"cuda:{number}", "type": "cuda", "index": number}
                sizes = {"total": 8, "free": 6, "reserved": 4, "idle": 2}
                worker.told.append(message)
                worker.say(Answer(message.number, [about | sizes]))
            else:
                send(message)  # type: ignore[arg-type]

        worker.send = answering  # type: ignore[method-assign, assignment]
        return worker


async def test_devices_are_those_of_all_workers(tmp_path: Path) -> None:
    async with serving(tmp_path, Talking(), workers=2) as api:  # type: ignore[arg-type]
        _, stats = await api.ask("GET", "/system_stats")
        assert stats["devices"][1] == {
            "name": "cuda:1",
            "type": "cuda",
            "index": 1,
            "vram_total": 8,
            "vram_free": 6,
            "torch_vram_total": 4,
            "torch_vram_free": 2,
        }
        assert [device["index"] for device in stats["devices"]] == [0, 1]
        assert stats["system"]["ram_total"] > stats["system"]["ram_free"] > 0


async def test_devices_of_no_worker_are_the_machine(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers(), workers=0) as api:
        _, stats = await api.ask("GET", "/api/system_stats")
        assert [device["type"] for device in stats["devices"]] == ["cpu"]


async def test_free_reaches_every_worker(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers, workers=2) as api:
        for body in ({"unload_models": True}, {"free_memory": True}, {}, {"free_memory": "yes"}):
            assert (await api.client.post("/free", json=body)).status == 200
        for worker in workers.made:
            asked = [message.about for message in worker.told if isinstance(message, Ask)]
            assert asked == [{"results": False}, {"results": True}]


async def test_texts_for_pictures_go_to_the_worker_also_after_a_restart(tmp_path: Path) -> None:
    workflow = {"nodes": [{"id": 1}], "links": [], "version": 0.4}
    extra = {"extra_pnginfo": {"workflow": workflow, "a\0b": 1, "x" * 99: 2}}
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        body = {"prompt": SAVED, "extra_data": extra}
        assert (await api.ask("POST", "/prompt", json=body))[0] == 200
        await workers.last.given(1)
    again = FakeWorkers()
    async with serving(tmp_path, again) as api:
        await again.last.given(1)
    for each in (workers, again):
        (task,) = [message for message in each.last.told if isinstance(message, Task)]
        assert task.texts is not None
        assert {name: json.loads(text) for name, text in task.texts.items()} == {
            "workflow": workflow,
            "prompt": SAVED,
        }


async def test_prompt_without_extra_data_gives_its_own_text(tmp_path: Path) -> None:
    workers = FakeWorkers()
    async with serving(tmp_path, workers) as api:
        await api.ask("POST", "/prompt", json={"prompt": TXT2IMG, "extra_data": {"a": 1}})
        await workers.last.given(1)
        (task,) = [message for message in workers.last.told if isinstance(message, Task)]
        assert list(task.texts or {}) == ["prompt"]
