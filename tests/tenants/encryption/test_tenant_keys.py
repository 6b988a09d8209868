"""A tenant's keys survive what happens to transactions, processes and rotations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tenants.encryption import CannotOpen, Keyring, LocalMasterKey, tenant_keys
from tenants.encryption.tenant_keys import create_tenant_key, forget, keyring_of
from tenants.refusals import Conflict, NotFound
from tenants.servers import Servers

MASTER = LocalMasterKey(b"m" * 32)
ROW = UUID(int=1)

Acting = Callable[[UUID], AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def transaction(url: str, tenant_id: UUID) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT act_as_tenant($1)", tenant_id)
            yield connection
    finally:
        await connection.close()


@pytest.fixture
def acting(migrated: Servers) -> Acting:
    """A transaction of the app's own role with the tenant set."""
    return lambda tenant_id: transaction(migrated.app, tenant_id)


@pytest.fixture
def age(migrated: Servers) -> Callable[[UUID], Any]:
    """Lets an hour pass for a tenant's keys."""

    async def pass_an_hour(tenant_id: UUID) -> None:
        assert migrated.owner
        async with transaction(migrated.owner, tenant_id) as connection:
            await connection.execute("UPDATE tenant_key SET created_at = created_at - interval '1 hour' WHERE tenant_id = $1", tenant_id)
        forget(tenant_id)

    return pass_an_hour


async def with_key(acting: Acting) -> UUID:
    tenant_id = uuid4()
    async with acting(tenant_id) as connection:
        await create_tenant_key(connection, MASTER, tenant_id)
    return tenant_id


async def keyring(acting: Acting, tenant_id: UUID) -> Keyring:
    async with acting(tenant_id) as connection:
        return await keyring_of(connection, MASTER, tenant_id)


def seal(keys: Keyring, text: str = "ada") -> bytes:
    return keys.column("customer", "phone").seal(ROW, text)


def opened(keys: Keyring, sealed: bytes) -> str:
    return keys.column("customer", "phone").open(ROW, sealed)


async def test_what_one_process_seals_another_opens(acting: Acting) -> None:
    tenant_id = await with_key(acting)

    sealed = seal(await keyring(acting, tenant_id))
    forget(tenant_id)

    assert opened(await keyring(acting, tenant_id), sealed) == "ada"


async def test_the_database_holds_no_key_in_clear(acting: Acting) -> None:
    tenant_id = await with_key(acting)

    async with acting(tenant_id) as connection:
        row = await connection.fetchrow("SELECT wrapped, master FROM tenant_key WHERE tenant_id = $1", tenant_id)

    assert MASTER.unwrap(tenant_id, 1, row["wrapped"]) not in row["wrapped"]
    assert row["master"] == MASTER.name


async def test_a_keyring_is_kept_until_it_is_forgotten(acting: Acting, age: Callable[[UUID], Any]) -> None:
    tenant_id = await with_key(acting)
    await age(tenant_id)

    first = await keyring(acting, tenant_id)

    assert await keyring(acting, tenant_id) is first
    forget(tenant_id)
    assert await keyring(acting, tenant_id) is not first


async def test_no_more_keyrings_are_kept_than_allowed(acting: Acting, age: Callable[[UUID], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenant_keys, "KEPT_MOST", 1)
    tenant_keys._kept.clear()
    acme, globex = await with_key(acting), await with_key(acting)
    for tenant_id in (acme, globex):
        await age(tenant_id)

    first = await keyring(acting, acme)
    assert await keyring(acting, acme) is first
    await keyring(acting, globex)

    assert len(tenant_keys._kept) == 1
    assert await keyring(acting, acme) is not first


async def test_a_kept_keyring_is_read_again_in_time(acting: Acting, age: Callable[[UUID], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_id = await with_key(acting)
    await age(tenant_id)
    monkeypatch.setattr(tenant_keys, "KEPT_SECONDS", -1.0)

    assert await keyring(acting, tenant_id) is not await keyring(acting, tenant_id)


async def test_a_key_that_was_undone_seals_nothing_afterwards(acting: Acting) -> None:
    tenant_id = uuid4()
    with suppress(ZeroDivisionError):
        async with acting(tenant_id) as connection:
            await create_tenant_key(connection, MASTER, tenant_id)
            undone = seal(await keyring_of(connection, MASTER, tenant_id))
            raise ZeroDivisionError
    with pytest.raises(NotFound):
        await keyring(acting, tenant_id)
    async with acting(tenant_id) as connection:
        await create_tenant_key(connection, MASTER, tenant_id)
        lasting = seal(await keyring_of(connection, MASTER, tenant_id))

    forget(tenant_id)
    keys = await keyring(acting, tenant_id)

    assert opened(keys, lasting) == "ada"
    with pytest.raises(CannotOpen):
        opened(keys, undone)


async def test_a_new_version_is_known_before_it_is_sealed_with(acting: Acting, age: Callable[[UUID], Any]) -> None:
    tenant_id = await with_key(acting)
    await age(tenant_id)
    before = await keyring(acting, tenant_id)
    async with acting(tenant_id) as connection:
        await create_tenant_key(connection, MASTER, tenant_id, version=2)

    fresh = await keyring(acting, tenant_id)
    await age(tenant_id)
    settled = await keyring(acting, tenant_id)

    assert [seal(keys)[:3].hex() for keys in (before, fresh, settled)] == ["010001", "010001", "010002"]
    assert opened(fresh, seal(settled)) == opened(settled, seal(before)) == "ada"
    assert settled.blind_index("phone").digest("1") == before.blind_index("phone").digest("1")


async def test_a_version_is_made_once_and_the_transaction_goes_on(acting: Acting) -> None:
    tenant_id = await with_key(acting)
    sealed = seal(await keyring(acting, tenant_id))

    async with acting(tenant_id) as connection:
        with pytest.raises(Conflict, match="version 1 already"):
            await create_tenant_key(connection, MASTER, tenant_id)
        assert opened(await keyring_of(connection, MASTER, tenant_id), sealed) == "ada"


async def test_another_tenants_keys_are_not_found(acting: Acting) -> None:
    acme, globex = await with_key(acting), await with_key(acting)

    async with acting(globex) as connection:
        with pytest.raises(NotFound):
            await keyring_of(connection, MASTER, acme)


async def test_the_wrong_master_key_is_named(acting: Acting, age: Callable[[UUID], Any]) -> None:
    tenant_id = await with_key(acting)
    await age(tenant_id)
    await keyring(acting, tenant_id)
    other = LocalMasterKey(b"n" * 32)

    async with acting(tenant_id) as connection:
        with pytest.raises(CannotOpen, match=f"{MASTER.name}; {other.name} is configured"):
            await keyring_of(connection, other, tenant_id)
