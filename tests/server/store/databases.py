"""Databases for tests: SQLite, and PostgreSQL where `WEFT_TEST_POSTGRESQL` is the URL of one."""

from __future__ import annotations

import os

import pytest
from pydantic import SecretStr
from sqlalchemy.engine import make_url

URL = os.environ.get("WEFT_TEST_POSTGRESQL", "")
with_postgresql = [
    pytest.mark.slow,
    pytest.mark.skipif(not URL, reason="WEFT_TEST_POSTGRESQL names no database"),
]


async def own_database() -> SecretStr:
    """An empty database beside the named one."""
    import asyncpg

    url = make_url(URL)
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    name = f"weft_test_{os.getpid()}"
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return SecretStr(url.set(database=name).render_as_string(hide_password=False))
