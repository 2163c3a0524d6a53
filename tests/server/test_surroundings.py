"""Every route with a disk or a database that refuses, and the way back."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy.exc import InterfaceError, OperationalError

from tests.server.every_route import ask, furnish, routes_of
from tests.server.failing import failing_database, failing_disk
from tests.server.outer import serving

ALLOWED = (503, 507)
# There is one user, and the job that gives a picture to pack has not run.
REFUSED = {("POST", "/users"): 400, ("POST", "/v1/share/pack"): 422}


async def walk(client: TestClient[Any, Any], known: Any) -> dict[tuple[str, str], int]:
    """The status of every route; none may be a fault, and every refusal has words."""
    found: dict[tuple[str, str], int] = {}
    for method, pattern in routes_of(client):
        status, body = await ask(client, known, method, pattern)
        found[method, pattern] = status
        if status >= 500:
            assert status in ALLOWED, (method, pattern, status, body)
            assert json.loads(body)["error"]["message"], (method, pattern)
    return found


async def until_well(client: TestClient[Any, Any]) -> None:
    """Ask for the server's health until it is well; nothing is written meanwhile."""
    while True:
        async with client.get("/v1/health") as answer:
            if (await answer.json())["status"] == "ok":
                return


async def trouble(client: TestClient[Any, Any]) -> list[str]:
    """What keeps the server from working."""
    async with client.get("/v1/health") as answer:
        found: list[str] = (await answer.json())["trouble"]
        return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the server's own, below the folder that fails; its database is soon tried again."""
    monkeypatch.setattr("weft.server.store.writer._RETRY_AFTER", 0.01)
    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "home"))
    return tmp_path


async def test_every_route_works_as_the_walk_asks_it(home: Path) -> None:
    # Else the walks below would try nothing but refusals of their own.
    async with serving(home) as client:
        found = await walk(client, await furnish(client))
        assert found["POST", "/v1/jobs"] == 201
        assert found["PUT", "/v1/files/{kind}/{name}"] < 300
        bad = {route: status for route, status in found.items() if status in (400, 405, 422)}
        assert bad == REFUSED


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [
        (errno.ENOSPC, 507, "full"),
        (errno.EDQUOT, 507, "full"),
        (errno.EROFS, 503, "is not writable"),
        (errno.EACCES, 503, "is not writable"),
        (errno.EIO, 503, "refuses"),
    ],
    ids=errno.errorcode.get,
)
async def test_every_route_with_a_disk_that_refuses_answers_and_recovers(
    home: Path, number: int, status: int, words: str
) -> None:
    async with serving(home) as client:
        known = await furnish(client)
        with failing_disk(home, number):
            found = await walk(client, known)
            assert found["POST", "/v1/jobs"] == 503
            for route in (
                ("PUT", "/v1/files/{kind}/{name}"),
                ("POST", "/upload/image"),
                ("POST", "/userdata/{file}"),
                ("POST", "/settings"),
            ):
                assert found[route] == status, route
            assert found["POST", "/v1/workflows"] in ALLOWED
            assert found["POST", "/v1/queue/resume"] in ALLOWED
            told = await trouble(client)
            assert any(words in text for text in told), told
            assert "the database refuses changes" in told
        await until_well(client)
        assert (await walk(client, known))["POST", "/v1/jobs"] == 201


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.EACCES], ids=errno.errorcode.get)
async def test_every_route_with_files_that_cannot_be_opened_answers(
    home: Path, number: int
) -> None:
    async with serving(home) as client:
        known = await furnish(client)
        with failing_disk(home, number, reads=True):
            found = await walk(client, known)
            assert found["GET", "/settings"] in ALLOWED
            assert found["GET", "/userdata/{file}"] in (403, 404)  # aiohttp opens it, and says so
        await until_well(client)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        OSError("Multiple exceptions: [Errno 111] Connect call failed"),
        FileNotFoundError(errno.ENOENT, "No such socket"),
        TimeoutError(),
        OperationalError("SELECT 1", {}, Exception("server closed the connection")),
        InterfaceError("SELECT 1", {}, Exception("connection is closed")),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_every_route_without_its_database_answers_and_recovers(
    home: Path, error: Exception
) -> None:
    async with serving(home) as client:
        known = await furnish(client)
        with failing_database(error):
            found = await walk(client, known)
            for route in (
                ("POST", "/v1/jobs"),
                ("GET", "/v1/jobs"),
                ("GET", "/v1/workflows"),
                ("POST", "/v1/workflows"),
                ("GET", "/history"),
            ):
                assert found[route] == 503, route
            assert "the database cannot be reached, or reports an error" in await trouble(client)
        await until_well(client)
        assert (await walk(client, known))["GET", "/v1/jobs"] == 200
