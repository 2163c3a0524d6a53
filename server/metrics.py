"""Numbers for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .api.jobs import State
from .jobs.record import Record
from .jobs.service import JobService

_STATES: tuple[State, ...] = ("queued", "running", "done", "failed", "cancelled", "lost")
# They are a second line for each counter, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]
_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)  # seconds


class Tally:
    """Counters of job times and of responses."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._waited = Histogram(
            "weft_job_wait_seconds",
            "Time from submission to the last start, for finished jobs.",
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self._ran = Histogram(
            "weft_job_seconds",
            "Time from the last start to the end, by final state.",
            ["state"],
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self._answers = Counter(
            "weft_http_answers",
            "Responses by class of status; 1xx are websockets.",
            ["status"],
            registry=self.registry,
        )
        self._by_class = [self._answers.labels(f"{digit}xx") for digit in range(1, 6)]
        ProcessCollector(registry=self.registry)

    def job(self, record: Record) -> None:
        """A job is over."""
        if record.started is not None and record.finished is not None:
            self._waited.observe(max(record.started - record.created, 0.0))
            self._ran.labels(record.state).observe(max(record.finished - record.started, 0.0))

    async def answer(self, _: web.Request, response: web.StreamResponse) -> None:
        """A request is answered."""
        self._by_class[response.status // 100 - 1].inc()


def exposition(jobs: JobService, tally: Tally, counts: Mapping[str, int], listeners: int) -> bytes:
    """The numbers in Prometheus's text format.

    Args:
        jobs: Asked for its workers.
        tally: What was counted along.
        counts: Number of jobs by state.
        listeners: How many listen to events.
    """
    registry = CollectorRegistry()
    registry.register(_Numbers(jobs, counts, listeners))
    return generate_latest(registry) + generate_latest(tally.registry)


class _Numbers(Collector):
    # Read when asked for, not counted along: the database and the workers know them already.
    def __init__(self, jobs: JobService, counts: Mapping[str, int], listeners: int) -> None:
        self._jobs = jobs
        self._counts = counts
        self._listeners = listeners

    def collect(self) -> Iterable[Metric]:
        by_state = GaugeMetricFamily("weft_jobs", "Jobs by state.", labels=["state"])
        for state in _STATES:
            by_state.add_metric([state], self._counts.get(state, 0))
        yield by_state
        slots = self._jobs.dispatcher.slots
        yield GaugeMetricFamily(
            "weft_workers_ready", "Workers that are ready for jobs.", sum(s.ready for s in slots)
        )
        yield GaugeMetricFamily(
            "weft_workers_busy",
            "Workers that are running a job.",
            sum(bool(s.given) for s in slots),
        )
        run = CounterMetricFamily("weft_jobs_run", "Jobs that were run.", labels=["worker"])
        for slot in slots:
            run.add_metric([str(slot.number)], slot.done)
        yield run
        yield CounterMetricFamily(
            "weft_worker_deaths", "Workers that ended unexpectedly.", self._jobs.dispatcher.deaths
        )
        yield GaugeMetricFamily("weft_listeners", "Open event streams.", self._listeners)
        yield GaugeMetricFamily(
            "weft_database_writable",
            "Whether the last change was stored in the database.",
            int(self._jobs.can_store),
        )
        yield GaugeMetricFamily(
            "weft_queue_paused", "Whether the queue is paused.", int(self._jobs.dispatcher.paused)
        )
