"""The measuring rod: the same 14 columns as they are, COPYed into a temporary table and on into a table like ours."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import UUID

import asyncpg

from tenants.ids import new_id
from tenants.tables import tenant_table
from tests.benchmarks.generate import HEADER

_TABLE = "bench_bare_copy"
_COLUMNS = ", ".join(HEADER)
_TEXTS = ", ".join(f"{name} text" for name in HEADER)


async def rows_per_second(owner_url: str, file: Path, rows: int) -> float:
    """One run, from BEGIN to the end of COMMIT, into an empty table that is dropped afterwards.

    The table has the primary key (tenant_id, id) and forced row level security. Its owner writes, who alone may make a temporary
    table; forced policies bind the owner too. PostgreSQL itself parses the file.
    """
    connection = await asyncpg.connect(owner_url)
    try:
        # The ids are PostgreSQL's own v7, so the copy does not pay for Python.
        await connection.execute(tenant_table(_TABLE, f"id uuid NOT NULL, {_TEXTS}, PRIMARY KEY (tenant_id, id)"))
        seconds = await _copy(connection, file, new_id(), rows)
        return rows / seconds
    finally:
        await connection.execute(f"DROP TABLE IF EXISTS {_TABLE}")
        await connection.close()


async def _copy(connection: asyncpg.Connection[asyncpg.Record], file: Path, tenant_id: UUID, rows: int) -> float:
    began = time.perf_counter()
    async with connection.transaction():
        await connection.execute("SELECT act_as_tenant($1)", tenant_id)
        await connection.execute(f"CREATE TEMPORARY TABLE copied ({_TEXTS}) ON COMMIT DROP")
        await connection.copy_to_table("copied", source=file, columns=list(HEADER), format="csv", header=True)
        insert = f"INSERT INTO {_TABLE} (tenant_id, id, {_COLUMNS}) SELECT $1, uuidv7(), {_COLUMNS} FROM copied"
        done = await connection.execute(insert, tenant_id, timeout=600)
    seconds = time.perf_counter() - began
    assert done == f"INSERT 0 {rows}", done
    return seconds
