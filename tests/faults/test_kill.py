"""The process dies at any moment; the store stays sound and the next run gives the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.toy import EventLog, flow
from weft.engine.engine import Engine
from weft.engine.store.cache import MISSING
from weft.engine.store.disk_cache import DiskCache
from weft.engine.store.storage import Formats
from weft.engine.store.values import Values

CHILD = """
import json, sys
from pathlib import Path
from tests.faults.test_kill import engine, workflow
from weft.engine.events import to_json

with engine(Path(sys.argv[1])) as e:
    def tell(event):
        print(json.dumps(to_json(event)), flush=True)
        sys.stdin.readline()
    e.run(workflow(), outputs=["d.value"], on_event=tell)
"""
ROOT = Path(__file__).parents[2]


def engine(folder: Path) -> Engine:
    from tests.engine.toy import REGISTRY

    disk = DiskCache(str(folder), values=Values(), formats=Formats())
    return Engine(REGISTRY, disk=disk)


def workflow() -> object:
    return flow(
        n=("Number", {"value": 2}),
        a=("Slow", {"a": "@n.value"}),
        b=("Add", {"a": "@a.value", "b": 1}),
        c=("Slow", {"a": "@b.value"}),
        d=("Add", {"a": "@c.value", "b": "@a.value"}),
    )


@pytest.mark.parametrize("nth", range(1, 13))
def test_process_killed_at_the_nth_event_loses_nothing_that_was_reported(
    nth: int, tmp_path: Path
) -> None:
    seen = []
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        for line in child.stdout:
            seen.append(json.loads(line))
            if len(seen) == nth:
                child.kill()
                break
            child.stdin.write("\n")
            child.stdin.flush()
    finished = {e["node"] for e in seen if e["event"] == "NodeFinished"}
    log = EventLog()
    with engine(tmp_path) as e:
        result = e.run(workflow(), outputs=["d.value"], on_event=log)  # type: ignore[arg-type]
        assert e.disk is not None
        for file in (tmp_path / "values").rglob("[!.]*"):
            if file.is_file():
                assert e.disk.get(bytes.fromhex(file.name)) is not MISSING
    assert result["d.value"] == 5
    assert not {"a", "c"} & finished & set(log.ran)  # what was reported as finished is not lost
