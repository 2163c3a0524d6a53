"""`JobService`: all operations on jobs for the rest of the server."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..api.errors import ApiError, ProblemModel, not_found
from ..api.jobs import (
    Artifact,
    Job,
    JobDetail,
    JobPage,
    Move,
    NodeReport,
    Queue,
    State,
)
from ..catalog import Catalog
from ..files.pins import Pins
from ..settings import Settings
from ..worker.base import Worker
from .dispatch import Dispatcher
from .ledger import Ledger
from .order import Order
from .orders import Orders
from .queries import Queries
from .queue import FairQueue
from .reception import Accepted, Reception
from .record import Record
from .retention import Retention

__all__ = ["JobService", "Order"]

_INTERRUPTIONS = 10  # how often the server may end while a job runs, before that is its fault
_ID = re.compile(r"[\w-]{1,64}")  # of every job
_PLACES = 2000  # jobs whose place in the queue is told


class JobService:
    """Accepts, lists and controls jobs.

    `owner` in every method is who asks; None asks for everyone (an administrator). The job of
    another owner is as unknown as one that never was: `ApiError` 404.

    Args:
        catalog: Reads and checks documents.
        queries: The database, for reading.
        ledger: The database, for writing; tells events.
        settings: Limits, and what the dispatcher needs.
        make_worker: Makes the worker of a number.
        over: Called with every job that is over, once that is stored.
        pins: Keeps the bytes of input files that jobs were submitted with.
    """

    def __init__(
        self,
        catalog: Catalog,
        queries: Queries,
        ledger: Ledger,
        settings: Settings,
        make_worker: Callable[[int], Worker],
        over: Callable[[Record], None],
        pins: Pins,
    ) -> None:
        self._queries = queries
        self._ledger = ledger
        self._limits = settings.limits
        self._queue = FairQueue()
        self._orders = Orders(queries)
        self._active: dict[str, Record] = {}
        self._plain: OrderedDict[str, None] = OrderedDict()  # active and late jobs without `meta`
        self._accepting = True
        self._over = over
        self._pins = pins
        self._reception = Reception(
            catalog,
            queries,
            ledger,
            self._queue,
            most=settings.limits.queued,
            each=settings.limits.queued_each,
            active=self._active,
            admit=self._admit,
            pins=pins,
        )
        self._retention = Retention(queries, ledger, self._active, settings.limits.keep_jobs)
        self.dispatcher = Dispatcher(
            make_worker, self._queue, ledger, self._orders, settings, self._forget
        )

    # -- life -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what an earlier process left, and start the workers."""
        self.dispatcher.paused = json.loads(await self._queries.fact("paused") or "false")
        lost, changed = [], []
        for record in await self._queries.active():
            if record.state == "running" and record.attempt - record.crashes >= _INTERRUPTIONS:
                record.state, record.finished = "lost", time.time()
                record.reason = f"the server ended {_INTERRUPTIONS} times while it was running"
                lost.append(record)
                continue
            if record.state == "running":
                record.state = "queued"
                record.reason = "resumed after a restart of the server"
                changed.append(record)
            self._active[record.id] = record
            self._queue.add(record)
        picture = self._ledger.hub.picture
        picture.ahead = lambda: (record.id for record in self._ahead())
        recent = await self._queries.page(None, None, 100, None)
        picture.begin(
            [record.view() for record in self._active.values()],
            [record.view() for record in recent if record.is_final][:50],
            paused=self.dispatcher.paused,
        )
        await self._ledger.changed_now([*lost, *changed])
        for record in lost:
            self._pins.ended(record.id)
        await self.dispatcher.start()

    async def close(self) -> None:
        """Take no more jobs; let running ones finish for a while, and put the others back."""
        self._accepting = False
        await self._retention.close()
        await self.dispatcher.close()

    def _forget(self, record: Record) -> None:
        if record.is_final:
            self._active.pop(record.id, None)
            self._retention.ended(record.owner)
            self._pins.ended(record.id)
            self._over(record)

    def _given(self) -> list[Record]:
        """Jobs that a worker has, but has not begun."""
        return [r for slot in self.dispatcher.slots for r in slot.given if r.state == "queued"]

    def _ahead(self) -> Iterator[Record]:
        """Jobs that wait, in the order in which they will run."""
        yield from self._given()
        yield from self._queue.order()

    # -- accepting ------------------------------------------------------------------------------

    async def submit(self, order: Order) -> tuple[Job, bool]:
        """Store a job; when this returns, it survives a crash. Whether it is new.

        Raises:
            DocumentError, ValidationError: It cannot run; nothing was stored.
            ApiError: 409 the id or the key belongs to another order; 429 the queue is full;
                503 the server stops, or its disk is full.
        """
        return (await self.submit_all([order]))[0]

    async def submit_all(self, orders: Sequence[Order]) -> list[tuple[Job, bool]]:
        """Store jobs of one owner, all or none, in one transaction; see `Reception.take`."""
        if not self._accepting:
            raise ApiError(503, "The server is stopping.", code="server.stopping")
        return await self._reception.take(orders)

    def _admit(self, accepted: Sequence[Accepted]) -> None:
        for each in accepted:
            self._active[each.record.id] = each.record
            self._pins.hold(each.record.id, each.task.pins or {})
            if not each.order.meta:
                self._is_plain(each.record.id)
            self._orders.keep(each.task)
            self._queue.add(each.record)
        self.dispatcher.pump()

    async def knows(self, owner: str) -> bool:
        """Whether a user has any data."""
        return await self._queries.knows(owner)

    # -- looking --------------------------------------------------------------------------------

    async def get(self, job: str, owner: str | None) -> JobDetail:
        """All that is known of a job."""
        record = await self._record_of(job, owner)
        view, running = dict(record.view(self._place(record))), self.dispatcher.running(job)
        if record.id in self._active:
            # What it has done besides is perhaps not stored yet; a job that is said to be done
            # must have its files and results.
            await self._ledger.settle()
        order = await self._queries.order(job)
        nodes: dict[str, NodeReport]
        if running is not None:
            nodes, progress = dict(running.nodes), list(running.progress.values())
            results, problems = {}, []
        else:
            report = await self._queries.report(job)
            nodes = {name: NodeReport(**state) for name, state in report.nodes.items()}
            results, problems, progress = report.results, report.problems, []
        return JobDetail(
            **view,
            seeds=order.seeds,
            set=order.overrides,
            accepts=order.accepts,
            node_states=nodes,
            progress=progress,
            artifacts=await self._queries.artifacts(job),
            results=results,
            problems=[ProblemModel(**problem) for problem in problems],
        )

    async def document(self, job: str, owner: str | None) -> dict[str, Any]:
        """The workflow that it runs, seeds drawn."""
        await self._record_of(job, owner)
        found: dict[str, Any] = json.loads((await self._queries.order(job)).document)
        return found

    async def meta(self, job: str) -> dict[str, Any]:
        """Data of the protocol adapter."""
        if job in self._plain:
            return {}
        meta = (await self._queries.order(job)).meta
        if not meta:
            self._is_plain(job)
        return meta

    def _is_plain(self, job: str) -> None:
        """Note that a job has no `meta`, for as long as an event may still tell of it."""
        self._plain[job] = None
        kept = self._limits.events_kept
        while len(self._plain) > kept and next(iter(self._plain)) not in self._active:
            self._plain.popitem(last=False)

    async def artifact(self, number: int, owner: str | None) -> tuple[str, Artifact]:
        """A file by its number, and the job that wrote it."""
        found = await self._queries.artifact(number)
        if found is None:
            raise not_found("artifact", str(number))
        await self._record_of(found[0], owner)
        return found

    async def list(
        self, owner: str | None, *, state: State | None, limit: int, before: int | None
    ) -> JobPage:
        """Jobs, newest first."""
        found = await self._queries.page(owner, state, limit + 1, before)
        records = [self._active.get(record.id, record) for record in found[:limit]]
        more = records[-1].seq if len(found) > limit else None
        return JobPage(jobs=[record.view() for record in records], next=more)

    async def queue(self, owner: str | None, limit: int = 100) -> Queue:
        """The running and the waiting jobs."""
        if owner is None:
            first = list(itertools.islice(self._ahead(), limit))
            waiting = len(self._queue) + len(self._given())
        else:
            mine = [record for record in self._ahead() if record.owner == owner]
            first, waiting = mine[:limit], len(mine)
        running = [slot.running.record for slot in self.dispatcher.slots if slot.running]
        return Queue(
            paused=self.dispatcher.paused,
            running=[r.view() for r in running if owner is None or r.owner == owner],
            queued=[record.view(place) for place, record in enumerate(first)],
            waiting=waiting,
        )

    async def counts(self) -> dict[str, int]:
        """Number of jobs by state."""
        return await self._queries.counts()

    @property
    def can_store(self) -> bool:
        """Whether the database took the last change."""
        return self._ledger.healthy

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._queue)

    async def _record_of(self, job: str, owner: str | None) -> Record:
        record = self._active.get(job)
        if record is None and _ID.fullmatch(job):  # a database is not asked for what it cannot hold
            record = await self._queries.job(job)
        if record is None or (owner is not None and record.owner != owner):
            raise not_found("job", job)
        return record

    def _place(self, record: Record) -> int | None:
        if record.id not in self._queue or len(self._queue) > _PLACES:
            return None
        return next(n for n, r in enumerate(self._queue.order()) if r is record)

    # -- steering -------------------------------------------------------------------------------

    async def cancel(self, job: str, owner: str | None) -> Job:
        """Take it from the queue, or stop it; a job that is over stays as it is."""
        record = await self._record_of(job, owner)
        slot = self.dispatcher.slot_of(record)
        if record.id in self._queue:
            await self._cancel_waiting([record])
        elif slot is not None:
            self.dispatcher.cancel(slot, record)
        return record.view()

    async def _cancel_waiting(self, records: Sequence[Record]) -> None:
        reasons = [record.reason for record in records]
        for record in records:
            self._queue.remove(record)
            record.state, record.reason = "cancelled", "cancelled while waiting"
            record.finished = time.time()
        try:
            await self._ledger.changed_now(records)
        except BaseException:  # nothing was stored, so nothing has happened: they wait on
            for record, reason in zip(records, reasons, strict=True):
                record.state, record.reason, record.finished = "queued", reason, None
                self._queue.add(record)
            self.dispatcher.pump()
            raise
        for record in records:
            self._forget(record)
            self._orders.pop(record.id)

    async def retry(self, job: str, owner: str | None) -> Job:
        """Queue a job that failed, was cancelled or got lost once more, as it was.

        Raises:
            ApiError: 404; 409: it is none of these, or an input file is not what it was.
        """
        record = await self._record_of(job, owner)
        if record.state not in ("failed", "cancelled", "lost") or job in self._active:
            raise ApiError(
                409,
                f"The job is {record.state}.",
                code="jobs.not_over",
                expected="a job that failed, was cancelled or was lost",
                got=record.state,
            )
        self._active[job] = record
        try:
            pins = (await self._queries.order(job)).pins or {}
            self._pins.hold(job, await self._reception.pin_again(pins, record.owner))
        except BaseException:
            del self._active[job]
            raise
        record.state, record.reason, record.error = "queued", "retry requested", None
        record.crashes, record.finished = record.attempt, None
        record.ran = record.cached = record.seconds = record.started = None
        seq = self._ledger.next_job()
        record.position = self._queue.position(record.owner, record.priority, seq, front=False)
        try:
            await self._ledger.changed_now([record])
        except BaseException:
            del self._active[job]
            raise
        self._queue.add(record)
        self.dispatcher.pump()
        return record.view(self._place(record))

    async def move(self, job: str, owner: str | None, move: Move) -> Job:
        """Give a waiting job another place or priority."""
        record = await self._record_of(job, owner)
        target = await self._record_of(move.before, owner) if move.before is not None else None
        for each in (record, target):
            if each is not None and each.id not in self._queue:
                raise ApiError(
                    409,
                    f"The job {each.id} is not waiting; it is {each.state}.",
                    code="jobs.not_waiting",
                    expected="queued",
                    got=each.state,
                )
        changed, before = [record], (record.priority, record.position)
        if target is not None and target is not record:
            changed += self._move_before(record, target)
        elif target is None:
            self._queue.remove(record)
            record.priority = move.priority if move.priority is not None else record.priority
            if move.to is not None or move.priority is not None:
                record.position = self._queue.position(
                    record.owner, record.priority, self._ledger.next_job(),
                    front=move.to == "front",
                )  # fmt: skip
            self._queue.add(record)
        try:
            await self._ledger.changed_now(changed)
        except BaseException:
            if record.id in self._queue:
                self._queue.remove(record)
                record.priority, record.position = before
                self._queue.add(record)
            raise
        return record.view(self._place(record))

    def _move_before(self, record: Record, target: Record) -> Sequence[Record]:
        if target.owner != record.owner:
            raise ApiError(
                409,
                "The two jobs belong to different users, whose jobs take turns.",
                code="jobs.other_owner",
            )
        spread: Sequence[Record] = []
        position = self._queue.between(record, target)
        if position is None:
            spread = self._queue.spread(target.owner, target.priority)
            position = self._queue.between(record, target)
            assert position is not None
        self._queue.remove(record)
        record.priority, record.position = target.priority, position
        self._queue.add(record)
        return [each for each in spread if each is not record]

    async def delete(self, jobs: Sequence[str], owner: str | None) -> int:
        """Forget jobs that are over; how many. Their files stay."""
        records = [await self._record_of(job, owner) for job in jobs]
        for record in records:
            if record.id in self._active:
                raise ApiError(
                    409,
                    f"The job {record.id} is {record.state}.",
                    code="jobs.not_over",
                    got=record.state,
                    hint="Cancel it first.",
                )
        await self._ledger.forget(records)
        return len(records)

    async def pause(self) -> None:
        """Start no more jobs; running ones go on."""
        await self._ledger.queue(paused=True, waiting=len(self._queue))
        self.dispatcher.paused = True

    async def resume(self) -> None:
        """Start jobs again."""
        await self._ledger.queue(paused=False, waiting=len(self._queue))
        self.dispatcher.paused = False
        self.dispatcher.pump()

    async def clear(self, owner: str | None) -> int:
        """Cancel every waiting job; how many."""
        records = [r for r in self._queue.order() if owner is None or r.owner == owner]
        await self._cancel_waiting(records)
        await self._ledger.queue(paused=self.dispatcher.paused, waiting=len(self._queue))
        return len(records)
