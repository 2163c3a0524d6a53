"""What a worker tells of a run: the latest of everything, not often."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from weft.engine.errors import Problem
from weft.engine.events import (
    NodeArtifact,
    NodeCached,
    NodeFailed,
    NodeFinished,
    NodePreview,
    NodeProgress,
    NodeStarted,
    RunFinished,
)
from weft.server.worker import reporter as module
from weft.server.worker.messages import (
    FromWorker,
    Nodes,
    NodeStateMessage,
    Preview,
    StepMessage,
    Working,
    Wrote,
)
from weft.server.worker.reporter import Reporter


class Ear:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.heard: list[FromWorker] = []
        self.working: list[Working] = []
        self.something = asyncio.Event()

    def say(self, message: FromWorker) -> None:
        self.heard.append(message)
        self.something.set()

    async def next(self) -> list[FromWorker]:
        await asyncio.wait_for(self.something.wait(), 10)
        self.something.clear()
        heard, self.heard = self.heard, []
        self.working += [message for message in heard if isinstance(message, Working)]
        return [message for message in heard if not isinstance(message, Working)]


async def test_states_of_many_nodes_are_one_message_with_the_last_of_each(tmp_path: Path) -> None:
    ear = Ear()
    reporter = Reporter("j", tmp_path, ear.say)
    for number in range(1000):
        reporter.receive(NodeStarted("r", f"n{number}", ("new",)))
        reporter.receive(NodeFinished("r", f"n{number}", 0.25, bytes=7))
    reporter.receive(NodeCached("r", "c"))
    reporter.receive(NodeFailed("r", "f", Problem("a.b", "No.", "f")))
    (message,) = [m for _ in range(2) for m in await ear.next()]
    assert isinstance(message, Nodes)
    assert len(message.nodes) == 1002
    assert message.nodes["n7"] == ("done", 0.25, ["new"], 7, None)
    assert message.nodes["c"][0] == "cached"
    assert message.nodes["f"][0] == "failed"


async def test_node_that_begins_is_told_at_once_with_those_that_ended_before(
    tmp_path: Path,
) -> None:
    said: list[FromWorker] = []
    reporter = Reporter("j", tmp_path, said.append)
    reporter.receive(NodeStarted("r", "a"))
    assert said == [Working("j", "a")]
    reporter.receive(NodeFinished("r", "a", 0.25))
    reporter.receive(NodeStarted("r", "b"))
    reporter.receive(NodeStarted("r", "c"))
    assert said[1:] == [Working("j", "b", ["a"]), Working("j", "c")]
    reporter.close()


async def test_progress_has_a_rate_and_the_time_that_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    ear = Ear()
    reporter = Reporter("j", tmp_path, ear.say)
    reporter.receive(NodeProgress("r", "n", 0, 20))
    await ear.next()
    now = 102.0
    reporter.receive(NodeProgress("r", "n", 3, 20))
    reporter.receive(NodeProgress("r", "n", 4, 20))
    (step,) = await ear.next()
    assert step == StepMessage("j", "n", 4, 20, None, rate=2.0, remaining=8.0)


async def test_preview_is_the_latest_and_not_too_large(tmp_path: Path) -> None:
    ear = Ear()
    reporter = Reporter("j", tmp_path, ear.say)
    for image in (b"one", b"two", b"x" * (module._LARGEST_PREVIEW + 1)):
        reporter.receive(NodePreview("r", "n", image, "image/jpeg"))
    assert await ear.next() == [Preview("j", "n", "image/jpeg", b"two")]


async def test_only_files_below_the_output_folder_are_told(tmp_path: Path) -> None:
    ear = Ear()
    output = tmp_path / "out"
    (output / "sub").mkdir(parents=True)
    (output / "sub" / "a.png").write_bytes(b"12345")
    (tmp_path / "b.png").touch()
    reporter = Reporter("j", output, ear.say)
    for path in (output / "sub" / "a.png", tmp_path / "b.png", output / "gone.png"):
        reporter.receive(NodeArtifact("r", "n", str(path), "image/png", False))
    assert ear.heard == [Wrote("j", "n", "sub/a.png", "image/png", 5, False)]


async def test_closing_says_what_was_not_said_and_nothing_later(tmp_path: Path) -> None:
    ear = Ear()
    reporter = Reporter("j", tmp_path, ear.say)
    reporter.receive(NodeProgress("r", "n", 1, 2))
    reporter.receive(NodeFinished("r", "n", 1.0))
    reporter.receive(RunFinished("r", "done", 1, 2, 3.0))
    reporter.close()
    assert ear.heard == [Nodes("j", {"n": NodeStateMessage("done", 1.0, None, None, None)})]
    assert reporter.counts == (1, 2, 3.0)


async def test_failure_is_told_with_its_words(tmp_path: Path) -> None:
    ear = Ear()
    reporter = Reporter("j", tmp_path, ear.say)
    reporter.receive(NodeFailed("r", "n", Problem("node.failed", "It is broken.", "n")))
    reporter.close()
    problem = {"code": "node.failed", "message": "It is broken.", "node": "n"}
    assert ear.heard == [Nodes("j", {"n": NodeStateMessage("failed", None, None, None, problem)})]
