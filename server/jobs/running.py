"""A job while it runs: what its worker has told so far."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic_core import to_json

from ..api.errors import ProblemModel
from ..api.jobs import NodeReport, NodeState, Progress
from ..worker.messages import Ended, Nodes, Step
from .record import Record


@dataclass(slots=True, eq=False)
class Running:
    """A running job.

    Attributes:
        record: The job.
        nodes: Nodes that have reached a state.
        progress: The latest steps of nodes at work.
    """

    record: Record
    nodes: dict[str, NodeReport] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)

    def take_nodes(self, message: Nodes) -> dict[str, NodeReport]:
        """Take in what changed; the same for clients."""
        changed = {
            node: NodeReport(
                state=cast("NodeState", state),
                seconds=seconds,
                why=why,
                bytes=size,
                problem=ProblemModel(**problem) if problem is not None else None,
            )
            for node, (state, seconds, why, size, problem) in message.nodes.items()
        }
        self.nodes.update(changed)
        for node, report in changed.items():
            if report.state != "running":
                self.progress.pop(node, None)
        return changed

    def take_step(self, message: Step) -> Progress:
        """Take in steps done; the same for clients."""
        made = Progress(
            node=message.node,
            value=message.value,
            total=message.total,
            message=message.message,
            rate=message.rate,
            remaining=message.remaining,
        )
        self.progress[message.node] = made
        return made

    def report(self, ended: Ended | None, problems: list[dict[str, Any]]) -> dict[str, str]:
        """What the table `reports` keeps of it.

        Args:
            ended: How it ended; None if it was broken off.
            problems: What went wrong.
        """
        return {
            "nodes": to_json(self.nodes, exclude_none=True).decode(),
            "results": json.dumps(ended.results if ended is not None else {}),
            "problems": json.dumps(problems),
        }
