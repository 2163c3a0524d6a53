"""Orders of jobs, cached in memory for those that run soon."""

from __future__ import annotations

import json
from collections import OrderedDict

from ..worker.messages import Task
from .queries import Queries

_BUDGET = 32 << 20  # bytes of documents


class Orders:
    """Tasks by job; from memory if they were accepted lately, else from the database.

    Args:
        queries: The database.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._tasks: OrderedDict[str, Task] = OrderedDict()
        self._bytes = 0

    def keep(self, task: Task) -> None:
        """Remember a task as long as there is room."""
        self._tasks[task.job] = task
        self._bytes += len(task.document)
        while self._bytes > _BUDGET:
            _, oldest = self._tasks.popitem(last=False)
            self._bytes -= len(oldest.document)

    def pop(self, job: str) -> Task | None:
        """The task of a job, which is then forgotten; None if it is not remembered."""
        task = self._tasks.pop(job, None)
        if task is not None:
            self._bytes -= len(task.document)
        return task

    async def load(self, job: str) -> Task:
        """The task of a job from the database."""
        order = await self._queries.order(job)
        return Task(
            job,
            order.document,
            order.outputs,
            order.scope,
            order.accepts,
            order.texts,
            order.pins,
        )


def order_row(task: Task, overrides: object, seeds: object, meta: object) -> dict[str, str | None]:
    """A row of `orders`."""
    return {
        "job": task.job,
        "document": task.document,
        "overrides": json.dumps(overrides),
        "outputs": json.dumps(task.outputs) if task.outputs is not None else None,
        "seeds": json.dumps(seeds),
        "scope": task.scope,
        "meta": json.dumps(meta),
        "accepts": json.dumps(task.accepts) if task.accepts is not None else None,
        "texts": json.dumps(task.texts) if task.texts is not None else None,
        "pins": json.dumps(task.pins) if task.pins is not None else None,
    }
