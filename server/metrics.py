"""Numbers for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .api.jobs import State
from .jobs.service import Jobs

_STATES: tuple[State, ...] = ("queued", "running", "done", "failed", "cancelled", "lost")


def exposition(jobs: Jobs, counts: Mapping[str, int], listeners: int) -> bytes:
    """The numbers in Prometheus's text format.

    Args:
        jobs: Asked for its workers.
        counts: Number of jobs by state.
        listeners: How many listen to events.
    """
    registry = CollectorRegistry()
    registry.register(_Numbers(jobs, counts, listeners))
    return generate_latest(registry)


class _Numbers(Collector):
    # Read when asked for, not counted along: the database and the workers know them already.
    def __init__(self, jobs: Jobs, counts: Mapping[str, int], listeners: int) -> None:
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
            "weft_workers_ready", "Workers that can take jobs.", sum(s.ready for s in slots)
        )
        yield GaugeMetricFamily(
            "weft_workers_busy", "Workers that run a job.", sum(bool(s.given) for s in slots)
        )
        run = CounterMetricFamily("weft_jobs_run", "Jobs run.", labels=["worker"])
        for slot in slots:
            run.add_metric([str(slot.number)], slot.done)
        yield run
        yield CounterMetricFamily(
            "weft_worker_deaths", "Workers that ended unasked.", self._jobs.dispatcher.deaths
        )
        yield GaugeMetricFamily("weft_listeners", "Open event streams.", self._listeners)
        yield GaugeMetricFamily(
            "weft_database_writable",
            "Whether the database took the last change.",
            int(self._jobs.can_store),
        )
        yield GaugeMetricFamily(
            "weft_queue_paused", "Whether the queue is paused.", int(self._jobs.dispatcher.paused)
        )
