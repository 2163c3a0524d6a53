"""`Jobs`: what the rest of the server does with jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..api.jobs import Job, JobDetail, JobPage, Move, Queue, State


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of a new job.

    Attributes:
        workflow: Parsed JSON, in weft's format or ComfyUI's API format.
        owner: Who asks.
        values: `node.parameter` or public input -> value, put over the document's.
        outputs: Wanted `node.output`s or public names; None for what the workflow gives.
        priority: Higher ones run first.
        front: Whether it goes before the owner's other jobs of that priority.
        idempotency_key: A second order of the owner with it gives the first one's job.
        id: Chosen by the client; None for a new one.
        title: Shown in lists.
        scope: What makes jobs belong together, for explanations.
        meta: Whatever an adapter wants to find again with the job, as JSON. Clients do not see it.
    """

    workflow: object
    owner: str
    values: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] | None = None
    priority: int = 0
    front: bool = False
    idempotency_key: str | None = None
    id: str | None = None
    title: str | None = None
    scope: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


class Jobs(Protocol):
    """Accepts, lists and steers jobs.

    `owner` in every method is who asks; None asks for everyone (an administrator). The job of
    another owner is as unknown as one that never was: `ApiError` 404.
    """

    async def submit(self, order: Order) -> tuple[Job, bool]:
        """Store a job; when this returns, it survives a crash. Whether it is new.

        Raises:
            DocumentError, ValidationError: It cannot run; nothing was stored.
            ApiError: 409 the id or the key belongs to another order; 429 the queue is full.
        """
        ...

    async def get(self, job: str, owner: str | None) -> JobDetail:
        """All that is known of a job."""
        ...

    async def document(self, job: str, owner: str | None) -> dict[str, Any]:
        """The workflow that it runs, seeds drawn."""
        ...

    async def meta(self, job: str) -> dict[str, Any]:
        """What the adapter gave along."""
        ...

    async def list(
        self, owner: str | None, *, state: State | None, limit: int, before: int | None
    ) -> JobPage:
        """Jobs, newest first."""
        ...

    async def cancel(self, job: str, owner: str | None) -> Job:
        """Take it from the queue, or stop it; a job that is over stays as it is."""
        ...

    async def retry(self, job: str, owner: str | None) -> Job:
        """Queue a job that failed, was cancelled or got lost once more."""
        ...

    async def move(self, job: str, owner: str | None, move: Move) -> Job:
        """Give a waiting job another place or priority."""
        ...

    async def delete(self, jobs: Sequence[str], owner: str | None) -> int:
        """Forget jobs that are over; how many. Their files stay."""
        ...

    async def queue(self, owner: str | None, limit: int = 100) -> Queue:
        """What runs and what waits."""
        ...

    async def pause(self) -> None:
        """Start no more jobs; running ones go on."""
        ...

    async def resume(self) -> None:
        """Start jobs again."""
        ...

    async def clear(self, owner: str | None) -> int:
        """Cancel every waiting job; how many."""
        ...
