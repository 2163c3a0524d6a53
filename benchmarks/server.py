"""What the server costs, over loopback, with a real `weft serve` process and one worker.

    python -m benchmarks.server [--jobs N] [--batch N] [--listeners N] [--queued N] [--nodes N]
    python -m benchmarks.server --cost [--rounds N] [--beside FOLDER]

    start      from the shell to the first answer; the very first time with tables to be made and
               modules to be compiled
    jobs       one-node graphs a second, from the first submission until the last is done and stored
    prompts    the same through ComfyUI's /prompt
    batches    the same, many jobs in each request
    submit     median and 99th percentile of a submission while many listen and many wait
    graph      one graph of trivial nodes, from submission to the event that says it is done,
               and the bytes that a listener got
    memory     of the server process, after each

The client is as small as possible and shares the processors with what it measures. Beside each
figure stands the processor time that the server and its worker took, which says more than seconds
on a machine that others use. `--cost` measures nothing but that, in a new server each round, and
prints medians; with `--beside` it takes turns with the weft of another folder (`git worktree`), so
that both meet the same neighbours. ComfyUI's figures were measured on two cores with ComfyUI
0.3.64, whose queue is not stored.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

COMFYUI = {"prompts": "962 a second, not stored", "graph": "3.0 s, 200 MB"}
ROOT = Path(__file__).parent.parent


class Server:
    """A `weft serve` in a folder of its own."""

    def __init__(self, folder: Path, source: Path = ROOT) -> None:
        self.folder = folder
        self.began = time.perf_counter()
        self.log = (folder / "log").open("w")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "weft", "serve", "--port", "0", "--no-warm"),
                *("--data", str(folder / "data"), "--out", str(folder / "out")),
                *("--nodes", "benchmarks._server_nodes"),
            ],
            cwd=source,
            stderr=self.log,
            env={
                **os.environ,
                "WEFT_HOME": str(folder / "home"),
                "PYTHONPATH": str(source / "src"),
                "OMP_NUM_THREADS": "1",
                # Compiled the first time, as pip does it, whatever is usual on this machine.
                "PYTHONDONTWRITEBYTECODE": "",
                "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            },
        )
        self.url = self._url()
        with urllib.request.urlopen(f"{self.url}/v1/health") as answer:
            assert answer.status == 200
        self.started = time.perf_counter() - self.began

    def _url(self) -> str:
        while True:
            for line in (self.folder / "log").read_text().splitlines():
                if '"listening"' in line:
                    return str(json.loads(line)["url"])
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.005)

    def memory(self) -> float:
        """MiB that it holds now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def processor(self) -> tuple[float, float]:
        """Seconds of processor time that the server and its worker have taken."""
        found = []
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for pid in (str(self.process.pid), *children.split()[:1]):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            found.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
        return found[0], found[1] if len(found) > 1 else 0.0

    def stop(self) -> None:
        """End it as people do."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()


class Connection:
    """HTTP over one kept connection, and nothing that costs time."""

    def __init__(self, url: str) -> None:
        self.host, self.port = str(urlsplit(url).hostname), int(urlsplit(url).port or 0)
        self.head = f"Host: {self.host}:{self.port}\r\nContent-Type: application/json\r\n"

    async def __aenter__(self) -> Connection:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of the answer."""
        head = f"{method} {path} HTTP/1.1\r\n{self.head}Content-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        size = int(answer.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        data = await self.reader.readexactly(size)
        assert status < 300, data
        return data

    async def until_idle(self) -> None:
        """Wait until nothing waits or runs."""
        while True:
            queue = json.loads(await self.ask("GET", "/v1/queue?limit=0"))
            if not queue["waiting"] and not queue["running"]:
                return
            await asyncio.sleep(0.02)


class Listener(asyncio.Protocol):
    """A websocket that counts bytes."""

    def __init__(self, connection: Connection) -> None:
        self.bytes = 0
        self.tail = b""
        self.wanted: tuple[bytes, asyncio.Future[None]] | None = None
        self.head = connection.head

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(
            f"GET /v1/events HTTP/1.1\r\n{self.head}Connection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        if self.wanted is not None:
            text, future = self.wanted
            seen = self.tail + data
            self.tail = seen[-200:]
            if text in seen and not future.done():
                future.set_result(None)


def one_node(number: float) -> bytes:
    """A submission of a graph with one node, another each time."""
    workflow = {"nodes": {"n": {"type": "Float", "inputs": {"value": float(number)}}}}
    return json.dumps({"workflow": workflow, "outputs": ["n.value"]}).encode()


def prompt(number: int) -> bytes:
    """The same as ComfyUI has it."""
    nodes = {"1": {"class_type": "Nothing", "inputs": {"value": float(number)}}}
    return json.dumps({"prompt": nodes}).encode()


def many_nodes(count: int) -> bytes:
    """A submission of a graph with trivial nodes in a chain."""
    nodes: dict[str, Any] = {"n0": {"type": "Float", "inputs": {"value": time.time()}}}
    for i in range(1, count):
        link = {"link": f"n{i - 1}.value"}
        nodes[f"n{i}"] = {"type": "Arithmetic", "inputs": {"a": link, "b": 1.0}}
    return json.dumps({"workflow": {"nodes": nodes}, "outputs": [f"n{count - 1}.value"]}).encode()


async def spread(
    url: str, bodies: list[bytes], connections: int, path: str = "/v1/jobs"
) -> list[float]:
    """Submit bodies over several connections; the seconds that each took."""
    times: list[float] = []
    left = iter(bodies)

    async def one() -> None:
        async with Connection(url) as connection:
            for body in left:
                began = time.perf_counter()
                await connection.ask("POST", path, body)
                times.append(time.perf_counter() - began)

    await asyncio.gather(*(one() for _ in range(connections)))
    return times


async def measure_jobs(server: Server, count: int) -> str:
    """One-node graphs a second."""
    bodies = [one_node(i) for i in range(count)]
    return await _until_done(server, count, spread(server.url, bodies, 64))


async def measure_prompts(server: Server, count: int) -> str:
    """One-node prompts a second."""
    bodies = [prompt(i) for i in range(count)]
    return await _until_done(server, count, spread(server.url, bodies, 64, "/prompt"))


async def measure_batches(server: Server, count: int, size: int) -> str:
    """One-node graphs a second, many in each request."""
    jobs = [one_node(i + 0.5) for i in range(count)]
    bodies = [b'{"jobs":[' + b",".join(jobs[i : i + size]) + b"]}" for i in range(0, count, size)]
    return await _until_done(server, count, spread(server.url, bodies, 4, "/v1/jobs/batch"))


async def _until_done(server: Server, count: int, sending: Awaitable[object]) -> str:
    began = time.perf_counter()
    await sending
    accepted = time.perf_counter() - began
    async with Connection(server.url) as connection:
        await connection.until_idle()
    done = time.perf_counter() - began
    return f"{count / done:.0f} a second, stored ({count / accepted:.0f} accepted a second)"


async def measure_submit(server: Server, listeners: int, queued: int) -> str:
    """Latency of submissions while many listen."""
    async with Connection(server.url) as connection:
        loop = asyncio.get_running_loop()
        ends = []
        for _ in range(listeners):
            end, _listener = await loop.create_connection(
                lambda: Listener(connection), connection.host, connection.port
            )
            ends.append(end)
        await connection.ask("POST", "/v1/queue/pause")
        times = await spread(server.url, [one_node(i) for i in range(queued)], 4)
        began = time.perf_counter()
        await connection.ask("POST", "/v1/queue/resume")
        await connection.until_idle()
        drained = time.perf_counter() - began
        for end in ends:
            end.close()
    times.sort()
    middle, high = statistics.median(times), times[int(len(times) * 0.99)]
    return (
        f"median {middle * 1e3:.1f} ms, p99 {high * 1e3:.1f} ms, {queued / sum(times) * 4:.0f} a "
        f"second; then run at {queued / drained:.0f} a second"
    )


async def measure_graph(server: Server, count: int) -> str:
    """One large graph."""
    async with Connection(server.url) as connection:
        loop = asyncio.get_running_loop()
        end, listener = await loop.create_connection(
            lambda: Listener(connection), connection.host, connection.port
        )
        results = []
        for _ in range(3):
            body = many_nodes(count)
            done: asyncio.Future[None] = loop.create_future()
            listener.bytes, listener.wanted = 0, (b'"state":"done","priority"', done)
            began = time.perf_counter()
            await connection.ask("POST", "/v1/jobs", body)
            await done
            results.append((time.perf_counter() - began, listener.bytes))
            listener.wanted, listener.tail = None, b""
        end.close()
    seconds, size = min(results)
    return f"{seconds:.2f} s, {size / 1e6:.2f} MB"


def cost(folder: Path, source: Path, count: int, size: int) -> dict[str, tuple[float, float]]:
    """Milliseconds of processor time a job, of a new server and its worker."""
    folder.mkdir()
    Server(folder, source).stop()  # compiles, and makes tables
    server = Server(folder, source)
    found: dict[str, tuple[float, float]] = {}

    def step(name: str, jobs: int, measure: Callable[[], Awaitable[str]]) -> None:
        before = server.processor()
        asyncio.run(_timed(measure))
        front, worker = (b - a for a, b in zip(before, server.processor(), strict=True))
        found[name] = front * 1e3 / jobs, worker * 1e3 / jobs

    try:
        found["start"] = server.processor()[0] * 1e3, 0.0
        step("warm-up", 300, lambda: measure_jobs(server, 300))
        step("jobs", count, lambda: measure_jobs(server, count))
        step("prompts", count, lambda: measure_prompts(server, count))
        step("batches", count, lambda: measure_batches(server, count, size))
    finally:
        server.stop()
    del found["warm-up"]
    return found


def compare(folder: Path, sources: list[Path], rounds: int, count: int, size: int) -> None:
    """Print the median cost of a job in each source folder, measured in turns."""
    found: list[list[dict[str, tuple[float, float]]]] = [[] for _ in sources]
    for number in range(rounds):
        for place, source in enumerate(sources):
            found[place].append(cost(folder / f"{number}-{place}", source, count, size))
    for place, source in enumerate(sources):
        print(source)
        for name in found[place][0]:
            front, worker = zip(*(one[name] for one in found[place]), strict=True)
            print(
                f"  {name:<8} {statistics.median(front):.3f} + {statistics.median(worker):.3f} ms "
                f"({min(front):.3f} to {max(front):.3f})"
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--listeners", type=int, default=200)
    parser.add_argument("--queued", type=int, default=2000)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--cost", action="store_true", help="only processor time a job")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beside", type=Path, help="another source folder to compare with")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=Path.cwd(), prefix=".bench-"))
    try:
        if options.cost:
            sources = [*([options.beside.absolute()] if options.beside else []), ROOT]
            compare(folder, sources, options.rounds, options.jobs, options.batch)
            return
        server = Server(folder)
        first = server.started
        server.stop()
        server = Server(folder)
        print(f"start    {server.started:.2f} s; the very first time {first:.2f} s")

        def step(name: str, measure: Callable[[], Awaitable[str]]) -> None:
            before = server.processor()
            found = asyncio.run(_timed(measure))
            front, worker = (b - a for a, b in zip(before, server.processor(), strict=True))
            peer = f" [ComfyUI: {COMFYUI[name]}]" if name in COMFYUI else ""
            print(f"{name:<8} {found}{peer}", flush=True)
            cost = f"{front:.2f} s + {worker:.2f} s of processor time"
            print(f"         {cost}; {server.memory():.0f} MiB", flush=True)

        try:
            step("warm-up", lambda: measure_jobs(server, 300))
            step("jobs", lambda: measure_jobs(server, options.jobs))
            step("prompts", lambda: measure_prompts(server, options.jobs))
            step("batches", lambda: measure_batches(server, options.jobs, options.batch))
            step("submit", lambda: measure_submit(server, options.listeners, options.queued))
            step("graph", lambda: measure_graph(server, options.nodes))
            step("again", lambda: measure_jobs(server, options.jobs))
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


async def _timed(measure: Callable[[], Awaitable[str]]) -> str:
    return await asyncio.wait_for(measure(), 120)


if __name__ == "__main__":
    main()
