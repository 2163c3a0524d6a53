"""`/v1/memory`: which models each worker holds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tests.server.fake import FakeWorkers
from tests.server.running import serving
from weft.diffusion.weights.holdings import DeviceMemory, Holding, MemoryReport
from weft.server.worker.messages import Answer, Ask


class Holders(FakeWorkers):
    """Workers that each hold one network, as reports of the residency manager say it."""

    def __call__(self, number: int) -> object:  # type: ignore[override]
        worker = super().__call__(number)
        send = worker.send
        held = Holding(
            f"{number}.safetensors",
            kind="unet",
            device="cpu",
            nbytes=2**28,
            resident=2**28,
            state="loaded",
            in_use=True,
        )
        device = DeviceMemory("cpu", held=2**28, budget=2**30, free=2**31, total=2**32)
        report = MemoryReport((held,), (device,))

        def answering(message: object) -> None:
            if isinstance(message, Ask) and message.question == "memory":
                answer = {**dataclasses.asdict(report), "lines": report.lines()}
                worker.say(Answer(message.number, answer))
            else:
                send(message)  # type: ignore[arg-type]

        worker.send = answering  # type: ignore[method-assign, assignment]
        return worker


async def test_memory_tells_holdings_of_every_worker(tmp_path: Path) -> None:
    async with serving(tmp_path, Holders(), workers=2) as api:  # type: ignore[arg-type]
        status, memory = await api.ask("GET", "/v1/memory")
        assert status == 200
        names = [held["name"] for worker in memory["workers"] for held in worker["holdings"]]
        assert names == ["0.safetensors", "1.safetensors"]
        first = memory["workers"][0]
        assert first["holdings"][0]["resident"] == 2**28
        assert first["devices"][0]["held"] == first["holdings"][0]["nbytes"] == 2**28
        assert "unet of 0.safetensors (loaded on cpu, in use)" in first["lines"][1]


async def test_memory_without_workers_is_empty(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers(), workers=0) as api:
        assert await api.ask("GET", "/v1/memory") == (200, {"workers": []})
