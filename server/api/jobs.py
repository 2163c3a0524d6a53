"""Jobs as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from .errors import ProblemModel
from .model import ApiModel, Body

State = Literal["queued", "running", "done", "failed", "cancelled", "lost"]
NodeState = Literal["running", "done", "cached", "failed"]
FINAL: frozenset[State] = frozenset({"done", "failed", "cancelled", "lost"})
Effect = Literal["reads", "writes", "network", "packs"]
JobId = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,64}$")]
MAX_PRIORITY = 1000
MAX_BATCH = 1000  # jobs in one request
MAX_KEY = 200  # characters


class Submission(Body):
    """A workflow to run."""

    workflow: dict[str, Any] = Field(
        description="A weft document, or a workflow in ComfyUI's API format."
    )
    set: dict[str, Any] = Field(
        default_factory=dict,
        max_length=10_000,
        description="Values that replace those of the document: `node.parameter` or public input "
        "-> value.",
    )
    outputs: list[str] | None = Field(
        None,
        max_length=10_000,
        description="Selected `node.output`s or public names; by default all outputs of the "
        "workflow.",
    )
    priority: int = Field(
        0, ge=-MAX_PRIORITY, le=MAX_PRIORITY, description="Priority; higher ones run first."
    )
    idempotency_key: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_KEY,
        description="Idempotency key: a second submission with the same key returns the first job.",
    )
    title: str | None = Field(None, max_length=1000, description="Title in lists.")
    scope: str | None = Field(
        None,
        max_length=500,
        description="The file or tab that the job belongs to. Jobs with the same value are "
        "compared: each node reports what changed since the job before.",
    )
    accepts: list[Effect] | None = Field(
        None,
        max_length=4,
        description="Permissions for a workflow of another author: `reads` and `writes` files, "
        "uses the `network`, runs code of `packs`. A workflow with more effects is "
        "refused, and the run is restricted to these. None for the user's own "
        "workflows, which have no restrictions.",
    )


class Batch(Body):
    """Workflows to run, all of them or none."""

    jobs: list[Submission] = Field(min_length=1, max_length=MAX_BATCH)


class Artifact(ApiModel):
    """A file that a job has written."""

    id: int
    node: str = Field(description="Id of the node that wrote the file.")
    file: str = Field(description="Name below the output folder.")
    media_type: str
    bytes: int
    kind: Literal["output", "temp"] = Field(description="`temp` for previews.")
    created: datetime


class NodeReport(ApiModel):
    """How far a node is."""

    state: NodeState
    seconds: float | None = Field(None, description="Duration of its function in seconds.")
    why: list[str] | None = Field(None, description="Changes since its last run.")
    bytes: int | None = Field(
        None, description="Memory of its outputs in bytes, with the values they refer to."
    )
    problem: ProblemModel | None = Field(
        None,
        description="The reason of its failure. The job may still run nodes that do not need it.",
    )


class Progress(ApiModel):
    """Steps of the node that works now."""

    node: str
    value: int
    total: int
    message: str | None = None
    rate: float | None = Field(None, description="Steps per second.")
    remaining: float | None = Field(None, description="Seconds until this node is finished.")


class Job(ApiModel):
    """A job, as lists and events have it."""

    id: str
    owner: str
    title: str | None = None
    state: State
    reason: str | None = Field(None, description="The reason for its state.")
    priority: int
    position: int | None = Field(None, description="Place in the queue, from 0.")
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    attempt: int = Field(description="Number of attempts.")
    nodes: int = Field(description="Number of nodes in the workflow.")
    ran: int | None = Field(None, description="Number of nodes that ran.")
    cached: int | None = Field(None, description="Number of cache hits.")
    seconds: float | None = Field(None, description="Wall time of the last attempt.")
    error: ProblemModel | None = None


class JobDetail(Job):
    """A job with all that is known of it."""

    seeds: dict[str, int] = Field(description="Every seed, `node.parameter` -> value.")
    set: dict[str, Any] = Field(description="The values that replaced those of the document.")
    accepts: list[str] | None = Field(
        None, description="Its permissions; none if it has no restrictions."
    )
    node_states: dict[str, NodeReport]
    progress: list[Progress]
    artifacts: list[Artifact]
    results: dict[str, Any] = Field(description="Outputs that are numbers or texts, by name.")
    problems: list[ProblemModel] = Field(description="Every failed node.")


class Jobs(ApiModel):
    """The jobs of a batch, in its order."""

    jobs: list[Job]


class JobPage(ApiModel):
    """Some jobs, newest first."""

    jobs: list[Job]
    next: int | None = Field(None, description="`before` for the next page; none at the end.")


class JobQuery(Body):
    """Filters for a list of jobs."""

    state: State | None = None
    limit: int = Field(50, ge=1, le=500)
    before: int | None = Field(None, ge=0, description="`next` of the page before.")


class Move(Body):
    """The new position of a job in the queue."""

    to: Literal["front", "back"] | None = None
    before: JobId | None = Field(None, description="The job to move it in front of.")
    priority: int | None = Field(None, ge=-MAX_PRIORITY, le=MAX_PRIORITY)


class Queue(ApiModel):
    """The running and the waiting jobs."""

    paused: bool
    running: list[Job]
    queued: list[Job] = Field(
        description="The first waiting jobs, in the order in which they will run."
    )
    waiting: int = Field(description="Number of waiting jobs.")
