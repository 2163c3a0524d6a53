"""Jobs as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from .errors import ProblemModel
from .model import Body, Model

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
        description="Values put over the document's: `node.parameter` or public input -> value.",
    )
    outputs: list[str] | None = Field(
        None,
        max_length=10_000,
        description="Wanted `node.output`s or public names; by default what the workflow gives.",
    )
    priority: int = Field(
        0, ge=-MAX_PRIORITY, le=MAX_PRIORITY, description="Higher ones run first."
    )
    idempotency_key: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_KEY,
        description="A second submission with the same key gives the job of the first.",
    )
    title: str | None = Field(None, max_length=1000, description="Shown in lists.")
    scope: str | None = Field(
        None,
        max_length=500,
        description="What makes jobs belong together (a file, an open tab), so that each can say "
        "what changed since the one before.",
    )
    accepts: list[Effect] | None = Field(
        None,
        max_length=4,
        description="What somebody accepted that this workflow of a stranger does: `reads` and "
        "`writes` files, uses the `network`, runs code of `packs`. A workflow that would do more "
        "is refused, and the run is held to it. None for one's own, which is held to nothing.",
    )


class Batch(Body):
    """Workflows to run, all of them or none."""

    jobs: list[Submission] = Field(min_length=1, max_length=MAX_BATCH)


class Artifact(Model):
    """A file that a job has written."""

    id: int
    node: str = Field(description="Id of the node that wrote it.")
    file: str = Field(description="Name below the output folder.")
    media_type: str
    bytes: int
    kind: Literal["output", "temp"] = Field(description="`temp` for previews.")
    created: datetime


class NodeReport(Model):
    """How far a node is."""

    state: NodeState
    seconds: float | None = Field(None, description="How long its function took.")
    why: list[str] | None = Field(None, description="What changed since it last ran.")
    bytes: int | None = Field(None, description="Memory of its outputs, with what they refer to.")
    problem: ProblemModel | None = Field(
        None, description="Why it failed, told at once; the job may still do what needs it not."
    )


class Progress(Model):
    """Steps of the node that works now."""

    node: str
    value: int
    total: int
    message: str | None = None
    rate: float | None = Field(None, description="Steps a second.")
    remaining: float | None = Field(None, description="Seconds until this node is done.")


class Job(Model):
    """A job, as lists and events have it."""

    id: str
    owner: str
    title: str | None = None
    state: State
    reason: str | None = Field(None, description="Why it is in this state, in words.")
    priority: int
    position: int | None = Field(None, description="Place in the queue, from 0.")
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    attempt: int = Field(description="How often it was started.")
    nodes: int = Field(description="Nodes that the workflow has.")
    ran: int | None = Field(None, description="Nodes called.")
    cached: int | None = Field(None, description="Nodes answered from the cache.")
    seconds: float | None = Field(None, description="Wall time of the last attempt.")
    error: ProblemModel | None = None


class JobDetail(Job):
    """A job with all that is known of it."""

    seeds: dict[str, int] = Field(description="Every seed, `node.parameter` -> value.")
    set: dict[str, Any] = Field(description="The values that were put over the document's.")
    accepts: list[str] | None = Field(None, description="What it may do; none if anything.")
    node_states: dict[str, NodeReport]
    progress: list[Progress]
    artifacts: list[Artifact]
    results: dict[str, Any] = Field(description="Outputs that are numbers or texts, by name.")
    problems: list[ProblemModel] = Field(description="Every failed node.")


class Jobs(Model):
    """The jobs of a batch, in its order."""

    jobs: list[Job]


class JobPage(Model):
    """Some jobs, newest first."""

    jobs: list[Job]
    next: int | None = Field(None, description="`before` of the next page; none at the end.")


class JobQuery(Body):
    """Which jobs to list."""

    state: State | None = None
    limit: int = Field(50, ge=1, le=500)
    before: int | None = Field(None, ge=0, description="From the page before.")


class Move(Body):
    """Where in the queue a job shall stand."""

    to: Literal["front", "back"] | None = None
    before: JobId | None = Field(None, description="Directly before this job.")
    priority: int | None = Field(None, ge=-MAX_PRIORITY, le=MAX_PRIORITY)


class Queue(Model):
    """What runs and what waits."""

    paused: bool
    running: list[Job]
    queued: list[Job] = Field(description="The first ones, in the order in which they will run.")
    waiting: int = Field(description="How many wait in all.")
