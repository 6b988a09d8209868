"""What of a tenant is in the database: every row of every table that has its id, and a digest of them."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from tenants.database import connected
from tenants.servers import Servers
from tests.tenants.catalogue import TABLES


async def rows_of_tenant(migrated: Servers, tenant_id: UUID) -> dict[str, list[str]]:
    """Table → the tenant's rows as text, sorted; asked as the owner of the tables, whom the tenant's policy binds too."""
    assert migrated.owner
    async with connected(migrated.owner) as connection, connection.transaction():
        await connection.execute(f"SELECT act_as_tenant('{tenant_id}')")
        tables = await connection.fetch(TABLES)
        return {row["name"]: sorted(await _texts(connection, row["name"], row["tenant_column"], tenant_id)) for row in tables}


async def _texts(connection: Any, table: str, column: str, tenant_id: UUID) -> list[str]:
    return [row[0] for row in await connection.fetch(f"SELECT t::text FROM {table} t WHERE {column} = $1", tenant_id)]


async def digests(migrated: Servers, tenant_id: UUID) -> dict[str, str]:
    """Table → a digest of the tenant's rows."""
    rows = await rows_of_tenant(migrated, tenant_id)
    return {table: hashlib.sha256("\n".join(texts).encode()).hexdigest() for table, texts in rows.items()}
