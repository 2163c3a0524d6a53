"""A real `weft serve` process, as a person would start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60.0  # seconds; only a broken test waits so long


class Serve:
    """Started in a folder; ended with it.

    Args:
        folder: Its data and output lie there.
        words: More of the command line.
        port: 0 lets the system choose.
    """

    def __init__(self, folder: Path, *words: str, port: int = 0, token: str | None = None) -> None:
        self.token = token
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "weft", "serve", "--port", str(port), "--no-packs"),
                *("--data", str(folder / "data"), "--out", str(folder / "out")),
                *("--nodes", "tests.server.toys", "--no-warm", *words),
            ],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log: list[dict[str, Any]] = []
        self.url = str(self.until_logged("listening")["url"])

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    def until_logged(self, message: str) -> dict[str, Any]:
        """Wait for a line of the log."""
        for line in self.log:
            if line["message"] == message:
                return line
        assert self.process.stderr is not None
        for text in self.process.stderr:
            self.log.append(json.loads(text))
            if self.log[-1]["message"] == message:
                return self.log[-1]
        raise AssertionError(f"ended without saying {message!r}: {self.log}")

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        request = self._request(path, method, json.dumps(body).encode() if body else None)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def _request(self, path: str, method: str = "GET", data: bytes | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return urllib.request.Request(self.url + path, data, headers, method=method)

    def submit(self, nodes: dict[str, Any], **more: Any) -> str:
        """Submit a workflow; the id of the job."""
        status, job = self.ask("POST", "/v1/jobs", {"workflow": {"nodes": nodes}, **more})
        assert status == 201, job
        return str(job["id"])

    def events(self, query: str = "") -> Iterator[dict[str, Any]]:
        """What happens, as server-sent events."""
        with urllib.request.urlopen(
            self._request(f"/v1/events{query}"), timeout=PATIENCE
        ) as answer:
            for line in answer:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    def until(self, job: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until what is known of a job fulfils a condition; looked at with each event."""
        for _ in self.events(f"?job={job}"):
            _, detail = self.ask("GET", f"/v1/jobs/{job}")
            if wanted(detail):
                found: dict[str, Any] = detail
                return found
        raise AssertionError("the stream ended")

    def until_done(self, job: str) -> dict[str, Any]:
        """Wait until a job is done."""
        return self.until(job, lambda detail: detail["state"] == "done")

    def end(self, how: signal.Signals) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()


def is_alive(pid: int) -> bool:
    """Whether there is a process of this id that has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # One that has ended and whom nobody has asked about it yet is dead too.
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
