"""A trace of a run in Chrome's format, which Perfetto and chrome://tracing open."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..events import (
    Event,
    NodeCached,
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    RunFinished,
    RunStarted,
)
from ..files.atomic import write_atomically


class Trace:
    """A listener that notes when everything happened.

    One row for each thread of each lane that was in use at once, one for the run. Calls are drawn
    as they were measured; how long they waited for a free thread stands in their arguments.

    Args:
        clock: Seconds; for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._zero = clock()
        self._records: list[dict[str, Any]] = []
        self._open: dict[str, tuple[float, str, tuple[str, ...]]] = {}
        self._calls: list[tuple[float, float, str, str, dict[str, Any]]] = []

    def receive(self, event: Event) -> None:
        """Note one event."""
        now = self._clock() - self._zero
        match event:
            case RunStarted():
                self._instant(now, "run started", {"nodes": len(event.nodes)})
            case NodeStarted():
                self._open[event.node] = (now, event.lane, event.why)
            case NodeFinished():
                began = event.began - self._zero
                self._close(began, began + event.seconds, event.node, {})
            case NodeFailed() if event.node in self._open:
                began = self._open[event.node][0]
                self._close(began, now, event.node, {"error": event.problem.to_json()})
            case NodeCached():
                self._instant(now, f"{event.node} cached", {})
            case NodeProgress():
                self._instant(now, f"{event.node} {event.value}/{event.total}", {})
            case RunFinished():
                arguments = {"ran": event.ran, "cached": event.cached}
                self._instant(now, f"run {event.status}", arguments)
            case _:
                pass

    def to_json(self) -> dict[str, Any]:
        """The trace as JSON data."""
        rows: dict[str, list[float]] = {}  # lane -> for each of its rows, when it is free again
        numbers: dict[str, int] = {"run": 0}
        events = list(self._records)
        for began, ended, node, lane, arguments in sorted(self._calls):
            free = rows.setdefault(lane, [])
            row = next((i for i, until in enumerate(free) if until <= began), len(free))
            free[row : row + 1] = [ended]
            thread = numbers.setdefault(f"{lane} {row}", len(numbers))
            events.append(_record("X", began, node, thread, arguments, dur=(ended - began) * 1e6))
        for name, thread in numbers.items():
            events.append(_record("M", 0, "thread_name", thread, {"name": name}))
        return {"traceEvents": events, "displayTimeUnit": "ms"}

    def save(self, path: Path) -> None:
        """Write the trace as a file, complete or not at all."""
        write_atomically(path, json.dumps(self.to_json()).encode())

    def _instant(self, now: float, name: str, arguments: dict[str, Any]) -> None:
        self._records.append(_record("i", now, name, 0, arguments, s="t"))

    def _close(self, began: float, ended: float, node: str, arguments: dict[str, Any]) -> None:
        asked, lane, why = self._open.pop(node, (began, "cpu", ()))
        more = {"waited_ms": round((began - asked) * 1e3, 3), "why": list(why)}
        self._calls.append((began, ended, node, lane, {**more, **arguments}))


def _record(
    phase: str, seconds: float, name: str, thread: int, arguments: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "ph": phase,
        "ts": seconds * 1e6,
        "name": name,
        "pid": 1,
        "tid": thread,
        "args": arguments,
        **more,
    }
