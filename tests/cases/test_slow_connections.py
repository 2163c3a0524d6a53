"""Connections that say half a head or nothing keep nobody out."""

from __future__ import annotations

import ast
import contextlib
import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases.places import case
from tests.server.process import PATIENCE, ROOT

FILES = 200  # that the server may open: fewer than the connections below


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The port of `weft serve` with few open files, and its process."""
    words = [
        *(sys.executable, "-m", "weft", "serve", "--port", "0", "--no-packs", "--no-warm"),
        *("--workers", "0", "--data", str(folder / "data"), "--out", str(folder / "out")),
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "-c", f'ulimit -n {FILES}; exec "$@"', "bash", *words], cwd=ROOT, stderr=log
        )
    try:
        while not (found := [e for e in lines(folder) if e["message"] == "listening"]):
            assert process.poll() is None
        yield int(str(found[0]["url"]).rpartition(":")[2]), process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def lines(folder: Path) -> list[dict[str, object]]:
    """What the server has logged so far."""
    text = (folder / "log").read_text()
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def half_a_head() -> bytes:
    """What `half_headers.py` sends over each of its connections."""
    program = ast.parse(case("server/half_headers.py").read_text())
    texts = [node.value for node in ast.walk(program) if isinstance(node, ast.Constant)]
    return next(text for text in texts if isinstance(text, bytes) and b"HTTP" in text)


@pytest.mark.skipif(sys.platform == "win32", reason="bash sets the limit of open files")
@pytest.mark.parametrize("said", [half_a_head(), b""], ids=["half-head", "silent"])
def test_more_slow_connections_than_open_files_keep_nobody_out(tmp_path: Path, said: bytes) -> None:
    with serving(tmp_path) as (port, process), contextlib.ExitStack() as open_ones:
        for number in range(3 * FILES):
            wire = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            open_ones.enter_context(wire)
            wire.sendall(said)
            if number % 50 == 0:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{port}/v1/jobs", timeout=PATIENCE
                ) as answer:
                    assert answer.status == 200
        assert process.poll() is None
    assert len(lines(tmp_path)) < 20
