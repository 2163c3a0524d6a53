"""The report of a sweep: as progress and a summary, or as JSON lines."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from weft.engine.engine import Result
from weft.engine.errors import Problem, WeftError
from weft.engine.events import Event, NodeCached, RunStarted, to_json
from weft.engine.workflows.sweep import Cell, Sweep

from . import say
from .progress import ProgressBars


class SweepReport(Protocol):
    """Receives the events of a sweep."""

    def __enter__(self) -> Self:
        """The first combination is about to run."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """The last one has run."""
        ...

    def started(self, sweep: Sweep, target: str) -> None:
        """A sweep begins whose pictures are `target`."""
        ...

    def cell(self, number: int, cell: Cell) -> None:
        """A combination begins."""
        ...

    def receive(self, event: Event) -> None:
        """An event of its run."""
        ...

    def done(self, number: int, cell: Cell, result: Result) -> None:
        """The sweep gave an image."""
        ...

    def failed(self, number: int, cell: Cell, problem: Problem) -> None:
        """It gave none."""
        ...

    def finished(self, sheet: Path | None, failed: int) -> None:
        """All are done and the sheet is written."""
        ...

    def error(self, error: WeftError) -> None:
        """The sweep as a whole cannot go on."""
        ...


class JsonReport:
    """One JSON object a line: the events of every run, and those of the sweep around them."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def started(self, sweep: Sweep, target: str) -> None:
        """Print axes, count and where the pictures come from."""
        axes = [{"target": axis.target, "values": list(axis.values)} for axis in sweep.axes]
        say.out_json({"event": "SweepStarted", "axes": axes, "cells": len(sweep), "output": target})

    def cell(self, number: int, cell: Cell) -> None:
        """Print what the combination is."""
        say.out_json({"event": "CellStarted", "cell": number, "values": dict(cell.values)})

    def receive(self, event: Event) -> None:
        """Print an event."""
        say.out_json(to_json(event))

    def done(self, number: int, cell: Cell, result: Result) -> None:
        """Print that it gave a picture."""
        say.out_json({"event": "CellFinished", "cell": number, "status": "done"})

    def failed(self, number: int, cell: Cell, problem: Problem) -> None:
        """Print why it gave none."""
        record = {"event": "CellFinished", "cell": number, "status": "failed"}
        say.out_json({**record, "problem": problem.to_json()})

    def finished(self, sheet: Path | None, failed: int) -> None:
        """Print where the sheet is."""
        path = str(sheet) if sheet is not None else None
        say.out_json({"event": "SweepFinished", "sheet": path, "failed": failed})

    def error(self, error: WeftError) -> None:
        """Print the error."""
        say.out_json({"event": "Error", **error.to_json()})


class TextReport(ProgressBars):
    """Progress on standard error, files on standard output."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.ran = 0
        self.seconds = 0.0
        self.saved: list[str] = []

    def started(self, sweep: Sweep, target: str) -> None:
        """Remember how many there are."""
        self.count = len(sweep)

    def cell(self, number: int, cell: Cell) -> None:
        """Head the lines of a combination with its values."""
        values = ", ".join(f"{target}={value}"[:60] for target, value in cell.values.items())
        self.line(f"[{number + 1}/{self.count}] {values}".rstrip())

    def receive(self, event: Event) -> None:
        """Draw an event; of a node that is known from before, the bar alone tells."""
        if isinstance(event, RunStarted):
            self._clear()
        if isinstance(event, NodeCached):
            if self.run is not None:
                self.bars.advance(self.run)
        else:
            super().receive(event)

    def _clear(self) -> None:
        """Remove the bars of the combination before, and of nodes that it left unfinished."""
        left = [*self.nodes.values(), *([self.run] if self.run is not None else [])]
        for task in left:
            self.bars.remove_task(task)
        self.nodes.clear()
        self.run = None

    def done(self, number: int, cell: Cell, result: Result) -> None:
        """Count it, and keep the names of what it saved."""
        self.ran += len(result.ran)
        self.seconds += result.seconds
        self.saved += [a.path for a in result.artifacts if not a.temporary]

    def failed(self, number: int, cell: Cell, problem: Problem) -> None:
        """Say why, at once."""
        self.line(f"  [{problem.code}] {problem}")

    def finished(self, sheet: Path | None, failed: int) -> None:
        """Say what was written, and what it took."""
        for path in self.saved:
            say.out(f"saved  {path}")
        if sheet is not None:
            say.out(f"sheet  {sheet}")
        lost = f", {failed} of them failed" if failed else ""
        say.err(f"{self.count} combinations{lost}: {self.ran} nodes in {self.seconds:.1f} s")

    def error(self, error: WeftError) -> None:
        """Say what is wrong."""
        say.error(error)
