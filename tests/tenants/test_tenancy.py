"""Whose data it is: PostgreSQL itself keeps tenants apart, whatever statement the app's role sends."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tenants import models
from tenants.api_keys import add_api_key
from tenants.database import connected
from tenants.ids import new_id
from tenants.installation import Installation
from tenants.models import Customer, Tenant
from tenants.models.tenant_model import TenantModel
from tenants.session import Actor, acting_as, after_commit, session
from tests.tenants.catalogue import FEWER_GRANTS, TABLES, TENANT_COLUMNS
from tests.tenants.rows import ROWS, fresh_ids, insert, insert_all

MODELS = [found for found in map(vars(models).get, models.__all__) if isinstance(found, type) and issubclass(found, TenantModel)]
MAY_UPDATE = [table for table in ROWS if "UPDATE" in FEWER_GRANTS.get(table, "UPDATE")]


def tenant_column(table: str) -> str:
    return TENANT_COLUMNS.get(table, "tenant_id")


@pytest_asyncio.fixture(loop_scope="session")
async def app(opened: Installation) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the app's unprivileged role, in a transaction without a tenant that is rolled back."""
    async with connected(opened.servers.app) as connection:
        trial = connection.transaction()
        await trial.start()
        yield connection
        await trial.rollback()


@pytest_asyncio.fixture(loop_scope="session")
async def stocked(opened: Installation) -> tuple[UUID, dict[str, UUID]]:
    """A tenant with a row in every table, committed; its id, and those of its rows."""
    tenant_id = new_id()
    async with connected(opened.servers.app) as connection, connection.transaction():
        return tenant_id, await insert_all(connection, tenant_id, list(ROWS))


async def act_as(connection: asyncpg.Connection, tenant_id: UUID) -> None:
    await connection.execute(f"SELECT act_as_tenant('{tenant_id}')")


async def test_these_tests_have_a_row_for_every_table(app: asyncpg.Connection) -> None:
    assert {row["name"] for row in await app.fetch(TABLES)} == ROWS.keys()


@pytest.mark.parametrize("table", ROWS)
async def test_without_a_tenant_there_are_no_rows(app: asyncpg.Connection, stocked: object, table: str) -> None:
    assert await app.fetch(f"SELECT * FROM {table}") == []


@pytest.mark.parametrize("table", ROWS)
async def test_once_the_transaction_with_a_tenant_is_over_there_are_no_rows(
    opened: Installation, stocked: tuple[UUID, object], table: str
) -> None:
    async with connected(opened.servers.app) as connection:
        async with connection.transaction():
            await act_as(connection, stocked[0])
            inside = await connection.fetch(f"SELECT * FROM {table}")
        after = await connection.fetch(f"SELECT * FROM {table}")

    assert len(inside) == 1
    assert after == []


async def test_a_tenant_that_is_no_uuid_is_an_error(app: asyncpg.Connection) -> None:
    await app.execute("SET LOCAL app.tenant_id = 'everything'")

    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        await app.fetch("SELECT * FROM customer")


@pytest.mark.parametrize("table", ROWS)
async def test_another_tenant_reads_nothing_even_where_it_asks(app: asyncpg.Connection, stocked: tuple[UUID, object], table: str) -> None:
    await act_as(app, new_id())

    everything = await app.fetch(f"SELECT * FROM {table}")
    asked_for = await app.fetch(f"SELECT * FROM {table} WHERE {tenant_column(table)} = $1", stocked[0])

    assert (everything, asked_for) == ([], [])


@pytest.mark.parametrize("table", ROWS)
async def test_a_row_of_another_tenant_is_not_taken_in(app: asyncpg.Connection, table: str) -> None:
    await act_as(app, new_id())

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await insert(app, table, new_id(), fresh_ids())


@pytest.mark.parametrize("table", ROWS)
async def test_without_a_tenant_no_row_is_taken_in(app: asyncpg.Connection, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await insert(app, table, new_id(), fresh_ids())


@pytest.mark.parametrize("table", MAY_UPDATE)
async def test_another_tenants_row_cannot_be_changed(app: asyncpg.Connection, stocked: tuple[UUID, object], table: str) -> None:
    await act_as(app, new_id())

    column = tenant_column(table)

    assert await app.execute(f"UPDATE {table} SET {column} = {column} WHERE {column} = $1", stocked[0]) == "UPDATE 0"


@pytest.mark.parametrize("table", MAY_UPDATE)
async def test_a_row_cannot_be_given_to_another_tenant(app: asyncpg.Connection, table: str) -> None:
    await insert_all(app, new_id(), list(ROWS))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await app.execute(f"UPDATE {table} SET {tenant_column(table)} = $1", new_id())


async def test_no_foreign_key_reaches_another_tenants_row(app: asyncpg.Connection, stocked: tuple[UUID, dict[str, UUID]]) -> None:
    tenant_id, theirs = new_id(), stocked[1]
    await act_as(app, tenant_id)
    await insert(app, "tenant", tenant_id, theirs)
    parents = {row["child"]: row["parent"] for row in await app.fetch(_REFERENCES) if row["child"] in ROWS}

    for child in parents:
        async with _refused(app, asyncpg.ForeignKeyViolationError):
            await insert(app, child, tenant_id, {**fresh_ids(), **{name: theirs[name] for name in ("customer", "order", "upload", "run")}})

    assert parents.keys() >= {"contact", "customer_order", "order_line", "interaction", "need", "preference", "import_run", "import_chunk"}


_REFERENCES = """
    SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint
    WHERE contype = 'f' AND confrelid <> 'tenant'::regclass
"""


class _refused:
    """Expects a statement to be refused, and goes on after it in the same transaction."""

    def __init__(self, connection: asyncpg.Connection, error: type[Exception]) -> None:
        self._savepoint = connection.transaction()
        self._error = error

    async def __aenter__(self) -> None:
        await self._savepoint.start()

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: object) -> bool:
        await self._savepoint.rollback()
        assert kind is not None, "it was not refused"
        return issubclass(kind, self._error)


async def test_the_apps_role_cannot_become_another(app: asyncpg.Connection) -> None:
    for role in ("kelu_owner", "kelu_door", "kelu_search", "postgres"):
        async with _refused(app, asyncpg.PostgresError):
            await app.execute(f"SET ROLE {role}")
    async with _refused(app, asyncpg.InsufficientPrivilegeError):
        await app.execute("ALTER TABLE customer DISABLE ROW LEVEL SECURITY")


async def test_the_door_for_api_keys_tells_of_the_key_that_is_shown_and_of_no_other(
    app: asyncpg.Connection, acme: Actor, globex: Actor
) -> None:
    async with acting_as(acme):
        key, secret = await add_api_key("shown")
    async with acting_as(globex):
        await add_api_key("another")

    found = await app.fetch("SELECT * FROM door_api_key($1)", hashlib.sha256(secret.encode()).digest())

    assert [tuple(row) for row in found] == [(acme.tenant_id, key.id, False)]


async def test_a_unit_of_work_sees_its_own_tenant_and_no_other(acme: Actor, globex: Actor) -> None:
    async with acting_as(acme):
        seen = await Tenant.all()

    assert [tenant.id for tenant in seen] == [acme.tenant_id]


async def fail_in(actor: Actor, act: Callable[[], Awaitable[object]]) -> None:
    """Do something in a unit of work that then fails."""
    async with acting_as(actor):
        await act()
        raise LookupError


async def test_a_unit_of_work_is_undone_as_a_whole(acme: Actor) -> None:
    with pytest.raises(LookupError):
        await fail_in(acme, lambda: add_api_key("half done"))

    async with acting_as(acme):
        assert await models.ApiKey.all().count() == 0


async def test_what_waits_for_the_commit_happens_after_it_and_not_at_all_without_one(acme: Actor) -> None:
    happened: list[int] = []

    async def look() -> None:
        async with acting_as(acme):
            happened.append(await models.ApiKey.all().count())

    async def look_later() -> None:
        after_commit(look)

    async with acting_as(acme):
        await look_later()
        await add_api_key("done")
        during = list(happened)
    with pytest.raises(LookupError):
        await fail_in(acme, look_later)

    assert during == []
    assert happened == [1]


async def test_a_unit_of_work_inside_another_is_refused(acme: Actor, globex: Actor) -> None:
    async with acting_as(acme):
        with pytest.raises(RuntimeError, match="inside another"):
            async with acting_as(globex):
                pass

        assert [tenant.id for tenant in await Tenant.all()] == [acme.tenant_id]


async def test_outside_a_unit_of_work_there_is_no_tenant() -> None:
    with pytest.raises(RuntimeError, match="No unit of work"):
        session()
    with pytest.raises(RuntimeError, match="No unit of work"):
        Customer.all()


async def test_a_reading_unit_of_work_writes_nothing(acme: Actor) -> None:
    with pytest.raises(Exception, match="read-only transaction"):
        async with acting_as(acme, read_only=True):
            await add_api_key("not kept")


@pytest.mark.parametrize("model", MODELS)
async def test_every_query_of_a_model_binds_the_tenant(acme: Actor, model: type[TenantModel]) -> None:
    async with acting_as(acme):
        one = model.filter(id=new_id())
        queries = [
            model.all(),
            model.all().count(),
            one,
            one.exists(),
            one.delete(),
            one.update(tenant_id=acme.tenant_id),
            one.values("id"),
        ]
        statements = [query.sql(params_inline=True) for query in queries]

    table = model._meta.db_table
    for statement in statements:
        assert f'"{table}"' in statement
        assert f"\"tenant_id\"='{acme.tenant_id}'" in statement.partition("WHERE")[2]


def test_every_model_of_a_tenants_table_is_checked() -> None:
    assert {model._meta.db_table for model in MODELS} == ROWS.keys() - {
        "tenant",
        "tenant_key",
        "former_secret",
        "customer_key",
        "change",
        "tag",
        "import_chunk",
        "erasure",
        "team_member",
        "idempotency_key",
        "trail_entry",
        "trail_block",
        "sign_in_session",
        "identity_provider",
        "external_identity",
    }
