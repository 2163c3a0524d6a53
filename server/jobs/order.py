"""The order of a new job: workflow, values, priority."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from blake3 import blake3

from weft.engine.workflows.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a new job: workflow, values, priority.

    Attributes:
        workflow: Parsed JSON, in weft's format or ComfyUI's API format.
        owner: Who asks.
        checked: The workflow, if whoever asks has read and checked it already.
        values: `node.parameter` or public input -> value, put over the document's.
        outputs: Wanted `node.output`s or public names; None for what the workflow gives.
        priority: Higher ones run first.
        front: Whether it goes before the owner's other jobs of that priority.
        idempotency_key: A second order of the owner with it gives the first one's job.
        id: Chosen by the client; None for a new one.
        title: Shown in lists.
        scope: What makes jobs belong together, for explanations.
        accepts: What somebody accepted that it does (`reads`, `writes`, `network`, `packs`): it can
            do no more then. None for a workflow of one's own, which is held to nothing.
        texts: More texts that files which it writes shall carry, by name.
        meta: Whatever an adapter wants to find again with the job, as JSON. Clients do not see it.
    """

    workflow: object
    owner: str
    checked: Workflow | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] | None = None
    priority: int = 0
    front: bool = False
    idempotency_key: str | None = None
    id: str | None = None
    title: str | None = None
    scope: str | None = None
    accepts: tuple[str, ...] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Names what is to be computed; empty without an idempotency key, which alone needs it."""
        if self.idempotency_key is None:
            return ""
        asked = [self.workflow, dict(self.values), self.outputs, self.priority]
        if self.accepts is not None:
            asked.append(sorted(self.accepts))
        return blake3(json.dumps(asked, sort_keys=True).encode()).hexdigest()
