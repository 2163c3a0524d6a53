"""Reports of a running job: merges the engine's events into the latest changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from weft.engine.events import (
    Event,
    NodeArtifact,
    NodeCached,
    NodeFailed,
    NodeFinished,
    NodePreview,
    NodeProgress,
    NodeStarted,
    RunFinished,
)

from .messages import FromWorker, Nodes, NodeStateMessage, Preview, StepMessage, Working, Wrote

Say = Callable[[FromWorker], None]

PACE = 0.05  # seconds between two reports
_PREVIEW_PACE = 0.1
_LARGEST_PREVIEW = 1 << 20  # bytes


class Reporter:
    """Collects the events of a run, and says at most each `PACE` seconds what is new.

    Args:
        job: Id of the job.
        output: Folder for finished files.
        say: Sends a message.
    """

    def __init__(self, job: str, output: Path, say: Say) -> None:
        self._job = job
        self._output = output
        self._say = say
        self._nodes: dict[str, NodeStateMessage] = {}
        self._over: list[str] = []
        self._steps: dict[str, NodeProgress] = {}
        self._began: dict[str, tuple[float, int]] = {}
        self._preview: NodePreview | None = None
        self._previewed = 0.0
        self._why: dict[str, list[str]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.counts: tuple[int, int, float] = (0, 0, 0.0)

    def receive(self, event: Event) -> None:
        """Take an event of the engine."""
        if isinstance(event, NodeStarted):
            why = list(event.why) or None
            if why is not None:
                self._why[event.node] = why
            self._nodes[event.node] = NodeStateMessage("running", why=why)
            self._say(Working(self._job, event.node, self._over))
            self._over = []
        elif isinstance(event, NodeFinished):
            seconds = round(event.seconds, 6)
            why = self._why.pop(event.node, None)
            self._nodes[event.node] = NodeStateMessage("done", seconds, why, event.bytes or None)
            self._over.append(event.node)
            self._forget_steps(event.node)
        elif isinstance(event, NodeCached):
            self._nodes[event.node] = NodeStateMessage("cached")
        elif isinstance(event, NodeFailed):
            self._nodes[event.node] = NodeStateMessage("failed", problem=event.problem.to_json())
            self._over.append(event.node)
            self._forget_steps(event.node)
        elif isinstance(event, NodeProgress):
            self._steps[event.node] = event
            self._began.setdefault(event.node, (time.monotonic(), event.value))
        elif isinstance(event, NodePreview):
            if len(event.image) <= _LARGEST_PREVIEW:
                self._preview = event
        elif isinstance(event, NodeArtifact):
            self._artifact(event)
            return
        elif isinstance(event, RunFinished):
            self.counts = (event.ran, event.cached, event.seconds)
            return
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PACE, self._tell)

    def close(self) -> None:
        """Say what has not been said."""
        if self._timer is not None:
            self._timer.cancel()
        self._preview = None
        self._steps.clear()
        self._tell()

    def _tell(self) -> None:
        self._timer = None
        if self._nodes:
            self._say(Nodes(self._job, self._nodes))
            self._nodes, self._over = {}, []
        for node, event in self._steps.items():
            rate = self._rate(node, event)
            left = (event.total - event.value) / rate if rate else None
            self._say(
                StepMessage(self._job, node, event.value, event.total, event.message, rate, left)
            )
        self._steps.clear()
        preview, now = self._preview, time.monotonic()
        if preview is not None and now - self._previewed >= _PREVIEW_PACE:
            self._previewed, self._preview = now, None
            self._say(Preview(self._job, preview.node, preview.media_type, preview.image))

    def _rate(self, node: str, event: NodeProgress) -> float | None:
        """Steps a second since the first report; None while there is nothing to tell from."""
        began, first = self._began[node]
        seconds, steps = time.monotonic() - began, event.value - first
        return round(steps / seconds, 4) if steps > 0 and seconds > 0 else None

    def _forget_steps(self, node: str) -> None:
        self._steps.pop(node, None)
        self._began.pop(node, None)

    def _artifact(self, event: NodeArtifact) -> None:
        path = Path(event.path).absolute()
        try:
            name = path.relative_to(self._output).as_posix()
            size = path.stat().st_size
        except (ValueError, OSError):
            return  # outside the output folder, or gone: nobody could fetch it
        self._say(Wrote(self._job, event.node, name, event.media_type, size, event.temporary))
