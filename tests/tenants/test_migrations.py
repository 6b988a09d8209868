"""The schema's history: forward from nothing and from every earlier state, with records in it, and back again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.migrations.api import migrate as tortoise_migrate

from tenants import models
from tenants.database import APP, configuration, connected, ensure_current, migrate, migration_names, pending_migrations
from tenants.embedded import Embedded, Urls
from tenants.embedded.roles import DATABASE, DATABASE_SQL, OWNER, SUPERUSER
from tenants.ids import new_id
from tenants.refusals import Conflict, Invalid
from tenants.servers import Servers
from tenants.settings import Settings
from tests.tenants.catalogue import OURS, TABLES
from tests.tenants.rows import insert_all

NAMES = migration_names()
LATEST = NAMES[-1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Urls]:
    """A PostgreSQL of these tests alone: they make databases, which only a superuser may."""
    with Embedded(tmp_path_factory.mktemp("migrations") / "home") as urls:
        yield urls


@pytest_asyncio.fixture(loop_scope="session")
async def empty(server: Urls) -> AsyncIterator[Urls]:
    """A database with roles and grants, and nothing else in it."""
    name = f"kelu_{new_id().hex}"
    superuser = server.owner.replace(OWNER, SUPERUSER)
    async with connected(superuser) as connection:
        await connection.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0")
    async with connected(in_database(superuser, name)) as connection:
        await connection.execute(DATABASE_SQL.replace(f"DATABASE {DATABASE}", f"DATABASE {name}"))
    yield Urls(in_database(server.owner, name), in_database(server.app, name), server.redis)


def in_database(url: str, name: str) -> str:
    return url.replace(f"/{DATABASE}?", f"/{name}?")


def as_servers(urls: Urls) -> Servers:
    return Servers(urls.owner, urls.app, urls.redis)


async def shape(url: str) -> list[str]:
    """The schema as a sorted list of everything in it."""
    async with connected(url) as connection:
        return sorted({row["said"] for row in await connection.fetch(_SHAPE)})


_SHAPE = f"""
    SELECT concat(t.name, ' ', kind, ' ', guarded, ' ', forced, ' ', acl) AS said FROM ({OURS}) AS t
    UNION ALL SELECT concat(t.name, '.', attname, ' ', format_type(atttypid, atttypmod), ' ', attnotnull, ' ', pg_get_expr(adbin, adrelid))
        FROM ({OURS}) AS t JOIN pg_attribute ON attrelid = t.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM ({OURS}) AS t JOIN pg_index ON indrelid = t.oid
    UNION ALL SELECT concat(t.name, ' ', conname, ' ', pg_get_constraintdef(k.oid))
        FROM ({OURS}) AS t JOIN pg_constraint k ON conrelid = t.oid
    UNION ALL SELECT concat(tablename, ' ', policyname, ' ', roles, ' ', cmd, ' ', qual, ' ', with_check) FROM pg_policies
    UNION ALL SELECT concat(pg_get_functiondef(p.oid), ' ', proacl) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
        WHERE nspname = 'public' AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
"""


async def migrate_back(owner: str, before: str | None) -> None:
    """Take migrations back down to one that stays, or all of them."""
    async with TortoiseContext():
        await tortoise_migrate(config=configuration(owner), target=f"{APP}.{before or '__first__'}", direction="backward")
        await Tortoise.close_connections()


async def test_an_empty_database_gets_them_all_in_order(empty: Urls) -> None:
    first = await migrate(empty.owner)
    again = await migrate(empty.owner)

    assert first.applied == NAMES
    assert again.applied == []
    assert await pending_migrations(empty.app) == []


@pytest.mark.parametrize("earlier", NAMES)
async def test_every_earlier_schema_with_records_in_it_goes_forward(empty: Urls, earlier: str) -> None:
    await migrate(empty.owner, target=earlier)
    tenant_id = new_id()
    async with connected(empty.owner) as connection, connection.transaction():
        tables = [row["name"] for row in await connection.fetch(TABLES)]
        await insert_all(connection, tenant_id, tables)

    done = await migrate(empty.owner)

    assert [*NAMES[: NAMES.index(earlier) + 1], *done.applied] == NAMES
    async with connected(empty.app) as connection, connection.transaction():
        await connection.execute(f"SELECT act_as_tenant('{tenant_id}')")
        assert {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables} == dict.fromkeys(tables, 1)


@pytest.mark.parametrize("name", NAMES)
async def test_every_migration_can_be_taken_back_and_made_again(empty: Urls, name: str) -> None:
    before = NAMES[NAMES.index(name) - 1] if name != NAMES[0] else None
    if before:
        await migrate(empty.owner, target=before)
    else:
        await migrate(empty.owner, target=name)
        await migrate_back(empty.owner, None)
    earlier = await shape(empty.owner)

    await migrate(empty.owner, target=name)
    made = await shape(empty.owner)
    await migrate_back(empty.owner, before)
    taken_back = await shape(empty.owner)
    await migrate(empty.owner, target=name)

    assert made != earlier
    assert taken_back == earlier
    assert await shape(empty.owner) == made


async def test_two_at_once_take_turns(empty: Urls) -> None:
    def in_a_thread_of_its_own() -> list[str]:
        return asyncio.run(migrate(empty.owner)).applied

    shares = await asyncio.gather(*(asyncio.to_thread(in_a_thread_of_its_own) for _ in range(3)))

    assert sorted(name for share in shares for name in share) == NAMES


async def test_a_migration_that_fails_leaves_nothing_behind_and_is_tried_again(empty: Urls) -> None:
    await migrate(empty.owner, target=NAMES[0])
    async with connected(empty.owner) as connection:
        await connection.execute("CREATE TABLE need (in_the_way integer)")
        earlier = await shape(empty.owner)

        with pytest.raises(Exception, match='relation "need" already exists'):
            await migrate(empty.owner)
        left = await shape(empty.owner)
        await connection.execute("DROP TABLE need")

    assert left == earlier
    assert (await migrate(empty.owner)).applied == NAMES[1:]


async def test_a_schema_that_is_behind_is_refused_on_servers_of_ones_own(empty: Urls) -> None:
    own = Settings(database_url="postgresql://somewhere", redis_url="redis://somewhere")
    await migrate(empty.owner, target=NAMES[-2])

    with pytest.raises(Conflict, match=f"{LATEST}.*kelu migrate"):
        await ensure_current(as_servers(empty), own)

    await migrate(empty.owner)
    await ensure_current(as_servers(empty), own)


async def test_an_embedded_database_is_brought_up_to_date_as_it_is_opened(empty: Urls) -> None:
    await ensure_current(as_servers(empty), Settings(home=Path("unused"), database_url=None))

    assert await pending_migrations(empty.app) == []


async def test_a_schema_of_a_newer_kelu_is_taken_as_it_is(empty: Urls) -> None:
    await migrate(empty.owner)
    async with connected(empty.owner) as connection:
        await connection.execute("INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('tenants', '9999_later', now())")

    assert await pending_migrations(empty.app) == []
    assert (await migrate(empty.owner)).applied == []


async def test_a_server_that_is_not_there_is_a_refusal_that_names_it() -> None:
    with pytest.raises(Invalid, match=r"kelu_app at 127\.0\.0\.1:1, database gone"):
        await pending_migrations("postgresql://kelu_app@127.0.0.1:1/gone")


@pytest.mark.parametrize("name", models.__all__)
async def test_a_models_fields_are_its_tables_columns(empty_latest: dict[str, dict[str, Any]], name: str) -> None:
    meta = getattr(models, name)._meta
    columns = empty_latest[meta.db_table]

    declared = {column: meta.fields_map[field] for field, column in meta.fields_db_projection.items()}

    assert declared.keys() == columns.keys()
    assert {column for column, field in declared.items() if field.null} == {
        column for column, row in columns.items() if not row["attnotnull"]
    }
    assert {column: row["type"] for column, row in columns.items() if row["type"] not in TYPES.get(type(declared[column]), ())} == {}


#: The PostgreSQL types that hold what a field of Tortoise's gives and takes.
TYPES: dict[type, tuple[str, ...]] = {
    fields.UUIDField: ("uuid",),
    fields.TextField: ("text",),
    fields.BinaryField: ("bytea",),
    fields.IntField: ("integer",),
    fields.BigIntField: ("bigint",),
    fields.BooleanField: ("boolean",),
    fields.DatetimeField: ("timestamp with time zone",),
    fields.DateField: ("date",),
    fields.DecimalField: ("numeric",),
    fields.JSONField: ("jsonb",),
    ArrayField: ("cidr[]", "text[]", "uuid[]"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def empty_latest(server: Urls) -> dict[str, dict[str, asyncpg.Record]]:
    """The columns of every table of the latest schema."""
    await migrate(server.owner)
    async with connected(server.owner) as connection:
        found = await connection.fetch(
            f"""
            SELECT t.name AS table, attname, attnotnull, format_type(atttypid, NULL) AS type
            FROM ({TABLES}) AS t JOIN pg_attribute ON attrelid = t.oid AND attnum > 0 AND NOT attisdropped
            """
        )
    columns: dict[str, dict[str, asyncpg.Record]] = {}
    for row in found:
        columns.setdefault(row["table"], {})[row["attname"]] = row
    return columns
