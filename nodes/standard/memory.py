"""Models in memory: a report of them, their release, and a guard for their files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_WEIGHTS = "weft.diffusion.weights.residency"


def standard_holdings() -> list[tuple[str, int]]:
    """The models in memory and their sizes in bytes."""
    from weft.diffusion.weights.residency import memory_report

    return [(f"{h.name} ({h.kind})", h.nbytes) for h in memory_report().holdings]


def standard_memory() -> dict[str, Any]:
    """The models in memory: `holdings`, `devices`, and both as `lines` of text."""
    if "torch" not in sys.modules:
        return {"holdings": [], "devices": [], "lines": ["no model is in memory"]}
    from weft.diffusion.weights.residency import memory_report

    report = memory_report()
    return {**report.to_json(), "lines": report.lines()}


def standard_release() -> int:
    """Free the weights of all networks that are not in use; return the bytes freed."""
    if "torch" not in sys.modules:
        return 0
    from weft.diffusion.weights.residency import RESIDENCY

    return RESIDENCY.release()


def standard_watch() -> Callable[[], None]:
    """Watch the model files whose tensors a call of a node uses.

    Call the returned function after the node. It raises if a model file was written to while the
    call used its memory-mapped tensors.
    """
    manager = _residency()
    since = manager.now if manager is not None else 0

    def check() -> None:
        manager = _residency()
        if manager is not None:
            manager.check_files(since)

    return check


def _residency() -> Any:
    """The residency manager of weights; None if its module is not loaded, or being imported now."""
    return getattr(sys.modules.get(_WEIGHTS), "RESIDENCY", None)
