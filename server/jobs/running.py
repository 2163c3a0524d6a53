"""A running job: the messages of its worker so far."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic_core import to_json

from ..api.errors import ProblemModel
from ..api.jobs import NodeReport, NodeState, Progress
from ..worker.messages import Ended, Nodes, StepMessage
from .record import Record


@dataclass(slots=True, eq=False)
class Running:
    """A running job.

    Attributes:
        record: The job.
        nodes: Nodes that have reached a state.
        progress: The latest steps of nodes at work.
        at_work: Nodes that have begun and not ended, as far as it was told.
    """

    record: Record
    nodes: dict[str, NodeReport] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)
    at_work: set[str] = field(default_factory=set)

    def take_nodes(self, message: Nodes) -> dict[str, NodeReport]:
        """Take in what changed; the same for clients."""
        changed = {
            node: NodeReport(
                state=cast("NodeState", told.state),
                seconds=told.seconds,
                why=told.why,
                bytes=told.bytes,
                problem=ProblemModel(**told.problem) if told.problem is not None else None,
            )
            for node, told in message.nodes.items()
        }
        self.nodes.update(changed)
        for node, report in changed.items():
            if report.state != "running":
                self.progress.pop(node, None)
                self.at_work.discard(node)
        return changed

    def take_step(self, message: StepMessage) -> Progress:
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
        """The stored report of the job, after it ended.

        Args:
            ended: How it ended; None if it was broken off.
            problems: What went wrong.
        """
        return {
            "nodes": to_json(self._ended_nodes(problems), exclude_none=True).decode(),
            "results": json.dumps(ended.results if ended is not None else {}),
            "problems": json.dumps(problems),
        }

    def _ended_nodes(self, problems: list[dict[str, Any]]) -> dict[str, NodeReport]:
        """The nodes without those that were broken off; what took its worker down failed."""
        ended = {n: report for n, report in self.nodes.items() if report.state != "running"}
        for problem in problems:
            node = problem.get("node")
            if node is not None and node not in ended:
                ended[node] = NodeReport.model_validate({"state": "failed"})
        return ended
