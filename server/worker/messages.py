"""The messages between the server and a worker, as plain records.

Whatever carries them (a pipe, or messages of a cluster) carries JSON and, for a preview, bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]
HEARTBEAT = 2.0  # seconds between two `Alive`
# Data as JSON text without spaces. Made once: `dumps` would make an encoder for each message.
compact = json.JSONEncoder(separators=(",", ":")).encode


class NodeStateMessage(NamedTuple):
    """The state of a node; a list in JSON, which is short.

    Attributes:
        state: running, done, cached or failed.
        seconds: How long its function took.
        why: What changed since it last ran.
        bytes: Memory of its outputs.
        problem: Why it failed, as a JSON object.
    """

    state: str
    seconds: float | None = None
    why: list[str] | None = None
    bytes: int | None = None
    problem: dict[str, str] | None = None


# -- to a worker ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Setup:
    """The settings of a worker; the first message.

    Attributes:
        path: Where Python modules are looked for.
        node_modules: Modules with more nodes.
        packs: Whether nodes of installed packs are loaded.
        models: Models folders.
        inputs: Input folders.
        output: Output folder.
        extra_model_paths: Files in ComfyUI's format.
        warm: Whether to load heavy libraries before the first job.
        level: The least that is logged.
        metadata: Whether saved pictures hold their workflow.
        pins: Folder with the bytes of input files that jobs were submitted with; None for none.
        private: Whether of the first input folder a job reads only what it was submitted with.
    """

    path: list[str]
    node_modules: list[str]
    packs: bool
    models: list[str]
    inputs: list[str]
    output: str
    extra_model_paths: list[str]
    warm: bool
    level: str
    metadata: bool = True
    pins: str | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """Run this, after what you were given before.

    Attributes:
        job: Id of the job.
        document: The workflow as JSON text.
        outputs: Wanted outputs; None for what the workflow gives.
        scope: What makes runs belong together; None for nothing.
        accepts: What it may do: `reads`, `writes`, `network`, `packs`; None if it is held to
            nothing.
        texts: More texts that files which it writes shall carry, by name; None for none.
        pins: Digest of each input file whose bytes were kept when the job was submitted, by name;
            the job reads those (`pinned_file`). None for none.
    """

    job: str
    document: str
    outputs: list[str] | None = None
    scope: str | None = None
    accepts: list[str] | None = None
    texts: dict[str, str] | None = None
    pins: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop this job, or do not begin it."""

    job: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A question, to be answered beside the work.

    Attributes:
        number: Of this question, which its answer has too.
        question: `explain`, `stats`, `free`, `devices`, `memory` or `runtime`.
        about: What the question needs to be known.
    """

    number: int
    question: str
    about: Json = field(default_factory=dict)


# -- from a worker --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has started.

    Attributes:
        pid: Its process.
    """

    pid: int


@dataclass(frozen=True, slots=True)
class Alive:
    """A sign of life, said every few seconds whatever else is said (`HEARTBEAT`).

    It does not come while the process is stopped, or while native code keeps Python from running.
    """


@dataclass(frozen=True, slots=True)
class Began:
    """A job begins."""

    job: str


@dataclass(frozen=True, slots=True)
class Working:
    """A node begins. Told at once: should the process end with it, this is its last word.

    Attributes:
        job: Id of the job.
        node: Id of the node.
        over: Nodes that have ended since this or `Nodes` was told last.
    """

    job: str
    node: str
    over: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes that reached another state, by id."""

    job: str
    nodes: dict[str, NodeStateMessage]


@dataclass(frozen=True, slots=True)
class StepMessage:
    """A node did `value` of `total` steps."""

    job: str
    node: str
    value: int
    total: int
    message: str | None
    rate: float | None
    remaining: float | None


@dataclass(frozen=True, slots=True)
class Preview:
    """A node shows a preview image; `image` is sent as bytes."""

    job: str
    node: str
    media_type: str
    image: bytes = b""


@dataclass(frozen=True, slots=True)
class Wrote:
    """A node has finished a file below the output folder."""

    job: str
    node: str
    file: str
    media_type: str
    bytes: int
    temporary: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A job is over.

    Attributes:
        status: done, failed or cancelled.
        ran: Nodes called.
        cached: Nodes answered from the cache.
        seconds: Wall time.
        results: Outputs that are plain values.
        problems: What went wrong, as findings.
    """

    job: str
    status: str
    ran: int
    cached: int
    seconds: float
    results: Json = field(default_factory=dict)
    problems: list[Json] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question, or the error that it met."""

    number: int
    answer: Any = None
    error: Json | None = None


ToWorker = Setup | Task | Cancel | Ask
FromWorker = (
    Ready | Alive | Began | Working | Nodes | StepMessage | Preview | Wrote | Ended | Answer
)
Message = ToWorker | FromWorker
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(Setup, Task, Cancel, Ask, Ready, Alive, Began),
        *(Working, Nodes, StepMessage, Preview, Wrote, Ended, Answer),
    )
}


def pinned_file(folder: Path, name: str, digest: str) -> Path:
    """Where the bytes lie that an input file had when a job was submitted.

    The last part of the name stays, because nodes may say it or look at its suffix.
    """
    return folder / digest / name.rpartition("/")[2]


def encode(message: Message) -> bytes:
    """A message as bytes, with its length before it, so that a stream can be cut into messages.

    4 bytes: length of what follows; 4 bytes: length of the JSON; the JSON; perhaps a picture.
    """
    if isinstance(message, Preview):
        data: Json = {"job": message.job, "node": message.node, "media_type": message.media_type}
        image = message.image
    else:
        # Not `asdict`, which copies everything below as well.
        data, image = {name: getattr(message, name) for name in message.__slots__}, b""
    head = compact([type(message).__name__, data]).encode()
    size = 4 + len(head) + len(image)
    return size.to_bytes(4, "big") + len(head).to_bytes(4, "big") + head + image


class Cutter:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete with these bytes."""
        buffer, place, found = self._buffer, 0, []
        buffer += data
        while len(buffer) - place >= 4:
            end = place + 4 + int.from_bytes(buffer[place : place + 4], "big")
            if len(buffer) < end:
                break
            found.append(decode(bytes(buffer[place + 4 : end])))
            place = end
        del buffer[:place]
        return found


def decode(body: bytes) -> Message:
    """A message from what follows its length."""
    end = 4 + int.from_bytes(body[:4], "big")
    kind, data = json.loads(body[4:end])
    if kind == "Preview":
        data["image"] = body[end:]
    elif kind == "Nodes":
        data["nodes"] = {node: NodeStateMessage(*state) for node, state in data["nodes"].items()}
    message: Message = _KINDS[kind](**data)
    return message
