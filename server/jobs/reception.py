"""`Reception`: takes orders, one or many at once, and makes them jobs in one transaction."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from weft.engine.errors import Problem, SeveralProblems, WeftError

from ..api.errors import ApiError, Invalid
from ..api.jobs import Job
from ..catalog import Catalog, in_thread_if_large
from ..files.pins import Pins
from ..worker.messages import Task, compact
from .ledger import Ledger
from .order import Order
from .orders import order_row
from .queries import Queries
from .queue import FairQueue
from .record import Record


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """An order that has become a job.

    Attributes:
        record: The job.
        task: What its worker gets.
        order: What was asked for.
    """

    record: Record
    task: Task
    order: Order


@dataclass(frozen=True, slots=True)
class _Checked:
    document: str
    seeds: dict[str, int]
    models: str
    nodes: int
    names: frozenset[str]


class Reception:
    """Checks orders and stores them.

    Args:
        catalog: Reads and checks documents.
        queries: The database, for reading.
        ledger: The database, for writing.
        queue: Where new jobs find their place.
        most: How many jobs may wait.
        each: How many of one owner.
        active: Jobs that are not over, as they are now.
        admit: Called with new jobs once they are stored and told.
        pins: Keeps the bytes of input files that jobs are submitted with.
    """

    def __init__(
        self,
        catalog: Catalog,
        queries: Queries,
        ledger: Ledger,
        queue: FairQueue,
        *,
        most: int,
        each: int,
        active: Mapping[str, Record],
        admit: Callable[[Sequence[Accepted]], None],
        pins: Pins,
    ) -> None:
        self._catalog = catalog
        self._queries = queries
        self._ledger = ledger
        self._queue = queue
        self._most, self._each = most, each
        self._active = active
        self._admit = admit
        self._pins = pins

    async def take(self, orders: Sequence[Order]) -> list[tuple[Job, bool]]:
        """Store the orders of one owner, all of them or none; when this returns, they survive a
        crash. Each one's job, and whether it is new.

        Raises:
            DocumentError, ValidationError: The only order cannot run.
            Invalid: Some of several orders cannot run; every finding says which.
            ApiError: 409 an id or a key belongs to another order; 429 the queue is full; 503 the
                disk is full.
        """
        while True:
            known = await self._known(orders)
            fresh = self._fresh(orders, known)
            self._check_room(len(fresh), orders[0].owner)
            checked = await self._check(fresh, len(orders))
            pinned = await self._pin(fresh, checked)
            accepted = [
                self._accept(o, c, p) for (_, o), c, p in zip(fresh, checked, pinned, strict=True)
            ]
            try:
                if accepted:
                    await self._store(accepted, checked)
            except IntegrityError:
                self._release(pinned)
                # Somebody was quicker. A key that is known by now gives that one's job.
                if (await self._known(orders)).keys() == known.keys():
                    taken = next((o.id for _, o in fresh if o.id is not None), None)
                    text = f'There is already a job "{taken}".'
                    raise ApiError(409, text, code="jobs.id_taken") from None
                continue
            except SQLAlchemyError as error:
                self._release(pinned)
                raise _refused() from error
            made = {number: a.record for (number, _), a in zip(fresh, accepted, strict=True)}
            return [self._answer(n, order, made, known) for n, order in enumerate(orders)]

    # -- keys -----------------------------------------------------------------------------------

    async def _known(self, orders: Sequence[Order]) -> dict[str, Record]:
        """Jobs that were ordered before with the idempotency keys of these orders, by key."""
        keys = [o.idempotency_key for o in orders if o.idempotency_key is not None]
        return await self._queries.with_keys(orders[0].owner, keys) if keys else {}

    @staticmethod
    def _fresh(orders: Sequence[Order], known: Mapping[str, Record]) -> list[tuple[int, Order]]:
        """The orders that are new, with their numbers. The second with a key repeats the first."""
        digests = {key: record.order_digest for key, record in known.items()}
        fresh = []
        for number, order in enumerate(orders):
            key = order.idempotency_key
            if key is None or key not in digests:
                fresh.append((number, order))
            elif digests[key] != order.digest:
                raise ApiError(
                    409,
                    "The idempotency key belongs to a job with another workflow or other values.",
                    code="jobs.key_reused",
                    got=key,
                    hint="Use a new key for each job.",
                )
            if key is not None:
                digests.setdefault(key, order.digest)
        return fresh

    def _answer(
        self, number: int, order: Order, made: Mapping[int, Record], known: Mapping[str, Record]
    ) -> tuple[Job, bool]:
        if number in made:
            return made[number].view(), True
        key = order.idempotency_key or ""
        record = known.get(key) or next(r for r in made.values() if r.idempotency_key == key)
        return self._active.get(record.id, record).view(), False

    # -- checking -------------------------------------------------------------------------------

    def _check_room(self, count: int, owner: str) -> None:
        waiting = self._queue.waiting_of(owner)
        if count and waiting + count > self._each:
            raise ApiError(
                429,
                f"{waiting} of your jobs are waiting already.",
                code="jobs.quota",
                expected=f"at most {self._each} per user",
                hint="Wait until some have run, or cancel some.",
                headers={"Retry-After": "10"},
            )
        if count and len(self._queue) + count > self._most:
            raise ApiError(
                429,
                f"{len(self._queue)} jobs are waiting already.",
                code="jobs.queue_full",
                expected=f"at most {self._most} in all",
                hint="Wait until some have run.",
                headers={"Retry-After": "10"},
            )

    async def _check(self, fresh: Sequence[tuple[int, Order]], count: int) -> list[_Checked]:
        def check() -> list[_Checked]:
            return self._check_all(fresh) if count > 1 else [self._checked(o) for _, o in fresh]

        return await in_thread_if_large([[o.workflow, dict(o.values)] for _, o in fresh], check)

    def _check_all(self, fresh: Sequence[tuple[int, Order]]) -> list[_Checked]:
        found: list[_Checked] = []
        problems: list[Problem] = []
        for number, order in fresh:
            try:
                found.append(self._checked(order))
            except WeftError as error:
                own = error.problems if isinstance(error, SeveralProblems) else (error.problem,)
                problems += [replace(p, message=f"Job {number}: {p.message}") for p in own]
        if problems:
            raise Invalid(
                f"{len(fresh) - len(found)} of {len(fresh)} jobs cannot run; none was accepted:",
                problems,
            )
        return found

    def _checked(self, order: Order) -> _Checked:
        workflow, catalog = order.checked, self._catalog
        if workflow is None:
            workflow = catalog.checked(
                order.workflow, order.values, order.outputs, owner=order.owner
            )
        if order.accepts is not None:
            self._catalog.held_to(workflow, order.accepts)
        workflow = catalog.with_inputs_listed(workflow, order.owner)
        document, seeds = catalog.drawn(workflow)
        return _Checked(
            document=compact(document),
            seeds=seeds,
            models=self._catalog.models_of(workflow),
            nodes=len(workflow.document.nodes),
            names=catalog.input_names(workflow),
        )

    # -- input files ----------------------------------------------------------------------------

    async def _pin(
        self, fresh: Sequence[tuple[int, Order]], checked: Sequence[_Checked]
    ) -> list[dict[str, str]]:
        """Keep the bytes of the input files that orders name, as they are now."""

        def pin() -> list[dict[str, str]]:
            found: list[dict[str, str]] = []
            try:
                for (_, order), each in zip(fresh, checked, strict=True):
                    sees = partial(self._catalog.sees, order.owner)
                    found.append(self._pins.pin(each.names, sees))
            except BaseException:
                self._release(found)
                raise
            return found

        if not any(each.names for each in checked):
            return [{} for _ in checked]
        try:
            return await asyncio.to_thread(pin)
        except OSError as error:
            raise _refused() from error

    async def pin_again(self, pins: Mapping[str, str], owner: str) -> dict[str, str]:
        """Keep the bytes of input files for a job that runs once more.

        Raises:
            ApiError: 409: one of them is not there any more, or holds something else.
        """
        if not pins:
            return {}
        sees = partial(self._catalog.sees, owner)
        found = await asyncio.to_thread(self._pins.pin, pins, sees)
        changed = [name for name, digest in pins.items() if found.get(name) != digest]
        if changed:
            self._pins.release(found)
            raise ApiError(
                409,
                f'The input "{changed[0][:200]}" has changed since the job was submitted.',
                code="jobs.input_changed",
                hint="Submit the workflow again, or restore the file.",
            )
        return found

    def _release(self, pinned: Iterable[Mapping[str, str]]) -> None:
        for each in pinned:
            self._pins.release(each)

    # -- storing --------------------------------------------------------------------------------

    def _accept(self, order: Order, checked: _Checked, pins: dict[str, str]) -> Accepted:
        seq = self._ledger.next_job()
        title = order.title
        if title is None and isinstance(order.workflow, dict):
            named = order.workflow.get("title")
            title = named if isinstance(named, str) else None
        record = Record(
            seq=seq,
            id=order.id if order.id is not None else str(uuid.uuid4()),
            owner=order.owner,
            title=_storable(title),
            priority=order.priority,
            position=self._queue.position(order.owner, order.priority, seq, front=order.front),
            state="queued",
            models=checked.models,
            nodes=checked.nodes,
            created=time.time(),
            order_digest=order.digest,
            idempotency_key=order.idempotency_key,
        )
        outputs = list(order.outputs) if order.outputs is not None else None
        accepts = sorted(order.accepts) if order.accepts is not None else None
        task = Task(
            record.id,
            checked.document,
            outputs,
            _storable(order.scope),
            accepts,
            dict(order.texts) or None,
            pins or None,
        )
        return Accepted(record, task, order)

    async def _store(self, accepted: Sequence[Accepted], checked: Sequence[_Checked]) -> None:
        rows = [
            order_row(a.task, dict(a.order.values), c.seeds, dict(a.order.meta))
            for a, c in zip(accepted, checked, strict=True)
        ]
        records = [a.record for a in accepted]
        await self._ledger.accept(records, rows, lambda: self._admit(accepted))


def _storable(text: str | None) -> str | None:
    """A text of a client as every database takes it: PostgreSQL keeps no NUL, and none a half of a
    pair of UTF-16. Everything else that clients say is kept as JSON, which writes them otherwise.
    """
    if text is None:
        return None
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _refused() -> ApiError:
    return ApiError(
        503,
        "The job cannot be stored and was not accepted.",
        code="server.database",
        hint="Check the server's log and the free space of its disk.",
        headers={"Retry-After": "5"},
    )
