"""The schema keeps its promises; and each check finds the weakness that is planted for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tenants.database import connected
from tenants.servers import Servers
from tests.tenants.catalogue import CHECKS, powers

TABLE = "CREATE TABLE planted (tenant_id uuid NOT NULL, id uuid, {more} PRIMARY KEY ({key}));"
PLANTED = TABLE.format(more="", key="tenant_id, id")
FUNCTION = "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
FOREIGN_KEY = "FOREIGN KEY (tenant_id, id) REFERENCES customer (tenant_id, id)"

#: For each promise, weaknesses that break it, and the name under which each is found.
WEAKNESSES = {
    "row level security is enabled and forced": {
        PLANTED: "planted",
        f"{PLANTED} ALTER TABLE planted ENABLE ROW LEVEL SECURITY": "planted",
        "ALTER TABLE need NO FORCE ROW LEVEL SECURITY": "need",
        "ALTER TABLE recovery_code NO FORCE ROW LEVEL SECURITY": "recovery_code",
    },
    "there are plain tables only: no view, materialized view or foreign table": {
        "CREATE VIEW planted AS TABLE customer": "planted",
        "CREATE VIEW planted WITH (security_invoker) AS TABLE customer": "planted",
        "CREATE MATERIALIZED VIEW planted AS TABLE tag": "planted",
    },
    "the tenant is a uuid that is never null": {
        "CREATE TABLE planted (id uuid PRIMARY KEY)": "planted",
        "CREATE TABLE planted (tenant_id uuid)": "planted",
        "CREATE TABLE planted (tenant_id text NOT NULL)": "planted",
    },
    "there is a primary key": {"CREATE TABLE planted (tenant_id uuid NOT NULL)": "planted"},
    "the tenant comes first in every key and unique index": {
        TABLE.format(more="", key="id"): "planted.planted_pkey",
        TABLE.format(more="", key="id, tenant_id"): "planted.planted_pkey",
        "CREATE UNIQUE INDEX planted ON customer (verified_by)": "customer.planted",
        "CREATE UNIQUE INDEX planted ON customer (lower(verified_by::text), tenant_id)": "customer.planted",
    },
    "the tenant comes first in every foreign key, on both sides": {
        TABLE.format(more="of uuid REFERENCES tenant (id),", key="tenant_id, id"): "planted.planted_of_fkey",
        "CREATE UNIQUE INDEX planted ON need (id); ALTER TABLE tag ADD need uuid REFERENCES need (id)": "tag.tag_need_fkey",
    },
    "the person is a uuid that is never null": {
        "ALTER TABLE known_device DROP CONSTRAINT known_device_pkey, ALTER person_id DROP NOT NULL": "known_device",
    },
    "the person comes first in every key and unique index": {
        "CREATE UNIQUE INDEX planted ON known_device (hash)": "known_device.planted",
        "CREATE UNIQUE INDEX planted ON person (name, id)": "person.planted",
    },
    "a person's rows refer to that person's and no other": {
        "ALTER TABLE one_time_token ADD CONSTRAINT planted FOREIGN KEY (member_id) REFERENCES person NOT VALID": "one_time_token.planted",
        "ALTER TABLE one_time_token ADD CONSTRAINT planted FOREIGN KEY (tenant_id) REFERENCES tenant NOT VALID": "one_time_token.planted",
    },
    "no foreign key sets its columns on delete or update: the tenant is one of them": {
        TABLE.format(more=f"{FOREIGN_KEY} ON DELETE SET NULL,", key="tenant_id, id"): "planted_tenant_id_id_fkey",
        TABLE.format(more=f"{FOREIGN_KEY} ON UPDATE SET DEFAULT,", key="tenant_id, id"): "planted_tenant_id_id_fkey",
    },
    "there are no triggers but those of foreign keys": {
        f"{FUNCTION} CREATE TRIGGER planted BEFORE INSERT ON tag EXECUTE FUNCTION planted()": "tag.planted"
    },
    "there are no rewrite rules": {"CREATE RULE planted AS ON INSERT TO tag DO ALSO NOTHING": "tag.planted"},
    "the owner owns it all": {f"{PLANTED} GRANT CREATE ON SCHEMA public TO kelu_door; ALTER TABLE planted OWNER TO kelu_door": "planted"},
    "only the doors run as somebody else": {
        "CREATE FUNCTION planted() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM customer'": "planted()"
    },
    "the app's role and the door's create nothing": {
        "GRANT CREATE ON SCHEMA public TO kelu_app": "kelu_app in public",
        "GRANT CREATE ON SCHEMA public TO PUBLIC": "kelu_door in public",
    },
    "every table has the policy it was made with, and no other": {
        f"{PLANTED} ALTER TABLE planted ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY": "planted.tenant_only",
        "DROP POLICY tenant_only ON need": "need.tenant_only",
        "ALTER POLICY tenant_only ON need USING (true)": "need.tenant_only",
        "ALTER POLICY tenant_only ON need WITH CHECK (true)": "need.tenant_only",
        "ALTER POLICY tenant_only ON need TO kelu_app": "need.tenant_only",
        "CREATE POLICY planted ON need USING (true)": "need.planted",
        "ALTER POLICY door ON job TO PUBLIC": "job.door",
        "ALTER POLICY person_only ON person USING (true)": "person.person_only",
    },
    "everybody may do what is written, and no more": {
        "GRANT UPDATE ON change TO kelu_app": "change kelu_app UPDATE",
        "GRANT TRUNCATE ON customer TO kelu_app": "customer kelu_app TRUNCATE",
        "GRANT UPDATE (body) ON change TO kelu_app": "change.body kelu_app UPDATE",
        "GRANT UPDATE (purpose) ON trail_entry TO kelu_app": "trail_entry.purpose kelu_app UPDATE",
        "REVOKE UPDATE (block) ON trail_entry FROM kelu_app": "trail_entry.block kelu_app UPDATE",
        "GRANT SELECT ON customer TO PUBLIC": "customer public SELECT",
        "GRANT SELECT (name) ON api_key TO kelu_door": "api_key.name kelu_door SELECT",
        "GRANT SELECT (password_hash) ON person TO kelu_door": "person.password_hash kelu_door SELECT",
        "REVOKE SELECT ON tag FROM kelu_app": "tag kelu_app SELECT",
    },
    "the doors are narrow": {
        "GRANT EXECUTE ON FUNCTION door_api_key(bytea) TO PUBLIC": "door_api_key(bytea)",
        "ALTER FUNCTION door_api_key(bytea) RESET search_path": "door_api_key(bytea)",
        "DROP FUNCTION door_due_jobs(integer)": "door_due_jobs(integer)",
    },
}


@pytest_asyncio.fixture(loop_scope="session")
async def owner(migrated: Servers) -> AsyncIterator[Any]:
    """The owner's connection, in a transaction that is rolled back: what is planted is gone after the test."""
    assert migrated.owner
    async with connected(migrated.owner) as connection:
        trial = connection.transaction()
        await trial.start()
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        yield connection
        await trial.rollback()


@pytest.mark.parametrize("promise", CHECKS)
async def test_the_schema_keeps_its_promise(owner: Any, promise: str) -> None:
    assert await CHECKS[promise](owner) == []


@pytest.mark.parametrize(
    ("promise", "weakness", "name"), [(promise, *found) for promise, planted in WEAKNESSES.items() for found in planted.items()]
)
async def test_a_planted_weakness_is_found(owner: Any, promise: str, weakness: str, name: str) -> None:
    await owner.execute(weakness)

    assert name in await CHECKS[promise](owner)


def test_every_check_has_a_weakness_planted_for_it() -> None:
    assert WEAKNESSES.keys() == CHECKS.keys()


async def test_no_role_of_ours_can_step_around_row_level_security(owner: Any) -> None:
    roles = {"kelu_app", "kelu_door", "kelu_owner", "kelu_search"}

    # The owner is in the doors' roles to be able to hand functions to them; kelu_door has no more than two look-ups.
    assert await powers(owner, roles) == ["kelu_owner in kelu_door", "kelu_owner in kelu_search"]
    # Of kelu_search it takes on nothing by itself, or it would see the customers of all tenants.
    assert not await owner.fetchval("SELECT pg_has_role('kelu_owner', 'kelu_search', 'USAGE')")


async def test_powers_are_found_where_there_are_some(owner: Any) -> None:
    superuser = await owner.fetchval("SELECT rolname FROM pg_roles WHERE rolsuper LIMIT 1")

    assert f"{superuser} superuser" in await powers(owner, {superuser})
