"""Events as clients see them, over the websocket and as server-sent events.

Numbered events are kept: a client that was away names the last number it saw and gets the rest.
`progress` and `preview` have no number: only the latest counts, and `snapshot` has it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .jobs import Artifact, Job, NodeReport, Progress, Queue
from .model import ApiModel


class Snapshot(ApiModel):
    """Everything that is going on; the first event of a connection."""

    type: Literal["snapshot"] = "snapshot"
    id: int = Field(description="Number of the last event that the snapshot includes.")
    queue: Queue
    nodes: dict[str, dict[str, NodeReport]] = Field(
        description="Reports of the nodes of running jobs, by job."
    )
    progress: dict[str, list[Progress]] = Field(description="Progress of running jobs, by job.")
    recent: list[Job] = Field(description="Jobs that ended last, newest first.")


class Resumed(ApiModel):
    """The first event of a connection that goes on where another ended."""

    type: Literal["resumed"] = "resumed"
    id: int


class JobChanged(ApiModel):
    """A job was accepted, moved, started, or ended."""

    type: Literal["job"] = "job"
    id: int
    job: Job


class NodesChanged(ApiModel):
    """Nodes of a job reached another state; those that are not named did not."""

    type: Literal["nodes"] = "nodes"
    id: int
    job: str
    nodes: dict[str, NodeReport]


class ArtifactWritten(ApiModel):
    """A job has finished a file."""

    type: Literal["artifact"] = "artifact"
    id: int
    job: str
    artifact: Artifact


class QueueChanged(ApiModel):
    """The queue was paused, resumed or emptied."""

    type: Literal["queue"] = "queue"
    id: int
    paused: bool
    waiting: int


class JobDeleted(ApiModel):
    """A job and its history are gone."""

    type: Literal["deleted"] = "deleted"
    id: int
    job: str


class ProgressMade(ApiModel):
    """A node did some steps. Not kept."""

    type: Literal["progress"] = "progress"
    job: str
    progress: Progress


class PreviewShown(ApiModel):
    """A node shows a preview image. Not stored.

    Over the websocket it is a binary frame: 4 bytes, big-endian, the length of this object as
    JSON; then the object; then the picture.
    """

    type: Literal["preview"] = "preview"
    job: str
    node: str
    media_type: str


Event = (
    Snapshot
    | Resumed
    | JobChanged
    | NodesChanged
    | ArtifactWritten
    | QueueChanged
    | JobDeleted
    | ProgressMade
    | PreviewShown
)
