"""Measuring processes: one a program, told what to do in JSON, answering in JSON."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


def imported() -> float:
    """Import what both programs need; when that was done."""
    from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    assert all(
        (AutoencoderKL, CLIPTextModel, CLIPTokenizer, StableDiffusionPipeline, UNet2DConditionModel)
    )
    return time.time()


def peak() -> int:
    """Largest resident memory of this process so far, in bytes, mapped weights included."""
    # Not ru_maxrss: a child inherits its parent's.
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) * 1024


class Watch:
    """Seconds of prompts and of their steps, by the clock and of the processor.

    On a machine that others use too, only the processor's seconds can be compared.
    """

    def __init__(self) -> None:
        self._ends: list[tuple[float, float]] = []
        self._found: list[dict[str, Any]] = []

    def tick(self) -> None:
        """A step has ended."""
        settle()
        self._ends.append((time.perf_counter(), time.process_time()))

    @contextmanager
    def prompt(self) -> Iterator[None]:
        """A prompt is run inside the block. Its first step, which has no beginning, is left out."""
        began = (time.perf_counter(), time.process_time())
        self._ends = []
        yield
        settle()
        ended = (time.perf_counter(), time.process_time())
        steps = [_between(a, b) for a, b in itertools.pairwise(self._ends)]
        self._found.append({"whole": _between(began, ended), "steps": steps})

    def found(self, began: float, ready: float) -> dict[str, Any]:
        """All that there is to say of this process."""
        import torch

        return {
            "imports": ready - began,
            "prompts": self._found,
            "peak": peak(),
            "device_peak": device_peak(),
            "threads": torch.get_num_threads(),
        }


def _between(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return b[0] - a[0], b[1] - a[1]


def settle() -> None:
    """Wait until the GPU has done what it was told, so that clocks tell the truth."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def device_peak() -> int | None:
    """Largest memory that torch held on the GPU, in bytes; None without one."""
    import torch

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
