"""What listeners have been told so far, all events taken together: the first thing that a new
listener gets.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from ..api.events import (
    Event,
    JobChanged,
    JobDeleted,
    NodesChanged,
    ProgressMade,
    QueueChanged,
    Snapshot,
)
from ..api.jobs import FINAL, Job, NodeReport, Progress, Queue

_RECENT = 50
_MOST_QUEUED = 200


class Picture:
    """Applies events, one after another.

    Attributes:
        ahead: Ids of waiting jobs in the order in which they will run; set by who knows.
    """

    def __init__(self) -> None:
        self.ahead: Callable[[], Iterable[str]] = tuple
        self._paused = False
        self._queued: dict[str, Job] = {}
        self._running: dict[str, Job] = {}
        self._recent: OrderedDict[str, Job] = OrderedDict()
        self._nodes: dict[str, dict[str, NodeReport]] = {}

    def apply(self, event: Event) -> None:
        """Take an event in."""
        if isinstance(event, JobChanged):
            self._job(event.job)
        elif isinstance(event, NodesChanged):
            if event.job in self._running:
                self._nodes.setdefault(event.job, {}).update(event.nodes)
        elif isinstance(event, QueueChanged):
            self._paused = event.paused
        elif isinstance(event, JobDeleted):
            self._recent.pop(event.job, None)

    def begin(self, jobs: Iterable[Job], recent: Iterable[Job], *, paused: bool) -> None:
        """Set what was so when the process started.

        Args:
            jobs: Those that wait or run.
            recent: Those that ended last, newest first.
            paused: Whether the queue is paused.
        """
        self._paused = paused
        for job in [*reversed(list(recent)), *jobs]:
            self._job(job)

    def _job(self, job: Job) -> None:
        if job.state == "queued":
            self._running.pop(job.id, None)
            self._nodes.pop(job.id, None)
            self._recent.pop(job.id, None)
            self._queued[job.id] = job
        elif job.state == "running":
            self._queued.pop(job.id, None)
            self._recent.pop(job.id, None)
            self._running[job.id] = job
        elif job.state in FINAL:
            for known in (self._queued, self._running, self._nodes):
                known.pop(job.id, None)
            self._recent[job.id] = job
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)

    def snapshot(
        self, number: int, progress: Iterable[ProgressMade], owner: str | None, only: str | None
    ) -> Snapshot:
        """Everything that is going on.

        Args:
            number: Of the last event applied.
            progress: The latest of running jobs.
            owner: Whose jobs; None for everyone's.
            only: The only job that is wanted; None for all.
        """

        def wanted(job: Job) -> bool:
            return (owner is None or job.owner == owner) and (only is None or job.id == only)

        running = {job.id: job for job in self._running.values() if wanted(job)}
        queued: list[Job] = []
        for job_id in self.ahead():
            known = self._queued.get(job_id)
            if known is not None and wanted(known):
                queued.append(known)
            if len(queued) == _MOST_QUEUED:
                break
        steps: dict[str, list[Progress]] = {}
        for made in progress:
            if made.job in running:
                steps.setdefault(made.job, []).append(made.progress)
        return Snapshot(
            id=number,
            queue=Queue(
                paused=self._paused,
                running=list(running.values()),
                queued=queued,
                waiting=sum(map(wanted, self._queued.values())),
            ),
            nodes={job: nodes for job, nodes in self._nodes.items() if job in running},
            progress=steps,
            recent=[job for job in reversed(self._recent.values()) if wanted(job)],
        )
