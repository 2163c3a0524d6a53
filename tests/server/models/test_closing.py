"""The index of models stops when the server does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.server.fake import FakeWorkers
from tests.server.running import serving
from weft.server.models.service import MODELS


@pytest.mark.parametrize("steps", range(8))
async def test_closing_ends_the_index_though_a_look_ends_just_then(
    tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()
    async with serving(tmp_path, FakeWorkers()) as api:
        models = api.client.app[MODELS]
        await models.close()
        models._stop.clear()
        models._looks.clear()
        monkeypatch.setattr(models, "_busy", lambda: True)

        async def look(kind: str, *, thorough: bool = False) -> None:
            await ended.wait()

        monkeypatch.setattr(models, "_sync", look)
        monkeypatch.setattr(models.index, "knows", lambda roots: False)
        monkeypatch.setattr(models.index, "describe_some", lambda roots: False)
        monkeypatch.setattr(models.index, "close", lambda: None)
        await models.start()
        while not models._looks:  # noqa: ASYNC110  (nothing tells of it)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)  # until it waits for the look
        ended.set()
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await models.close()
        assert models._work is not None and models._work.done()
