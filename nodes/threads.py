"""Settings that let torch's threads share a machine with other processes.

The threads of OpenMP spin while they wait for each other, on the assumption that no one else wants
the processor. Two runs at once, or a run beside any other program, then take several times as long:
each spins away the time that the other needs. Waiting passively costs a run alone nothing
(`python -m benchmarks.two_runs`).

OpenMP reads its settings when torch is loaded, so they must be in the environment before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping


def thread_settings(workers: int = 1, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment variables for a process that shares the machine with others.

    Args:
        workers: How many such processes share the machine.
        environ: What is set already and stays; None for this process's environment.

    Returns:
        `OMP_WAIT_POLICY`, passive; with several workers also `OMP_NUM_THREADS`, the cores that each
        may use. What `environ` has is left out.
    """
    environ = os.environ if environ is None else environ
    wanted = {"OMP_WAIT_POLICY": "passive"}
    if workers > 1:
        wanted["OMP_NUM_THREADS"] = str(max((os.cpu_count() or 1) // workers, 1))
    return {name: value for name, value in wanted.items() if name not in environ}


def wait_passively() -> None:
    """Have this process's threads wait passively, unless torch is loaded or the user chose."""
    if "torch" not in sys.modules:
        os.environ.update(thread_settings())
