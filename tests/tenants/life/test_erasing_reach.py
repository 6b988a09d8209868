"""How far erasing reaches: every table of tenants, those of tomorrow too, and nothing of a tenant that is not being deleted."""

from __future__ import annotations

import asyncpg
import pytest

from tenants.database import connected
from tenants.ids import new_id
from tenants.installation import Installation
from tenants.life.marking import mark
from tenants.life.tables import tables_of_tenants
from tenants.servers import Servers
from tenants.session import Actor, acting_as
from tenants.tables import tenant_table
from tests.conftest import MakeTenant

#: Tables whose every row says whose it is.
HOLDING = """
    SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'tenant_id' AND a.attnotnull
"""


async def test_a_new_table_of_tenants_is_erased_too(migrated: Servers) -> None:
    assert migrated.owner
    async with connected(migrated.owner) as owner:
        trial = owner.transaction()
        await trial.start()
        await owner.execute(tenant_table("planted", "id uuid, PRIMARY KEY (tenant_id, id)"))
        await owner.execute(
            tenant_table(
                "planted_child", "id uuid, PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, id) REFERENCES planted (tenant_id, id)"
            )
        )
        tables = await tables_of_tenants(owner)
        whose = new_id()
        await owner.execute(f"SELECT act_as_tenant('{whose}')")
        await owner.execute(
            "INSERT INTO tenant (id, name, country, time_zone, currency, status) VALUES ($1, 'x', 'CN', 'UTC', 'CNY', 'DELETING')", whose
        )
        await owner.execute("INSERT INTO planted VALUES ($1, $1)", whose)
        gone = await owner.fetchval("SELECT door_erase('planted', 10)")
        await trial.rollback()

    assert gone == 1
    assert tables.index("planted_child") < tables.index("planted")


async def test_every_table_of_tenants_is_in_reach(migrated: Servers) -> None:
    async with connected(str(migrated.owner)) as owner:
        holding = {row["name"] for row in await owner.fetch(HOLDING)}

        assert set(await tables_of_tenants(owner)) | {"erasure"} == holding | {"tenant"}
        assert holding > {"customer", "tenant_key", "api_key", "member", "change", "trail_entry", "job", "upload"}


async def test_the_app_can_neither_mark_a_tenant_nor_take_it_back_nor_erase_one_that_is_not_marked(
    make_tenant: MakeTenant, opened: Installation
) -> None:
    actor, marked = await make_tenant(), await make_tenant()
    await mark(marked.tenant_id, None)

    async def ask(whose: Actor, statement: str, *values: object) -> str:
        async with acting_as(whose) as unit:
            return str(await unit.connection.execute(statement, *values))

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(actor, "UPDATE tenant SET status = 'DELETING' WHERE id = $1", actor.tenant_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(actor, "SELECT door_erase('customer', 1)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(actor, "DELETE FROM tenant_key WHERE tenant_id = $1", actor.tenant_id)
    assert await ask(marked, "UPDATE tenant SET status = 'ACTIVE' WHERE id = $1", marked.tenant_id) == "UPDATE 0"
    for table in ("tortoise_migrations", "erasure", "pg_class", 'tag"; --'):
        with pytest.raises(asyncpg.UndefinedTableError):
            await ask(marked, "SELECT door_erase($1, 1)", table)
