"""Progress bars: one for the run, one for each node at work."""

from __future__ import annotations

import threading

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from weft.engine.events import (
    Event,
    NodeCached,
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    RunStarted,
)

from .live import Live
from .say import plain


class ProgressBars(Live):
    """Listens to a run and draws it on standard error.

    On a terminal the bars live; elsewhere (a log file) each finished node gives one line.
    """

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description:<24}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            transient=True,
        )
        self.lock = threading.RLock()
        self.run: TaskID | None = None
        self.nodes: dict[str, TaskID] = {}
        self.steps: dict[str, int] = {}

    def receive(self, event: Event) -> None:
        """Draw one event, in whatever thread."""
        with self.lock:
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.run = self.bars.add_task("nodes", total=len(event.nodes))
            case NodeStarted():
                self.nodes[event.node] = self.bars.add_task(event.node, total=None)
            case NodeProgress():
                self.steps[event.node] = event.total
                if event.node in self.nodes:
                    self.bars.update(
                        self.nodes[event.node], total=event.total, completed=event.value
                    )
            case NodeFinished():
                steps = self.steps.get(event.node, 0)
                rate = f", {event.seconds / steps:.2f} s a step" if steps > 1 else ""
                self._end(event.node, f"{event.seconds:6.2f} s{rate}")
            case NodeCached():
                self._end(event.node, "cached")
            case NodeFailed():
                self._end(event.node, f"failed: {plain(str(event.problem))}")
            case _:
                pass

    def _end(self, node: str, how: str) -> None:
        task = self.nodes.pop(node, None)
        if task is not None:
            self.bars.remove_task(task)
        if self.run is not None:
            self.bars.advance(self.run)
        self.line(f"{node:<24} {how}")
