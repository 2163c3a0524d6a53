"""What a websocket of ComfyUI's protocol keeps for a reader that does not keep up."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from weft.server.comfy import session as module
from weft.server.comfy.session import Session


class Socket:
    """A websocket whose reader reads when it is told to."""

    def __init__(self) -> None:
        self.reads = asyncio.Event()
        self.sent: asyncio.Queue[Any] = asyncio.Queue()
        self.code: int | None = None
        self.closed = False

    async def send_str(self, text: str) -> None:
        await self.reads.wait()
        self.sent.put_nowait(json.loads(text))

    async def send_bytes(self, data: bytes) -> None:
        await self.reads.wait()
        self.sent.put_nowait(data)

    async def took(self, count: int) -> list[Any]:
        """The next frames."""
        async with asyncio.timeout(20):
            return [await self.sent.get() for _ in range(count)]

    async def close(self, *, code: int) -> None:
        self.code, self.closed = code, True


def opened() -> tuple[Socket, Session]:
    socket = Socket()
    return socket, Session(socket, "me", None, "id")  # type: ignore[arg-type]


async def test_progress_for_a_slow_reader_is_the_latest_only() -> None:
    socket, session = opened()
    task = asyncio.create_task(session.pump())
    session.send("executing", 0)
    await asyncio.sleep(0)
    for step in range(10_000):
        session.send_latest("progress", json.dumps(step))
        session.send_latest("preview", b"%d" % step)
    assert len(session._latest) == 2
    session.send("executed", 1)
    socket.reads.set()
    assert await socket.took(4) == [
        {"type": "executing", "data": 0},
        9999,
        b"9999",
        {"type": "executed", "data": 1},
    ]
    task.cancel()


@pytest.mark.parametrize(("most", "most_bytes"), [(50, 10**9), (10**9, 5000)])
async def test_reader_that_is_far_too_slow_is_let_go(
    monkeypatch: pytest.MonkeyPatch, most: int, most_bytes: int
) -> None:
    monkeypatch.setattr(module, "_MOST", most)
    monkeypatch.setattr(module, "_MOST_BYTES", most_bytes)
    socket, session = opened()
    for number in range(60):
        session.send("executed", "x" * 100 + str(number))
    socket.reads.set()
    await session.pump()
    assert socket.code == 1013
    assert socket.sent.empty()


async def test_what_was_sent_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 5000)
    socket, session = opened()
    socket.reads.set()
    task = asyncio.create_task(session.pump())
    for number in range(200):
        session.send_latest("preview", b"p" * 1000)
        session.send("executed", number)
        assert len(await socket.took(2)) == 2
    assert socket.code is None
    assert session._bytes == 0
    task.cancel()
