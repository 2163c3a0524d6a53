"""The protocol's own data of a job, and a finished job as an entry of `/history`."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from weft.engine.declaration.registry import Registry
from weft.engine.graph.document import as_link

from ..api.jobs import Artifact, JobDetail

KEY = "comfy"
SENT = "SaveImageWebsocket"
_KEYWORD = re.compile(r"[A-Za-z0-9_.-]{1,79}")  # of a text in a PNG
_SECRETS = frozenset({"auth_token_comfy_org", "api_key_comfy_org"})


@dataclass(frozen=True, slots=True)
class KeptOutput:
    """Data that a client sent with its prompt.

    Attributes:
        number: Place that the client was told.
        prompt: As it was sent.
        extra_data: As it was sent, without secrets.
        client_id: Whose websocket hears of it; None for all of the owner's.
        outputs: The client's ids of the output nodes that run.
        ids: The client's node ids by weft's, where they differ.
    """

    number: float = 0
    prompt: Mapping[str, Any] = field(default_factory=dict)
    extra_data: Mapping[str, Any] = field(default_factory=dict)
    client_id: str | None = None
    outputs: list[str] = field(default_factory=list)
    ids: Mapping[str, str] = field(default_factory=dict)

    def meta(self) -> dict[str, Any]:
        """As it lies with the job."""
        # Not `asdict`, which copies the whole prompt.
        return {KEY: {each.name: getattr(self, each.name) for each in fields(self)}}

    def item(self, prompt_id: str) -> list[Any]:
        """As an item of the queue."""
        return [self.number, prompt_id, self.prompt, self.extra_data, self.outputs]

    def is_sent(self, node_id: str) -> bool:
        """Whether what a node of weft's id writes goes over the websocket, and nowhere else."""
        node = self.prompt.get(self.node(node_id))
        return isinstance(node, dict) and node.get("class_type") == SENT

    def node(self, node_id: str) -> str:
        """The client's id of a node."""
        return self.ids.get(node_id, node_id)


def kept_of(meta: Mapping[str, Any]) -> KeptOutput | None:
    """The protocol's data of a job; None for a job that came another way."""
    found = meta.get(KEY)
    return KeptOutput(**found) if isinstance(found, dict) else None


def without_secrets(extra_data: Mapping[str, Any]) -> dict[str, Any]:
    """Extra data that may be stored."""
    return {name: value for name, value in extra_data.items() if name not in _SECRETS}


def picture_texts(prompt: object, extra_data: Mapping[str, Any]) -> dict[str, str]:
    """Texts that ComfyUI writes into images, and its editor reads from them.

    Args:
        prompt: As it was sent; becomes the text `prompt`.
        extra_data: Each entry of its `extra_pnginfo`, such as `workflow`, becomes a text.
    """
    extra = extra_data.get("extra_pnginfo")
    entries = extra.items() if isinstance(extra, dict) else ()
    texts = {name: json.dumps(value) for name, value in entries if _KEYWORD.fullmatch(name)}
    return texts | {"prompt": json.dumps(prompt)}


def as_prompt(document: Mapping[str, Any], registry: Registry) -> KeptOutput:
    """A job that came another way, as if it had come as a prompt."""
    prompt: dict[str, Any] = {}
    outputs = []
    for node_id, node in document.get("nodes", {}).items():
        spec = registry.find(node["type"])
        inputs = {name: _prompt_value(v, document, registry) for name, v in node["inputs"].items()}
        prompt[node_id] = {"class_type": node["type"], "inputs": inputs}
        if spec is not None and spec.is_root:
            outputs.append(node_id)
    return KeptOutput(prompt=prompt, outputs=outputs)


def _prompt_value(value: Any, document: Mapping[str, Any], registry: Registry) -> Any:
    link = as_link(value)
    if link is None:
        return value
    source = document["nodes"].get(link.node)
    spec = registry.find(source["type"]) if source is not None else None
    return [link.node, spec.output_index.get(link.output, 0) if spec is not None else 0]


def entry(job: JobDetail, kept: KeptOutput) -> dict[str, Any]:
    """A finished job in ComfyUI's form."""
    outputs = {
        kept.node(node): shown(files)
        for node, files in _by_node(job.artifacts).items()
        if not kept.is_sent(node)
    }
    names = {"prompt_id": job.id}
    cached = [kept.node(n) for n, report in job.node_states.items() if report.state == "cached"]
    messages: list[list[Any]] = []
    if job.started is not None:
        began = names | {"timestamp": milliseconds(job.started)}
        messages += [["execution_start", began], ["execution_cached", {"nodes": cached, **began}]]
    if job.finished is not None:
        messages.append(ending(job, kept, list(job.node_states)))
    return {
        "prompt": kept.item(job.id),
        "outputs": outputs,
        "meta": {
            node: {"node_id": node, "display_node": node, "parent_node": None, "real_node_id": node}
            for node in outputs
        },
        "status": {
            "status_str": "success" if job.state == "done" else "error",
            "completed": job.state == "done",
            "messages": messages,
        },
    }


def ending(job: Any, kept: KeptOutput, executed: Iterable[str]) -> list[Any]:
    """The message that ends a job: its type and data.

    Args:
        job: A `Job` that is over.
        kept: What the client gave along.
        executed: Ids of the nodes that are done.
    """
    data: dict[str, Any] = {
        "prompt_id": job.id,
        "timestamp": milliseconds(job.finished) if job.finished is not None else 0,
    }
    if job.state == "done":
        return ["execution_success", data]
    error = job.error
    node = kept.node(error.node) if error is not None and error.node is not None else None
    given = kept.prompt.get(node, {}) if node is not None else {}
    where = {
        "node_id": node,
        "node_type": given.get("class_type"),
        "executed": [kept.node(n) for n in executed if kept.node(n) != node],
    }
    if job.state == "cancelled":
        return ["execution_interrupted", data | where]
    message = error.message if error is not None else job.reason or "The job was lost."
    hint = f" {error.hint}" if error is not None and error.hint else ""
    inputs = given.get("inputs")
    return [
        "execution_error",
        data
        | where
        | {
            "exception_message": f"{message}{hint}\n",
            "exception_type": error.code if error is not None else "job.lost",
            "traceback": [f"{message}\n"],
            "current_inputs": {
                name: [str(value)[:1000]]
                for name, value in (inputs.items() if isinstance(inputs, dict) else ())
                if not isinstance(value, list)
            },
            "current_outputs": [],
        },
    ]


def file_item(artifact: Artifact) -> dict[str, str]:
    """A file by which `/view` finds it."""
    name = artifact.file
    if artifact.kind == "temp":
        name = name.removeprefix("temp/")
    folder, _, last = name.rpartition("/")
    return {"filename": last, "subfolder": folder, "type": artifact.kind}


def shown(files: Iterable[Artifact]) -> dict[str, list[Any]]:
    """Files of one node under the names that ComfyUI's nodes use for their kinds."""
    found: dict[str, list[Any]] = defaultdict(list)
    for artifact in files:
        kind = artifact.media_type.partition("/")[0]
        key = {"image": "images", "video": "images", "audio": "audio"}.get(kind, "files")
        if artifact.file.endswith(".latent"):
            key = "latents"
        found[key].append(file_item(artifact))
        if kind == "video":
            found["animated"] = [True]
    return dict(found)


def milliseconds(time: datetime) -> int:
    """A time in ComfyUI's form."""
    return int(time.timestamp() * 1000)


def _by_node(artifacts: Iterable[Artifact]) -> dict[str, list[Artifact]]:
    found: dict[str, list[Artifact]] = defaultdict(list)
    for artifact in artifacts:
        found[artifact.node].append(artifact)
    return found
