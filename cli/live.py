"""Bars that live on standard error, and lines above them; one writer at a time."""

from __future__ import annotations

import io
import sys
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group
from rich.progress import Progress as Bars
from rich.progress import ProgressColumn
from rich.text import Text

_PACE = 0.1  # seconds between two drawings


class _Bars(Bars):
    """Bars that are drawn when `Live` says so, and never by whoever changes one."""

    def refresh(self) -> None:
        """Do nothing."""


class Live:
    """Draws bars and prints lines, from any thread.

    Rich draws bars in a thread of its own, and every line that another one prints meanwhile moves
    the cursor by what it believes to be drawn: lines were lost, and bars left behind. Here nothing
    is written but by `_draw`, in one thread, lines and bars together. What else is printed to a
    terminal while bars live becomes such lines as well; standard output that is a pipe or a file
    gets what is printed to it, unchanged.

    Where standard error is no terminal there are no bars, and lines are printed at once.

    Args:
        columns: Of the bars.
        transient: Whether the bars go away at the end.
    """

    def __init__(self, *columns: ProgressColumn, transient: bool) -> None:
        self.console = Console(file=sys.stderr)  # as it is now: `_Above` takes its name soon
        self.live = self.console.is_terminal
        self.bars = _Bars(
            *columns,
            console=self.console,
            auto_refresh=False,
            disable=not self.live,
            transient=transient,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._lines: deque[Text] = deque()  # printed soon
        self._over = threading.Event()
        self._drawer = threading.Thread(target=self._keep_drawing, name="bars", daemon=True)
        self._streams: tuple[TextIO, TextIO] | None = None

    def __enter__(self) -> Self:
        if self.live:
            self.bars.start()
            self._streams = (sys.stdout, sys.stderr)
            sys.stdout, sys.stderr = self._above(sys.stdout), self._above(sys.stderr)
            self._drawer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._streams is None:
            return
        self._over.set()
        self._drawer.join()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, _Above):
                stream.end()
        sys.stdout, sys.stderr = self._streams
        self._draw()
        self.bars.stop()
        self._streams = None
        while self._lines:  # of a thread that still works
            self.console.print(self._lines.popleft(), highlight=False)

    def line(self, text: str) -> None:
        """Print a line above the bars. What looks like markup is printed as it stands."""
        self._print(Text(text))

    def _print(self, text: Text) -> None:
        if self._streams is not None:
            self._lines.append(text)
        else:
            self.console.print(text, highlight=False)

    def _draw(self) -> None:
        """Print what waits, and draw the bars below it; in one thread only."""
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines:
            self.console.print(Group(*lines), highlight=False)
        else:
            self.bars.live.refresh()

    def _keep_drawing(self) -> None:
        while not self._over.wait(_PACE):
            self._draw()

    def _above(self, stream: TextIO) -> TextIO:
        return _Above(self._print, stream) if stream.isatty() else stream


class _Above(io.TextIOBase, TextIO):  # pyright: ignore  (the two declare some members unlike)
    """A terminal on which what is printed stands above the bars, line by line."""

    def __init__(self, say: Callable[[Text], None], stream: TextIO) -> None:
        self._say = say
        self._stream = stream
        self._rests: dict[int, str] = {}  # a line that one thread begins is not another's

    def write(self, text: str) -> int:
        """Print the lines that are whole; the rest waits for its end."""
        thread = threading.get_ident()
        *lines, rest = (self._rests.pop(thread, "") + text).split("\n")
        if rest:
            self._rests[thread] = rest
        for line in lines:
            self._say(Text.from_ansi(line.rpartition("\r")[2]))
        return len(text)

    def end(self) -> None:
        """Print what has no end of line."""
        for rest in list(self._rests.values()):
            self._say(Text.from_ansi(rest))
        self._rests.clear()

    def flush(self) -> None:
        """Do nothing: lines are drawn soon."""

    def isatty(self) -> bool:
        """A terminal it is."""
        return True

    def fileno(self) -> int:
        """The terminal's."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # it is no variable of ours
        """The terminal's."""
        return self._stream.encoding
