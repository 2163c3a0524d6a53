"""Models in memory: a report of them, their release, and a guard for their files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_WEIGHTS = "weft.diffusion.weights.residency"


def standard_holdings() -> list[tuple[str, int]]:
    """Which models are in memory, and their bytes."""
    from weft.diffusion.weights.residency import memory_report

    return [(f"{h.name} ({h.kind})", h.nbytes) for h in memory_report().holdings]


def standard_memory() -> dict[str, Any]:
    """Who holds what in memory: `holdings`, `devices`, and both as `lines` for people."""
    if "torch" not in sys.modules:
        return {"holdings": [], "devices": [], "lines": ["no model is in memory"]}
    from weft.diffusion.weights.residency import memory_report

    report = memory_report()
    return {**report.to_json(), "lines": report.lines()}


def standard_release() -> int:
    """Let all networks go that nobody uses; the bytes set free."""
    if "torch" not in sys.modules:
        return 0
    from weft.diffusion.weights.residency import RESIDENCY

    return RESIDENCY.release()


def standard_watch() -> Callable[[], None]:
    """Begin to watch what a call of a node uses beside its values.

    What is given is to be called after it. It raises if somebody wrote into a model's file whose
    tensors the call used where they lie.
    """
    manager = _residency()
    since = manager.now if manager is not None else 0

    def check() -> None:
        manager = _residency()
        if manager is not None:
            manager.check_files(since)

    return check


def _residency() -> Any:
    """The manager of weights; None if its module is not there, or another lane imports it now."""
    return getattr(sys.modules.get(_WEIGHTS), "RESIDENCY", None)
