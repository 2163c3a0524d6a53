"""Measuring processes: one a program, told what to do in JSON, answering in JSON."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def ask(module: str, job: Mapping[str, Any], env: Mapping[str, str] | None = None) -> Any:
    """Run a module of this package in a process of its own; what it answered.

    Raises:
        SystemExit: It failed; its last lines are shown.
    """
    words = [sys.executable, "-m", f"benchmarks.full_size.{module}"]
    told = json.dumps({**job, "began": time.time()})
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(
        words, input=told, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        tail = "\n".join(done.stderr.splitlines()[-15:])
        raise SystemExit(f"{module} failed with {done.returncode}:\n{tail}")
    return json.loads(done.stdout.splitlines()[-1])


def job() -> dict[str, Any]:
    """What this process was asked for."""
    return dict(json.load(sys.stdin))


def answer(value: Any) -> None:
    """Give the answer."""
    print(json.dumps(value), flush=True)


def peak() -> int:
    """Largest resident memory of this process so far, in bytes, mapped weights included."""
    # Not ru_maxrss: a child inherits its parent's.
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) * 1024


class Steps:
    """Seconds between the ends of neighbouring steps."""

    def __init__(self) -> None:
        self._ends: list[float] = []

    def tick(self) -> None:
        """A step has ended."""
        self._ends.append(time.perf_counter())

    def seconds(self) -> list[float]:
        """Each step but the first, which has no beginning of its own; forgets them."""
        ends, self._ends = self._ends, []
        return [b - a for a, b in itertools.pairwise(ends)]


def settle() -> None:
    """Wait until the GPU has done what it was told, so that clocks tell the truth."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def device_peak() -> int | None:
    """Largest memory that torch held on the GPU, in bytes; None without one."""
    import torch

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
