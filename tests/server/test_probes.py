from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from weft.server.probes import Probes


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weft.server.probes._PATIENCE", 0.2)
    monkeypatch.setattr("weft.server.probes._KEPT", 0.0)


async def test_database_that_hangs_is_told_and_asked_once(tmp_path: Path) -> None:
    asked, go = [], asyncio.Event()

    async def ping() -> None:
        asked.append(1)
        await go.wait()

    probes = Probes(ping, {})
    for _ in range(3):
        assert await probes.trouble() == ["the database does not respond"]
    assert len(asked) == 1
    go.set()
    assert await probes.trouble() == []
    probes.close()


async def test_trouble_is_told_as_long_as_it_is_there(tmp_path: Path) -> None:
    well = False

    async def ping() -> None:
        if not well:
            raise OperationalError("SELECT 1", {}, Exception("gone"))

    there, missing = tmp_path / "there", tmp_path / "missing"
    there.mkdir()
    probes = Probes(ping, {"data": there, "output files": missing})
    assert await probes.trouble() == ["the database cannot be reached, or reports an error"]
    well = True
    assert await probes.trouble() == []
    assert list(there.iterdir()) == []
    probes.close()


async def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    async def ping() -> None:
        pass

    (tmp_path / "file").touch()
    probes = Probes(ping, {"uploads": tmp_path / "file" / "input"})
    assert await probes.trouble() == ["the folder for uploads cannot be created"]
    probes.close()
