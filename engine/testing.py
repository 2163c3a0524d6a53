"""For tests: the steps of a run, as lists with readable differences.

log = EventLog()
engine.run(workflow, on_event=log)
assert_ran(log, ["sample", "decode"])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .errors import Problem
from .events import Event, NodeArtifact, NodeCached, NodeFailed, NodeFinished, NodeStarted


@dataclass
class EventLog:
    """A listener that keeps every event and answers what happened.

    Attributes:
        events: All of them, in order.
    """

    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        """Take an event."""
        self.events.append(event)

    def nodes(self, kind: type) -> list[str]:
        """Nodes of all events of a kind, in order."""
        return [e.node for e in self.events if isinstance(e, kind)]  # type: ignore[union-attr]

    @property
    def ran(self) -> list[str]:
        """Nodes that were called to the end, in order of finishing."""
        return self.nodes(NodeFinished)

    @property
    def cached(self) -> list[str]:
        """Nodes that were answered from the cache."""
        return self.nodes(NodeCached)

    @property
    def failed(self) -> list[str]:
        """Nodes that raised."""
        return self.nodes(NodeFailed)

    @property
    def problems(self) -> list[Problem]:
        """Why they did, in the same order."""
        return [e.problem for e in self.events if isinstance(e, NodeFailed)]

    @property
    def artifacts(self) -> list[Path]:
        """Files that nodes wrote, previews as well."""
        return [Path(e.path) for e in self.events if isinstance(e, NodeArtifact)]

    def clear(self) -> None:
        """Forget everything, to listen to the next run."""
        self.events.clear()


def assert_ran(log: EventLog, expected: Iterable[str], *, in_order: bool = False) -> None:
    """Assert which nodes were called, and how often; all others were not.

    Args:
        log: What happened.
        expected: Ids of nodes.
        in_order: Whether the order counts too. Nodes in threads finish in any order.

    Raises:
        AssertionError: Other nodes ran; each difference is a line that says what became of it.
    """
    wanted, ran = list(expected), log.ran
    more, less = Counter(ran) - Counter(wanted), Counter(wanted) - Counter(ran)
    if not more and not less:
        if in_order and ran != wanted:
            raise AssertionError(
                "The right nodes ran, in another order.\n"
                f"  expected  {' '.join(wanted)}\n  ran       {' '.join(ran)}"
            )
        return
    lines = ["Other nodes ran than expected:"]
    lines += [f"  + {node:<20} ran{_times(n)}, was not expected to" for node, n in more.items()]
    lines += [f"  - {node:<20} {_fate(log, node)}{_times(n)}" for node, n in less.items()]
    same = sorted((Counter(ran) & Counter(wanted)).elements())
    lines += [f"  = {' '.join(same)}"] if same else []
    raise AssertionError("\n".join(lines))


def _times(count: int) -> str:
    return f" {count} times" if count > 1 else ""


def _fate(log: EventLog, node: str) -> str:
    """What became of a node that did not run as often as it should have."""
    for problem in log.problems:
        if problem.node == node:
            return f"failed: [{problem.code}] {problem}"
    if node in log.ran:
        return "ran, but was expected once more"
    if node in log.cached:
        return "was answered from the cache"
    if node in log.nodes(NodeStarted):
        return "began and did not end"
    return "was not called: nothing that was wanted needs it, or what it needs failed"
