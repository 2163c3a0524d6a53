"""Slow, silent and many connections; what is asserted is who is closed and who is answered."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.server.connections.listening import HALF, WHOLE, listening

OPENSSL = shutil.which("openssl")
POST = b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"


async def test_half_a_head_is_answered_with_408_and_closed() -> None:
    async with listening(head=0.2) as place:
        wire = await place.connect()
        wire.say(HALF)
        said = await wire.until_closed()
        assert said.startswith(b"HTTP/1.1 408 ")
        body = json.loads(said.partition(b"\r\n\r\n")[2])
        assert body["error"]["code"] == "request.too_slow"
        await place.until_open(0)


async def test_head_that_drips_is_closed_although_bytes_come() -> None:
    async with listening(head=0.3) as place:
        wire = await place.connect()
        wire.say(HALF)
        closed = asyncio.ensure_future(wire.until_closed())
        while not closed.done():
            wire.say(b"x")
            await asyncio.wait([closed], timeout=0.01)
        assert closed.result().startswith(b"HTTP/1.1 408 ")


async def test_silent_connection_is_closed_without_a_word() -> None:
    async with listening(head=0.2) as place:
        wire = await place.connect()
        assert await wire.until_closed() == b""
        await place.until_open(0)


async def test_second_request_that_stays_half_is_closed_too() -> None:
    async with listening(head=0.2) as place:
        wire = await place.connect()
        wire.say(WHOLE)
        assert await wire.answer() == (200, b"here")
        wire.say(HALF)
        assert (await wire.until_closed()).startswith(b"HTTP/1.1 408 ")


async def test_idle_connection_is_closed() -> None:
    async with listening(idle=0.2) as place:
        wire = await place.connect()
        wire.say(WHOLE)
        assert await wire.answer() == (200, b"here")
        assert await wire.until_closed() == b""


async def test_slow_answer_is_not_idle() -> None:
    async with listening(head=0.1, idle=0.1, body=0.1) as place:
        slow, silent = await place.connect(), await place.connect()
        slow.say(WHOLE.replace(b"/ ", b"/wait "))
        await place.working.get()
        await silent.until_closed()  # so all times are over
        place.go.set()
        assert await slow.answer() == (200, b"waited")


async def test_body_that_does_not_come_is_408() -> None:
    async with listening(body=0.2) as place:
        wire = await place.connect()
        wire.say(POST + b"x")
        status, body = await wire.answer()
        assert status == 408
        assert json.loads(body)["error"]["code"] == "request.too_slow"
        await wire.until_closed()
        await place.until_open(0)


async def test_body_that_is_read_by_nobody_is_no_fault_of_the_client() -> None:
    async with listening() as place:
        wire = await place.connect()
        wire.say(POST + bytes(1000))
        assert await wire.answer() == (200, b"1000")


async def test_reader_that_takes_nothing_is_closed() -> None:
    async with listening(reading=0.2) as place:
        wire = await place.connect()
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        wire.say(WHOLE.replace(b"/ ", b"/large "))
        await place.until_open(1)
        await place.until_open(0)


async def test_new_connection_takes_the_place_of_a_silent_one() -> None:
    async with listening(most=3, each=3) as place:
        silent = [await place.connect() for _ in range(3)]
        await place.until_open(3)
        for wire in silent:
            wire.say(HALF)
        new = await place.connect()
        new.say(WHOLE)
        assert await new.answer() == (200, b"here")
        assert await silent[0].until_closed() == b""
        assert len(place.table) == 3


async def test_full_of_work_answers_503_in_words_and_goes_on_with_the_work() -> None:
    async with listening(most=2, each=2) as place:
        busy = [await place.connect() for _ in range(2)]
        for wire in busy:
            wire.say(WHOLE.replace(b"/ ", b"/wait "))
        for _ in busy:
            await place.working.get()
        said = await (await place.connect()).until_closed()
        assert said.startswith(b"HTTP/1.1 503 ")
        assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]["code"] == "server.busy"
        place.go.set()
        for wire in busy:
            assert await wire.answer() == (200, b"waited")


async def test_no_more_open_files_closes_waiting_connections_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listening() as place:
        silent = [await place.connect() for _ in range(3)]
        await place.until_open(3)
        trouble = {
            "message": "socket.accept() out of system resource",
            "exception": OSError(24, "Too many open files"),
            "socket": None,
        }
        for _ in range(1000):
            asyncio.get_running_loop().call_exception_handler(trouble)
        for wire in silent:
            assert await wire.until_closed() == b""
        said = [r for r in caplog.records if "no more files" in r.getMessage()]
        assert len(said) == 1


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side of TLS and a client's."""
    if OPENSSL is None:
        pytest.skip("no openssl makes a certificate")
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    subprocess.run(
        [
            *(OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key), "-out"),
            *(str(certificate), "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=str(certificate))


async def test_tls_is_counted_from_the_start_and_answered(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async with listening(most=2, each=2, tls=contexts) as place:
        silent = [await place.connect() for _ in range(2)]  # they say nothing of TLS
        await place.until_open(2)
        wire = await place.connect(tls=True)
        assert await silent[0].until_closed() == b""
        for _ in range(3):
            wire.say(WHOLE)
            assert await wire.answer() == (200, b"here")
        wire.say(WHOLE.replace(b"/ ", b"/large "))
        assert len((await wire.answer())[1]) == 64 << 20


async def test_tls_that_is_never_agreed_on_is_closed(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async with listening(head=0.3, tls=contexts) as place:
        silent, plain = await place.connect(), await place.connect()
        plain.say(WHOLE)
        await plain.until_closed()
        await silent.until_closed()
        await place.until_open(0)
