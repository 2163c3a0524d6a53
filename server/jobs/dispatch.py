"""`Dispatcher`: gives waiting jobs to workers, and handles their messages.

A worker that dies takes down the job it was running and no other: that job is started again a
limited number of times, those that were waiting behind it go back to the queue, and a new worker
takes its place.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ..api.errors import ApiError, from_json
from ..api.events import PreviewShown, ProgressMade
from ..logs import Seldom
from ..settings import Settings
from ..worker.base import Worker
from ..worker.messages import (
    Alive,
    Answer,
    Ask,
    Began,
    Cancel,
    Ended,
    FromWorker,
    Nodes,
    Preview,
    Ready,
    StepMessage,
    Working,
    Wrote,
)
from .crash import crash_problem
from .ledger import Ledger
from .orders import Orders
from .queue import FairQueue
from .record import Record
from .running import Running
from .slots import Slot

log = logging.getLogger(__name__)

_SLOWEST_RESTART = 30.0  # seconds
_LOOK = 1.0  # seconds between two looks whether workers give signs of life
_AGAIN = 1.0  # seconds until the database is asked again
_LAST_WORD = 2.0  # seconds for a job to stop by itself when the server stops


class Dispatcher:
    """Keeps the workers busy.

    Args:
        make_worker: Makes the worker of a number.
        queue: Waiting jobs.
        ledger: Where everything is written down.
        orders: What jobs were given.
        settings: Number of workers, times of grace, attempts.
        ended: Called with a job that is over, once that is stored.
    """

    def __init__(
        self,
        make_worker: Callable[[int], Worker],
        queue: FairQueue,
        ledger: Ledger,
        orders: Orders,
        settings: Settings,
        ended: Callable[[Record], None],
    ) -> None:
        self._make_worker = make_worker
        self._queue = queue
        self._ledger = ledger
        self._orders = orders
        self._settings = settings
        self._ended = ended
        self._seldom = Seldom(log)
        self._closing = False
        self._idle = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._questions: dict[int, tuple[Slot, asyncio.Future[Any]]] = {}
        self._asked = 0
        self._looked = 0.0  # when the workers' signs of life were looked at, by the loop's clock
        self._watch_timer: asyncio.TimerHandle | None = None
        self.paused = False
        self.deaths = 0
        self.slots = [Slot(n, make_worker(n)) for n in range(settings.workers)]

    # -- life -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the workers; jobs are given to them as they become ready."""
        self._look()
        for slot in self.slots:
            await self._start(slot)

    async def _start(self, slot: Slot) -> None:
        slot.heard = asyncio.get_running_loop().time()
        await slot.worker.start(self._heard, self._lost)

    async def close(self) -> None:
        """Let running jobs finish for a while, put the others back, and end the workers."""
        self._closing = True
        if self._watch_timer is not None:
            self._watch_timer.cancel()
        for grace, cancel in ((self._settings.stop_grace, False), (_LAST_WORD, True)):
            if all(slot.running is None for slot in self.slots):
                break
            self._idle.clear()
            if cancel:
                for slot in self.slots:
                    if slot.running is not None:
                        slot.worker.send(Cancel(slot.running.record.id))
            try:
                async with asyncio.timeout(grace):
                    await self._idle.wait()
            except TimeoutError:
                continue
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(slot.worker.close() for slot in self.slots))

    # -- giving ---------------------------------------------------------------------------------

    def pump(self) -> None:
        """Give waiting jobs to workers that have room, the emptiest first."""
        if self.paused or self._closing:
            return
        alone = len(self.slots) == 1
        fed: set[int] = set()
        while len(self._queue):
            slot = min(
                (s for s in self.slots if s.has_room), key=lambda s: len(s.given), default=None
            )
            record = self._queue.take(slot.models, alone=alone) if slot is not None else None
            if slot is None or record is None:
                break
            slot.given.append(record)
            slot.unsent.append(record)
            slot.models = record.models
            fed.add(slot.number)
        for number in fed:
            self._feed(self.slots[number])

    def _feed(self, slot: Slot) -> None:
        while slot.unsent:
            task = self._orders.pop(slot.unsent[0].id)
            if task is None:
                self._spawn(self._load(slot, slot.worker, slot.unsent[0]))
                return
            slot.unsent.popleft()
            slot.worker.send(task)

    async def _load(self, slot: Slot, worker: Worker, record: Record) -> None:
        while True:
            try:
                task = await self._orders.load(record.id)
                break
            except SQLAlchemyError as error:  # the job waits until the database is back
                self._seldom.error("a job cannot be read: %s", str(error).partition("\n")[0])
                await asyncio.sleep(_AGAIN)
        if slot.worker is worker and slot.unsent and slot.unsent[0] is record:
            self._orders.keep(task)
            self._feed(slot)

    # -- stopping -------------------------------------------------------------------------------

    def slot_of(self, record: Record) -> Slot | None:
        """The worker that a job was given to, or None."""
        return next((slot for slot in self.slots if slot.find(record.id) is record), None)

    def running(self, job: str) -> Running | None:
        """The state of a running job, or None."""
        for slot in self.slots:
            if slot.running is not None and slot.running.record.id == job:
                return slot.running
        return None

    def cancel(self, slot: Slot, record: Record) -> None:
        """Ask a job to stop, and end its worker if it does not within the time of grace."""
        if record.id in slot.stopped:
            return
        slot.stopped.add(record.id)
        record.reason = "stop requested"
        self._ledger.changed(record)
        slot.worker.send(Cancel(record.id))
        self._watch(slot, slot.worker, record)

    def _watch(self, slot: Slot, worker: Worker, record: Record) -> None:
        def look() -> None:
            if slot.worker is not worker or slot.find(record.id) is None:
                return
            if slot.given[0] is record:
                log.warning(
                    "a job did not stop; its worker is being ended", extra={"job": record.id}
                )
                worker.kill()
            else:
                self._watch(slot, worker, record)

        asyncio.get_running_loop().call_later(self._settings.cancel_grace, look)

    # -- workers that hang ----------------------------------------------------------------------

    def _look(self) -> None:
        """End workers that have said nothing for too long."""
        loop = asyncio.get_running_loop()
        now, silence = loop.time(), self._settings.worker_silence
        stood_still = now - self._looked > 2 * _LOOK  # then the server has not listened
        self._looked = now
        for slot in self.slots:
            if slot.heard is None:
                continue
            if stood_still:
                slot.heard = now
            elif silence and now - slot.heard > silence and not slot.hangs:
                slot.hangs = True
                log.error(
                    "a worker does not respond and is being replaced",
                    extra={"worker": slot.worker.name},
                )
                slot.worker.kill()
        self._watch_timer = loop.call_later(_LOOK, self._look)

    # -- hearing --------------------------------------------------------------------------------

    def _heard(self, worker: Worker, message: FromWorker) -> None:
        slot = next((s for s in self.slots if s.worker is worker), None)
        if slot is None:
            return
        slot.heard = asyncio.get_running_loop().time()
        if isinstance(message, Alive):
            return
        if isinstance(message, Ready):
            slot.ready, slot.failures, slot.trouble = True, 0, None
            log.info("worker ready", extra={"worker": worker.name, "pid": message.pid})
            self.pump()
            return
        if isinstance(message, Answer):
            slot.is_mute = False
            self._answered(message)
            return
        record = slot.find(message.job)
        if record is None:
            return
        if isinstance(message, Began):
            self._began(slot, record)
        elif isinstance(message, Ended):
            self._finished(slot, record, message)
        elif isinstance(message, Working):
            if slot.running is not None:
                slot.running.at_work.difference_update(message.over)
                slot.running.at_work.add(message.node)
        elif slot.running is not None:
            self._reported(slot.running, message)

    def _began(self, slot: Slot, record: Record) -> None:
        slot.running = Running(record)
        record.state, record.reason = "running", None
        record.attempt += 1
        record.started, record.finished = time.time(), None
        self._ledger.changed(record)

    def _reported(self, running: Running, message: Nodes | StepMessage | Preview | Wrote) -> None:
        record = running.record
        if isinstance(message, Nodes):
            self._ledger.nodes(record, running.take_nodes(message))
        elif isinstance(message, StepMessage):
            made = running.take_step(message)
            event = ProgressMade(job=record.id, progress=made)
            self._ledger.hub.tell(event, record.owner)
        elif isinstance(message, Preview):
            shown = PreviewShown(job=record.id, node=message.node, media_type=message.media_type)
            self._ledger.hub.tell(shown, record.owner, message.image)
        else:
            self._ledger.wrote(record, message)

    def _finished(self, slot: Slot, record: Record, message: Ended) -> None:
        running = slot.running if slot.running is not None else Running(record)
        slot.given.remove(record)
        slot.running = None
        slot.took(message.seconds)
        asked = record.id in slot.stopped
        slot.stopped.discard(record.id)
        record.ran, record.cached, record.seconds = message.ran, message.cached, message.seconds
        if message.status == "cancelled" and not asked:
            self._back(record, "the server stopped while it was running")
        elif message.status == "cancelled":
            self._over(running, "cancelled", "cancelled while it was running", message, [])
        elif message.status == "failed":
            self._over(running, "failed", None, message, message.problems)
        else:
            self._over(running, "done", None, message, [])
        self.pump()
        if not any(s.running is not None for s in self.slots):
            self._idle.set()

    def _over(
        self,
        running: Running,
        state: Any,
        reason: str | None,
        message: Ended | None,
        problems: list[dict[str, Any]],
    ) -> None:
        record = running.record
        record.state, record.reason, record.finished = state, reason, time.time()
        record.error = json.dumps(problems[0]) if problems else None
        report = running.report(message, problems)
        self._ledger.changed(record, report=report, then=lambda: self._ended(record))

    def _back(self, record: Record, reason: str | None) -> None:
        """Put a job back into the queue, at its place."""
        if record.state != "queued" or record.reason != reason:
            record.state, record.reason = "queued", reason
            self._ledger.changed(record)
        self._queue.add(record)

    # -- workers that die -----------------------------------------------------------------------

    def _lost(self, worker: Worker, reason: str) -> None:
        slot = next((s for s in self.slots if s.worker is worker), None)
        if slot is None:
            return
        if slot.hangs:
            silence = self._settings.worker_silence
            reason = f"it did not respond for {silence:g} seconds and was ended"
        slot.hangs, slot.is_mute, slot.heard = False, False, None
        given, running, stopped = list(slot.given), slot.running, slot.stopped
        if not slot.ready:
            slot.failures += 1
        slot.ready, slot.running, slot.models, slot.pace = False, None, "", None
        slot.trouble = reason
        slot.stopped = set()
        slot.given.clear()
        slot.unsent.clear()
        for number, record in enumerate(given):
            if record.id in stopped:
                how = "cancelled by ending its worker" if number == 0 else "cancelled"
                self._over(_of(record, running), "cancelled", how, None, [])
            elif number == 0 and not self._closing:
                self._crashed(_of(record, running), reason)
            else:
                self._back(
                    record, "the server stopped while it was running" if number == 0 else None
                )
        for number, (asked, future) in list(self._questions.items()):
            if asked is slot:
                del self._questions[number]
                if not future.done():
                    future.set_exception(no_worker(reason))
        if self._closing:
            self._idle.set()
            return
        self.deaths += not stopped
        log.log(
            logging.INFO if stopped else logging.ERROR,
            "a worker ended: %s", reason, extra={"worker": worker.name},
        )  # fmt: skip
        slot.worker = self._make_worker(slot.number)
        self._spawn(self._restart(slot))

    def _crashed(self, running: Running, reason: str) -> None:
        record = running.record
        record.crashes += 1
        if record.crashes < self._settings.attempts:
            self._back(record, f"retry, because the worker ended: {reason}")
            return
        problem = crash_problem(record.crashes, reason, running.at_work)
        self._over(running, "failed", None, None, [problem])

    async def _restart(self, slot: Slot) -> None:
        # At once after a crash; later and later if it cannot even start.
        if slot.failures:
            await asyncio.sleep(min(2.0 ** (slot.failures - 1), _SLOWEST_RESTART))
        while True:
            try:
                await self._start(slot)
                break
            except OSError as error:  # no memory, no process, no file is left for it
                slot.failures += 1
                slot.trouble = f"none can be started: {error.strerror or error}"
                self._seldom.error("no worker can be started: %s", error.strerror or error)
                await asyncio.sleep(min(2.0 ** (slot.failures - 1), _SLOWEST_RESTART))
        self.pump()

    # -- questions ------------------------------------------------------------------------------

    async def ask(self, question: str, **about: Any) -> Any:
        """Ask a worker something, beside its work.

        Raises:
            ApiError: 503: there is no worker, or it does not answer in time; or what the worker
                found wrong.
        """
        ready = [slot for slot in self.slots if slot.ready]
        slot = min((s for s in ready if not s.is_mute), key=lambda s: len(s.given), default=None)
        if slot is None:
            raise no_worker("it does not respond" if ready else "none has started yet")
        future = self._ask(slot, question, about)
        worker, seconds = slot.worker, self._settings.worker_answer
        await asyncio.wait([future], timeout=seconds)
        if not future.done():
            future.cancel()
            slot.is_mute = slot.worker is worker
            raise no_worker(f"it did not respond within {seconds:g} seconds")
        return future.result()

    async def ask_all(self, question: str, seconds: float, **about: Any) -> list[Any]:
        """Ask every worker that has started; the answers of those that give one in time.

        Args:
            question: See `Ask`.
            seconds: How long to wait for an answer; a native call may keep a worker from it.
            about: What the question needs.
        """
        asking = [self._ask(slot, question, about) for slot in self.slots if slot.ready]
        if not asking:
            return []
        done, late = await asyncio.wait(asking, timeout=seconds)
        for future in late:
            future.cancel()
        return [each.result() for each in asking if each in done and each.exception() is None]

    def _ask(self, slot: Slot, question: str, about: dict[str, Any]) -> asyncio.Future[Any]:
        self._asked += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._questions[self._asked] = (slot, future)
        slot.worker.send(Ask(self._asked, question, about))
        return future

    def _answered(self, message: Answer) -> None:
        _, future = self._questions.pop(message.number, (None, None))
        if future is None or future.done():
            return
        if message.error is not None:
            future.set_exception(from_json(message.error))
        else:
            future.set_result(message.answer)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("the dispatcher failed", exc_info=error)


def _of(record: Record, running: Running | None) -> Running:
    return running if running is not None and running.record is record else Running(record)


def no_worker(reason: str) -> ApiError:
    """A 503 with the reason why no worker can answer."""
    return ApiError(
        503,
        f"No worker can respond now: {reason}.",
        code="worker.none",
        headers={"Retry-After": "1"},
    )
