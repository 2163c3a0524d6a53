"""The last handler of errors: failures of disk, database and texts as error responses.

Handlers need not think of a full disk or a database that is away: whatever that raises becomes 507
or 503 with words here, on every route.
"""

from __future__ import annotations

import errno
import sqlite3

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ..store.reach import DatabaseAwayError
from .errors import ApiError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LOCKED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_TOO_MANY = frozenset({errno.EMFILE, errno.ENFILE})
_AGAIN = {"Retry-After": "5"}


def refusal_of(error: BaseException) -> ApiError | None:
    """The answer to a request that met an error of the surroundings; None for any other error.

    Args:
        error: What a handler raised.

    Returns:
        507: the disk or the database is full. 503: the disk, a folder or the database refuses or
        does not answer in time. 422: a text of the request cannot be kept.
    """
    if isinstance(error, UnicodeEncodeError | DataError):
        return bad_text()
    if isinstance(error, DatabaseAwayError | DBAPIError | sqlite3.Error | PoolTimeout):
        return database_trouble(error)
    if isinstance(error, TimeoutError):
        return _unavailable(
            "server.too_slow",
            "A part of the answer did not arrive in time.",
            "Try again; see the server's log and /v1/health.",
        )
    if isinstance(error, OSError):
        return _disk_trouble(error)
    return None


def database_trouble(error: BaseException) -> ApiError | None:
    """The error for a failed database; None if the request itself is at fault.

    Args:
        error: What it, its driver or SQLAlchemy said.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, IntegrityError | ProgrammingError):
        return None
    if isinstance(cause, sqlite3.Error) and "full" in str(cause):
        return _full()
    return _unavailable(
        "server.database",
        "The database cannot be reached, or reports an error.",
        "Try again; the reason is in the server's log.",
    )


def bad_text() -> ApiError:
    """Refuses a text that is no Unicode: half of a surrogate pair, which JSON can write."""
    return ApiError(
        422,
        "A text of the request has half of a character (a lone surrogate), which cannot be stored.",
        code="request.bad_text",
        expected="text that can be written as UTF-8",
        hint="Remove the character, or type it again.",
    )


def _disk_trouble(error: OSError) -> ApiError:
    if error.errno in _FULL:
        return _full()
    if error.errno in _LOCKED:
        return _unavailable(
            "server.read_only",
            "The server has no permission to read or write one of its files or folders.",
            "Check the permissions of its folders; the server's log names the folder.",
        )
    if error.errno in _TOO_MANY:
        return _unavailable(
            "server.busy", "The server has too many files open.", "Try again in a moment."
        )
    return _unavailable(
        "server.disk",
        "The server's disk reports an error.",
        "Try again; the reason is in the server's log.",
    )


def _unavailable(code: str, message: str, hint: str) -> ApiError:
    """A 503 answer, after which the request may be sent again."""
    return ApiError(503, message, code=code, hint=hint, headers=_AGAIN)


def _full() -> ApiError:
    return ApiError(
        507,
        "The server's disk is full.",
        code="server.disk_full",
        hint="Free some space and send the request again; nothing of it was stored.",
        headers=_AGAIN,
    )
