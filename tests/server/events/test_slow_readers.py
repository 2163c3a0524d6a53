"""A client that does not read costs a bounded amount of memory, and hears the end of it later."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.server.fake import FakeWorkers
from tests.server.running import Api, events_of, serving
from weft.server.api.events import NodesChanged
from weft.server.api.jobs import NodeReport
from weft.server.keys import HUB
from weft.server.settings import Limits

KEPT = 40  # events
ROUNDS = 25
LONG = ["x" * 500] * 40  # about 20 kB an event, 20 MB in all
MOST = 4 * 2**20  # bytes; what the ring holds, some times over
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def tell(api: Api, count: int) -> int:
    """Tell large events; the number of the last one."""
    assert api.client.app is not None
    hub = api.client.app[HUB]
    for _ in range(count):

        def make(number: int) -> NodesChanged:
            return NodesChanged(
                id=number, job="j", nodes={"n": NodeReport(state="running", why=LONG)}
            )

        note = hub.number(make, None)
        hub.release(note)
    return note.id or 0


def unsent(api: Api) -> list[int]:
    """Bytes that the server holds for each of its connections."""
    runner = api.client.server.runner
    assert runner is not None
    assert runner.server is not None
    transports: list[Any] = [each.transport for each in runner.server.connections]
    return [each.get_write_buffer_size() for each in transports if each is not None]


@pytest.mark.parametrize("head", [UPGRADE, ""], ids=["websocket", "server-sent"])
async def test_client_that_does_not_read_costs_bounded_memory(tmp_path: Path, head: str) -> None:
    limits = Limits(events_kept=KEPT)
    async with serving(tmp_path, FakeWorkers(), limits=limits) as api:
        host, port = str(api.client.host), int(api.client.port or 0)
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(slow, (host, port))
        asked = f"GET /v1/events HTTP/1.1\r\nHost: {host}:{port}\r\n{head}\r\n"
        await loop.sock_sendall(slow, asked.encode())
        seen = await loop.sock_recv(slow, 2000)  # it is connected, and reads no more
        assert seen.startswith(b"HTTP/1.1 101" if head else b"HTTP/1.1 200")
        async with api.client.ws_connect("/v1/events", max_msg_size=0) as quick:
            most = 0
            for _ in range(ROUNDS):
                last = tell(api, KEPT)
                while not any(event.get("id") == last for event in await events_of(quick)):
                    pass
                most = max(most, *unsent(api))
            assert 0 < most < MOST
        # It was left behind; when it reads again it is told how things stand, not all it missed.
        heard = bytearray()
        mark = json.dumps({"type": "snapshot", "id": last}, separators=(",", ":"))[1:-1].encode()
        async with asyncio.timeout(30):
            while mark not in heard:
                heard += await loop.sock_recv(slow, 2**20)
        assert len(heard) < 2 * MOST
        slow.close()
