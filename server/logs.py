"""Structured logs on standard error, without secrets: JSON, or a line for people in a terminal."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger("weft.server")

_KEPT = 300  # lines
_LONGEST = 4000  # characters of a line
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, message, and whatever `extra` says."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update((k, v) for k, v in vars(record).items() if k not in _PLAIN)
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class ForPeople(logging.Formatter):
    """A log line as text: time, level, message, and all of `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; a trace follows on lines of its own."""
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        line = f"{time} {_words(record)}"
        # Strangers' names stand in messages; nothing of them may move the cursor.
        line = "".join(c if c.isprintable() else " " for c in line)
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return line + trace


def _words(record: logging.LogRecord) -> str:
    more = "".join(f" {k}={v}" for k, v in vars(record).items() if k not in _PLAIN)
    return f"{record.levelname} {record.getMessage()}{more}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log, for people.

    Attributes:
        time: ISO 8601, UTC.
        text: Level, message and whatever else was said.
    """

    time: str
    text: str


class Tail(logging.Handler):
    """Keeps the last lines, and hands new ones to who listens."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[Line] = deque(maxlen=_KEPT)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tell: Callable[[Line], None] | None = None

    def listen(self, tell: Callable[[Line], None]) -> None:
        """Hand new lines to a function, in the event loop that runs now."""
        self._loop, self._tell = asyncio.get_running_loop(), tell

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record, in whatever thread."""
        try:
            time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
            line = Line(time, _words(record)[:_LONGEST])
            self.lines.append(line)
            if self._loop is not None and self._tell is not None:
                self._loop.call_soon_threadsafe(self._tell, line)
        except RuntimeError:  # the loop is closed
            self._loop = None


class Seldom:
    """Logs the same thing once a minute, and then how often it was: strangers can cause some lines
    as often as they like.

    Args:
        logger: Where to.
        every: Seconds between two lines with the same text.
        now: Clock, in seconds.
    """

    def __init__(
        self,
        logger: logging.Logger,
        every: float = 60.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger, self._every, self._now = logger, every, now
        self._last: dict[str, tuple[float, int]] = {}  # text -> when it was logged, left out since

    def warning(self, text: str, *values: object, **how: Any) -> None:
        """Log a warning, as `Logger.warning` does. `text` must be one of a few constants."""
        self.log(logging.WARNING, text, *values, **how)

    def error(self, text: str, *values: object, **how: Any) -> None:
        """Log an error, as `Logger.error` does. `text` must be one of a few constants."""
        self.log(logging.ERROR, text, *values, **how)

    def log(self, level: int, text: str, *values: object, **how: Any) -> None:
        """Log, unless the same text was logged just now; `left_out` counts those that were not."""
        now = self._now()
        last, left_out = self._last.get(text, (-math.inf, 0))
        if now - last < self._every:
            self._last[text] = (last, left_out + 1)
            return
        self._last[text] = (now, 0)
        extra = {**how.pop("extra", {}), **({"left_out": left_out} if left_out else {})}
        self._logger.log(level, text, *values, extra=extra, **how)


def to_standard_error(level: str) -> None:
    """Send every log there: JSON, but words in a terminal unless `WEFT_LOG` is `json`.

    Args:
        level: The least that is shown: DEBUG, INFO, WARNING, ERROR or CRITICAL.
    """
    handler = logging.StreamHandler(sys.stderr)
    people = sys.stderr.isatty() and os.environ.get("WEFT_LOG") != "json"
    handler.setFormatter(ForPeople() if people else JsonLines())
    known = logging.getLevelNamesMapping()
    logging.basicConfig(level=known.get(level, logging.INFO), handlers=[handler], force=True)
    # Requests that are no HTTP: anybody can send them, and they are answered with 400.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    for noisy in ("aiosqlite", "alembic", "asyncio", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
