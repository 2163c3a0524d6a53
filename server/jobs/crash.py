"""The error of a job whose worker died at every attempt."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

_MEMORY = ("SIGKILL",)
_NATIVE = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE")


def crash_problem(crashes: int, reason: str, at_work: Collection[str]) -> dict[str, Any]:
    """The problem of a job that took its worker down too often.

    Args:
        crashes: How often.
        reason: How the process ended the last time.
        at_work: Ids of the nodes that had begun and not ended then; none if that is not known.
    """
    times = "once" if crashes == 1 else f"{crashes} times"
    nodes = ", ".join(f'"{node}"' for node in sorted(at_work))
    where = f", the last time while {nodes} ran" if at_work else ""
    problem: dict[str, Any] = {
        "code": "worker.lost",
        "message": f"The worker of this job ended {times}{where}: {reason}.",
        "hint": _hint(reason),
    }
    if len(at_work) == 1:
        problem["node"] = next(iter(at_work))
    return problem


def _hint(reason: str) -> str:
    if any(name in reason for name in _NATIVE):
        return (
            "A compiled library that the node uses failed. See the server's log for its last "
            "lines; another version of the node's pack or of the library may help."
        )
    if any(name in reason for name in _MEMORY):
        return "Memory may have run out: use a smaller image, batch or model."
    return (
        "See the server's log for the node's last lines; a smaller image or batch needs less "
        "memory."
    )
