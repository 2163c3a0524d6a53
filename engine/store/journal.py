"""The resume journal: files that an unfinished run has written, so that they are not written twice.

A node that writes always runs, because its file is the point. When a run of 500 photos is killed
after the three hundredth, those three hundred files are there, and running the workflow again
should write two hundred. So each finished writer leaves a line in a small file that belongs to the
workflow; a run that ends well removes the file, and the next run writes everything anew.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from blake3 import blake3

from ..events import NodeArtifact

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """The files of one call of a writer.

    Attributes:
        digests: Of its outputs.
        files: Path and media type of the files that it finished.
    """

    digests: tuple[bytes, ...]
    files: tuple[tuple[str, str], ...]


@functools.lru_cache(64)
def _real(folder: Path) -> Path:
    """A folder without links; looked up once, for it stands before every run."""
    return folder.resolve()


class Journal:
    """The writers that are done in an unfinished run. Trouble with the file is a warning.

    Args:
        folder: Where journals lie.
        scope: What makes runs belong together: a workflow's path, a job's id.
        output: The run's output folder; another folder is another run.
        workflow: Gives the text of the workflow as it runs, seeds drawn. Called if it is needed.

    Attributes:
        began: When the run began, in local time: if this one goes on with a run of the same
            workflow, when that one did, so that the names of all its files tell one time.
    """

    def __init__(
        self, folder: Path, scope: str, output: Path, workflow: Callable[[], str] = str
    ) -> None:
        self.began = datetime.now().astimezone()
        self._workflow = workflow
        self._before: list[tuple[str, datetime]] = []  # runs that the file tells of
        name = blake3(f"{scope}\n{_real(output)}".encode()).hexdigest(16)
        self._path = folder / f"{name}.jsonl"
        self._file: IO[str] | None = None
        self._files: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        self._done: defaultdict[bytes, list[Written]] = defaultdict(list)
        self._is_there = True
        try:
            for line in self._path.read_bytes().splitlines():
                self._read(line)
        except FileNotFoundError:
            self._is_there = False
        except OSError as error:
            self._complain(error)
        if self._before and self._before[-1][0] == self._digest():
            self.began = self._before[-1][1]

    def take(self, key: bytes) -> Written | None:
        """The files that a writer with this key wrote, if they still exist; each answer once."""
        found = self._done.get(key)
        while found:
            written = found.pop(0)
            if all(Path(path).is_file() for path, _ in written.files):
                return written
        return None

    def saw(self, artifact: NodeArtifact) -> None:
        """A writer at work has finished a file. Previews do not count."""
        if not artifact.temporary:
            self._files[artifact.node].append((artifact.path, artifact.media_type))

    def done(self, node: str, key: bytes, digests: tuple[bytes, ...]) -> None:
        """A writer is done. Its line is with the system when this returns.

        One that wrote only previews leaves none: they are to be seen again.

        Args:
            node: Its node.
            key: Its key.
            digests: Of its outputs.
        """
        files = self._files.pop(node, [])
        if not files:
            return
        record = [key.hex(), [d.hex() for d in digests], files]
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("a", encoding="utf-8")
                self._is_there = True
                self._file.write("\n")  # ends a line that was torn
                began = {"began": self.began.isoformat(), "workflow": self._digest()}
                self._file.write(json.dumps(began) + "\n")
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
        except OSError as error:
            self._complain(error)

    def close(self, *, finished: bool) -> None:
        """The run is over; one that finished leaves nothing to go on with."""
        try:
            if self._file is not None:
                self._file.close()
            if finished and self._is_there:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            self._complain(error)

    def _read(self, line: bytes) -> None:
        # The last line may be torn: then that writer runs again.
        with contextlib.suppress(ValueError, TypeError, KeyError):
            record = json.loads(line)
            if isinstance(record, dict):
                when = datetime.fromisoformat(record["began"])
                self._before.append((record["workflow"], when))
                return
            key, digests, files = record
            pairs: list[tuple[str, str]] = [(str(path), str(kind)) for path, kind in files]
            written = Written(tuple(bytes.fromhex(d) for d in digests), tuple(pairs))
            self._done[bytes.fromhex(key)].append(written)

    def _digest(self) -> str:
        return blake3(self._workflow().encode("utf-8", "surrogatepass")).hexdigest(16)

    def _complain(self, error: Any) -> None:
        log.warning("the resume journal at %s cannot be used: %s", self._path, error)
