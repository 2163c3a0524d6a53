"""A PostgreSQL of a test's own, which it stops and starts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

_FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
_PROGRAMS = _FOUND[-1] if _FOUND else Path(shutil.which("initdb") or "/nowhere").parent
needs_postgresql = pytest.mark.skipif(
    not (_PROGRAMS / "pg_ctl").exists(), reason="no PostgreSQL is installed"
)


class Postgresql:
    """Listens on a socket in a folder of its own; ended with the block."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir="/tmp"))  # the path of a socket must be short
        self._as: tuple[str, ...] = ()
        if os.getuid() == 0:  # it refuses to run as root
            shutil.chown(self.folder, "postgres")
            self._as = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")

    @property
    def url(self) -> str:
        """For `--database`."""
        return f"postgresql://weft@/postgres?host={self.folder}"

    def __enter__(self) -> Self:
        self._run("initdb", "--username", "weft", "--auth", "trust", "--no-sync")
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off"
        self._run("pg_ctl", "--wait", "--log", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once."""
        self._run("pg_ctl", "--wait", "--mode", "immediate", "stop")

    def freeze(self) -> None:
        """Let all its processes stand still, so that it answers nobody."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        first = (self.folder / "data" / "postmaster.pid").read_text().split()[0]
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for pid in (first, *children):
            os.kill(int(pid), number)

    def _run(self, program: str, *words: str) -> None:
        data = ("--pgdata", str(self.folder / "data"))
        subprocess.run(
            [*self._as, str(_PROGRAMS / program), *data, *words],
            check=True, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
