"""Asking the database with a deadline, and one error for every kind of failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

ANSWER = 30.0  # seconds until an answer must have come


class DatabaseAwayError(SQLAlchemyError):
    """The database cannot be reached, or does not answer in time."""


@asynccontextmanager
async def reaching(seconds: float = ANSWER) -> AsyncIterator[None]:
    """Hold whatever asks the database to a deadline.

    Args:
        seconds: The deadline.

    Raises:
        DatabaseAwayError: Drivers raise errors of their own or of the system while they connect.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise DatabaseAwayError("the database does not respond") from error
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.startswith("asyncpg."):
            raise DatabaseAwayError(f"the database cannot be reached: {error}") from error
        raise


async def rows_of(engine: AsyncEngine, statement: Executable) -> Sequence[Any]:
    """Read rows.

    Raises:
        SQLAlchemyError: The database refuses, or is away.
    """
    async with reaching(), engine.connect() as connection:
        rows: Sequence[Any] = (await connection.execute(statement)).mappings().all()
        return rows
