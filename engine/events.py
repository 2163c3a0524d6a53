"""Events of a run: small frozen records, without sockets and printing.

A listener is any callable that takes one record. Records arrive in the run's event loop, in
order, never at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from .errors import Problem

Status = Literal["done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins.

    Attributes:
        run: Id of the run.
        nodes: Ids of the nodes that the wanted outputs need, in planned order.
        seeds: Every seed of the run, `node.parameter` -> value, random ones drawn.
    """

    run: str
    nodes: tuple[str, ...]
    seeds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A node function is about to be called.

    Attributes:
        why: What changed since the workflow last ran; empty when that is not known, or when
            nothing changed and the result is merely not kept.
        lane: Where it runs.
    """

    run: str
    node: str
    why: tuple[str, ...] = ()
    lane: str = "cpu"


@dataclass(frozen=True, slots=True)
class NodeCached:
    """A node is not called: its result is known."""

    run: str
    node: str


@dataclass(frozen=True, slots=True)
class NodeProgress:
    """A node did `value` of `total` steps."""

    run: str
    node: str
    value: int
    total: int
    message: str | None = None


@dataclass(frozen=True, slots=True)
class NodePreview:
    """A node shows a preview image.

    Attributes:
        image: Encoded bytes.
        media_type: Their type, such as `image/jpeg`.
    """

    run: str
    node: str
    image: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class NodeArtifact:
    """A node has finished a file.

    Attributes:
        path: Where it lies, complete.
        media_type: Its type, such as `image/png`.
        temporary: True for previews, which may be deleted with the run.
    """

    run: str
    node: str
    path: str
    media_type: str
    temporary: bool


@dataclass(frozen=True, slots=True)
class NodeFinished:
    """A node function returned.

    Attributes:
        seconds: How long the call took.
        began: When it began, in seconds of the process's monotonic clock.
        bytes: Memory of its outputs, with what they refer to. Weights that several outputs share
            count in each node that gives them.
    """

    run: str
    node: str
    seconds: float
    began: float = 0.0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class NodeFailed:
    """A node function raised; the nodes that need it will not run."""

    run: str
    node: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run is over.

    Attributes:
        status: done, failed or cancelled.
        ran: Nodes called to the end.
        cached: Nodes answered from the cache.
        seconds: Wall time.
    """

    run: str
    status: Status
    ran: int
    cached: int
    seconds: float


Event = (
    RunStarted
    | NodeStarted
    | NodeCached
    | NodeProgress
    | NodePreview
    | NodeArtifact
    | NodeFinished
    | NodeFailed
    | RunFinished
)
Listener = Callable[[Event], None]


def to_json(event: Event) -> dict[str, Any]:
    """An event as a JSON object: its fields, and `event` naming its kind.

    Preview bytes are replaced by their length; a transport that wants them sends them as binary.
    """
    record: dict[str, Any] = {"event": type(event).__name__}
    for field in fields(event):
        value = getattr(event, field.name)
        if isinstance(value, Problem):
            value = value.to_json()
        elif isinstance(value, bytes):
            value = len(value)
        elif isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, Mapping):
            value = dict(value)
        record[field.name] = value
    return record
