"""A run that did not end well is gone on with: what it has written is not written again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from weft.engine.cancel import CancelToken
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.errors import Cancelled, NodeError, RunError
from weft.engine.events import Event, NodeArtifact
from weft.engine.files.workspace import Workspace
from weft.engine.store import journal as journal_module
from weft.engine.store.cache import MemoryCache
from weft.engine.testing import EventLog
from weft.engine.workflows.workflow import Workflow

from .. import toy
from ..toy import link

NOTE = {
    "nodes": {
        "text": {"type": "ReadText", "inputs": {"file": "none"}},
        "write": {"type": "WriteText", "inputs": {"text": link("text.value")}},
    },
    "interface": {"inputs": {"file": "text.file"}, "outputs": {}},
}


def notes(count: int) -> Workflow:
    each = {"type": "Note", "inputs": {"file": "*.txt"}, "map": {"over": ["file"]}}
    data = {"weft": 1, "nodes": {"each": each}, "subgraphs": {"Note": NOTE}}
    return Workflow.from_json(data)


def engine(folder: Path) -> Engine:
    """A new one, as a new process would have it."""
    space = Workspace(inputs=[folder / "in"], output=folder / "out")
    return Engine(
        Registry([toy.REGISTRY]),
        workspace=space,
        cache=MemoryCache(2**30),
        journals=folder / "journals",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(20):
        (tmp_path / "in" / f"{number}.txt").write_text(f"text {number}")
    return tmp_path


def interrupted(folder: Path, after: int) -> list[str]:
    """Run until so many files are written; their paths."""
    token, paths = CancelToken(), []

    def listen(event: Event) -> None:
        if isinstance(event, NodeArtifact):
            paths.append(event.path)
            if len(paths) == after:
                token.cancel()

    with engine(folder) as e, pytest.raises(Cancelled):
        e.run(notes(20), on_event=listen, token=token, scope="notes")
    return paths


def finished(folder: Path, **options: Any) -> EventLog:
    log = EventLog()
    with engine(folder) as e:
        e.run(notes(20), on_event=log, **({"scope": "notes"} | options))
    return log


def texts(folder: Path) -> list[str]:
    return sorted(p.read_text() for p in (folder / "out").iterdir())


WHOLE = sorted(f"text {number}" for number in range(20))


def test_run_cancelled_and_run_again_writes_every_file_once(folder: Path) -> None:
    before = interrupted(folder, after=7)
    log = finished(folder)
    assert texts(folder) == WHOLE
    assert {str(p) for p in log.artifacts} >= set(before)
    assert len(log.artifacts) == 20
    assert len([n for n in log.ran if n.endswith("write")]) == 20 - len(before)


def test_run_cancelled_twice_writes_every_file_once(folder: Path) -> None:
    interrupted(folder, after=5)
    interrupted(folder, after=11)
    finished(folder)
    assert texts(folder) == WHOLE


def test_run_that_ended_well_is_written_anew(folder: Path) -> None:
    finished(folder)
    finished(folder)
    assert texts(folder) == sorted(WHOLE * 2)
    assert not list((folder / "journals").iterdir())


def test_run_of_another_scope_or_without_one_is_written_anew(folder: Path) -> None:
    count = len(interrupted(folder, after=5))
    finished(folder, scope="others")
    assert len(texts(folder)) == 20 + count
    finished(folder, scope=None)
    assert len(texts(folder)) == 40 + count


def test_file_deleted_meanwhile_is_written_again(folder: Path) -> None:
    Path(interrupted(folder, after=5)[0]).unlink()
    finished(folder)
    assert texts(folder) == WHOLE


def test_input_changed_meanwhile_is_written_again(folder: Path) -> None:
    for path in (folder / "in").iterdir():
        if path.name != "0.txt":
            path.unlink()
    (folder / "in" / "1.txt").write_text("text 1")
    before = interrupted(folder, after=1)
    for number in range(2):
        (folder / "in" / f"{number}.txt").write_text(f"new {number}")
    finished(folder)
    assert len(texts(folder)) == 2 + len(before)


def test_equal_writers_each_write_and_are_each_told_apart_after_a_break(folder: Path) -> None:
    for path in (folder / "in").iterdir():
        path.write_text("all the same")
    before = interrupted(folder, after=6)
    finished(folder)
    assert texts(folder) == ["all the same"] * 20
    assert len(before) < 20


@pytest.mark.parametrize("junk", [b"[\n", b'["zz", 1, 2]\n', b"\xff\xfe", b'{"a": 1}\n\x00'])
def test_torn_journal_is_read_as_far_as_it_goes(folder: Path, junk: bytes) -> None:
    interrupted(folder, after=5)
    (journal,) = (folder / "journals").iterdir()
    whole = journal.read_bytes()
    journal.write_bytes(whole[: len(whole) - 10] + b"\n" + junk)
    finished(folder)
    assert set(texts(folder)) == set(WHOLE)
    assert len(texts(folder)) == 21  # the one whose line is torn is there twice


def dated(folder: Path, value: float, prefix: str) -> Workflow:
    """Two files with the time in their names; the second one fails while `broken` is there."""
    return Workflow.from_json(
        {
            "weft": 1,
            "nodes": {
                "n": {"type": "Number", "inputs": {"value": value}},
                "t": {"type": "ReadText", "inputs": {"file": "1.txt"}},
                "u": {"type": "MayFail", "inputs": {"text": link("t.value")}},
                "first": {
                    "type": "WriteText",
                    "inputs": {"text": link("t.value"), "prefix": f"{prefix}/first"},
                },
                "second": {
                    "type": "WriteText",
                    "inputs": {"text": link("u.value"), "prefix": f"{prefix}/second"},
                },
            },
        }
    )


@node("MayFail", category="toy")
def may_fail(run: Run, text: str) -> str:
    """Fail while there is a file `broken`.

    Args:
        text: Handed on.

    Returns:
        The text.
    """
    if (run.workspace.output.parent / "broken").exists():
        raise NodeError("It is broken.")
    return text


def run_dated(folder: Path, workflow: Workflow, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromisoformat(when)

    monkeypatch.setattr(journal_module, "datetime", Clock)
    with engine(folder) as e:
        e.registry.add(may_fail)
        e.run(workflow, scope="dated")


def files_of(folder: Path) -> list[str]:
    out = folder / "out"
    return sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())


def test_resumed_run_names_files_by_the_time_that_it_began_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "broken").touch()
    workflow = dated(folder, 1, "%date:yyyy-MM-dd%")
    with pytest.raises(RunError):
        run_dated(folder, workflow, "2026-03-01T23:59:00", monkeypatch)
    assert files_of(folder) == ["2026-03-01/first_00001.txt"]
    (folder / "broken").unlink()
    run_dated(folder, workflow, "2026-03-02T00:10:00", monkeypatch)
    assert files_of(folder) == ["2026-03-01/first_00001.txt", "2026-03-01/second_00001.txt"]
    # That run ended well: the next one is a new one, of its own time, and writes everything.
    run_dated(folder, workflow, "2026-03-02T00:20:00", monkeypatch)
    assert files_of(folder)[2:] == ["2026-03-02/first_00001.txt", "2026-03-02/second_00001.txt"]


def test_other_workflow_of_the_same_file_has_its_own_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "broken").touch()
    with pytest.raises(RunError):
        run_dated(folder, dated(folder, 1, "%year%"), "2026-12-31T23:59:00", monkeypatch)
    (folder / "broken").unlink()
    workflow = dated(folder, 1, "y%year%")
    run_dated(folder, workflow, "2027-01-01T00:01:00", monkeypatch)
    assert files_of(folder) == [
        "2026/first_00001.txt",
        "y2027/first_00001.txt",
        "y2027/second_00001.txt",
    ]


def test_resumed_run_writes_again_what_is_named_after_another_value(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "broken").touch()
    when = "2026-03-01T12:00:00"
    with pytest.raises(RunError):
        run_dated(folder, dated(folder, 1, "v%n.value%"), when, monkeypatch)
    (folder / "broken").unlink()
    run_dated(folder, dated(folder, 2, "v%n.value%"), when, monkeypatch)
    assert files_of(folder) == [
        "v1/first_00001.txt",
        "v2/first_00001.txt",
        "v2/second_00001.txt",
    ]
