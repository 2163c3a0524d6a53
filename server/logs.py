"""Structured logs: a JSON object a line, on standard error, without secrets."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger("weft.server")

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


def to_standard_error(level: str) -> None:
    """Send every log there.

    Args:
        level: The least that is shown: DEBUG, INFO, WARNING, ERROR or CRITICAL.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    known = logging.getLevelNamesMapping()
    logging.basicConfig(level=known.get(level, logging.INFO), handlers=[handler], force=True)
    # Requests that are no HTTP: anybody can send them, and they are answered with 400.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    for noisy in ("aiosqlite", "alembic", "asyncio", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
