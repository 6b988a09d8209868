"""Whose rows they are: PostgreSQL itself keeps people apart, whatever statement the app's role sends."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tenants.database import connected
from tenants.ids import new_id
from tenants.installation import Installation
from tenants.people.members import MemberStatus, move
from tenants.people.persons import remember_device
from tenants.session import Actor, acting_as, acting_as_person, also_as_person, also_in_tenant, session
from tests.tenants.catalogue import FEWER_GRANTS, PERSONS
from tests.tenants.people.conftest import Join, Somebody, invited

#: A row of each table, for the person that is $1.
ROWS = {
    "person": "INSERT INTO person (id, email) VALUES ($1, $1 || '@example.cn')",
    "recovery_code": "INSERT INTO recovery_code (person_id, hash) VALUES ($1, '\\x01')",
    "one_time_token": (
        "INSERT INTO one_time_token (person_id, hash, purpose, expires_at) VALUES ($1, sha256('token'), 'PASSWORD_RESET', now() + '1 hour')"
    ),
    "known_device": "INSERT INTO known_device (person_id, hash) VALUES ($1, sha256('device'))",
}
MAY_UPDATE = [table for table in ROWS if "UPDATE" in FEWER_GRANTS.get(table, "UPDATE")]


@pytest_asyncio.fixture(loop_scope="session")
async def app(opened: Installation) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the app's unprivileged role, in a transaction without a person that is rolled back."""
    async with connected(opened.servers.app) as connection:
        trial = connection.transaction()
        await trial.start()
        yield connection
        await trial.rollback()


async def stocked(connection: asyncpg.Connection) -> UUID:
    """A person with a row in every table, in this transaction; the transaction is then another person's."""
    person_id = new_id()
    await connection.execute(f"SELECT act_as_person('{person_id}')")
    for statement in ROWS.values():
        await connection.execute(statement.replace("$1 ||", f"'{person_id}' ||"), person_id)
    await connection.execute(f"SELECT act_as_person('{new_id()}')")
    return person_id


def test_there_is_a_row_for_every_table() -> None:
    assert ROWS.keys() == PERSONS.keys()


@pytest.mark.parametrize("table", ROWS)
async def test_another_person_and_nobody_read_nothing_even_where_they_ask(app: asyncpg.Connection, table: str) -> None:
    person_id = await stocked(app)
    asked = f"SELECT * FROM {table} WHERE {PERSONS[table]} = $1"

    other = await app.fetch(f"SELECT * FROM {table}"), await app.fetch(asked, person_id)
    await app.execute("SET LOCAL app.person_id = ''")
    nobody = await app.fetch(f"SELECT * FROM {table}"), await app.fetch(asked, person_id)
    await app.execute(f"SELECT act_as_person('{person_id}')")

    assert (other, nobody) == (([], []), ([], []))
    assert len(await app.fetch(f"SELECT * FROM {table}")) == 1


@pytest.mark.parametrize("table", ROWS)
@pytest.mark.parametrize("acting", ["", str(new_id())])
async def test_a_row_of_another_person_is_not_taken_in(app: asyncpg.Connection, table: str, acting: str) -> None:
    await app.execute(f"SET LOCAL app.person_id = '{acting}'")
    other = new_id()

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await app.execute(ROWS[table].replace("$1 ||", f"'{other}' ||"), other)


@pytest.mark.parametrize("table", MAY_UPDATE)
async def test_another_persons_row_cannot_be_changed_and_no_row_be_given_away(app: asyncpg.Connection, table: str) -> None:
    person_id, column = await stocked(app), PERSONS[table]

    changed = await app.execute(f"UPDATE {table} SET {column} = {column} WHERE {column} = $1", person_id)
    await app.execute(f"SELECT act_as_person('{person_id}')")

    assert changed == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await app.execute(f"UPDATE {table} SET {column} = $1", new_id())


async def test_the_door_for_tokens_tells_of_good_ones_only(app: asyncpg.Connection) -> None:
    person_id, hash = await stocked(app), hashlib.sha256(b"token").digest()
    await app.execute(f"SELECT act_as_person('{person_id}')")

    assert [row["person_id"] for row in await app.fetch("SELECT * FROM door_token($1)", hash)] == [person_id]
    assert await app.fetch("SELECT * FROM door_token($1)", hashlib.sha256(b"another").digest()) == []
    for change in ("used_at = now()", "used_at = NULL, expires_at = now()"):
        await app.execute(f"UPDATE one_time_token SET {change} WHERE person_id = $1", person_id)
        assert await app.fetch("SELECT * FROM door_token($1)", hash) == []


async def test_the_door_for_memberships_tells_of_ones_own_that_are_not_over(app: asyncpg.Connection, join: Join, globex: Actor) -> None:
    await join()
    wang, li = await join(), await join()
    await invited(globex, wang.email)

    async def seen(somebody: Somebody | None) -> list[tuple[UUID, bool]]:
        await app.execute(f"SET LOCAL app.person_id = '{somebody.person_id if somebody else ''}'")
        return [(row["member_id"], row["is_active"]) for row in await app.fetch("SELECT * FROM door_memberships()")]

    assert (await seen(wang), await seen(li), await seen(None)) == ([(wang.member_id, True)], [(li.member_id, True)], [])
    for status, expected in ((MemberStatus.SUSPENDED, [(wang.member_id, False)]), (MemberStatus.REMOVED, [])):
        async with acting_as(wang.tenant):
            await move(wang.member_id, status)
        assert await seen(wang) == expected


async def test_a_persons_unit_of_work_has_no_tenant_but_for_a_moment(join: Join, acme: Actor) -> None:
    wang = await join()

    async with acting_as_person(wang.person_id) as connection:
        with pytest.raises(RuntimeError, match="No unit of work"):
            session()
        async with also_in_tenant(connection, acme):
            inside = await connection.fetchval("SELECT count(*) FROM member")
            assert session().tenant_id == acme.tenant_id
        assert await connection.fetchval("SELECT count(*) FROM member") == 0
        assert await connection.fetchval("SELECT count(*) FROM person") == 1
    assert inside == 1


async def test_units_of_work_of_a_person_and_of_a_tenant_do_not_nest_by_accident(join: Join, acme: Actor) -> None:
    wang = await join()

    async with acting_as(acme) as unit:
        with pytest.raises(RuntimeError, match="also_as_person"):
            async with acting_as_person(wang.person_id):
                pass
        assert await unit.connection.fetchval("SELECT count(*) FROM person") == 0
        await also_as_person(wang.person_id)
        assert await unit.connection.fetchval("SELECT count(*) FROM person") == 1


async def test_a_device_that_is_somebody_elses_is_given_a_secret_of_its_own_and_twenty_are_kept(join: Join) -> None:
    wang, li = await join(), await join()
    first = await remember_device(wang.person_id, None)

    assert await remember_device(wang.person_id, first) == first
    assert await remember_device(li.person_id, first) != first
    assert await remember_device(wang.person_id, "made up") != "made up"
    for _ in range(25):
        await remember_device(wang.person_id, None)
    async with acting_as_person(wang.person_id) as connection:
        assert await connection.fetchval("SELECT count(*) FROM known_device") == 20
