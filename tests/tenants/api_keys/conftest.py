"""Members who make keys, and where keys are used from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from tenants.access.actors import actor_of_member
from tenants.api_keys import add_api_key
from tenants.ids import new_id
from tenants.session import Actor, acting_as

MakeMember = Callable[..., Awaitable[Actor]]
MakeKey = Callable[..., Awaitable[tuple[UUID, str]]]
Run = Callable[..., Awaitable[Any]]


@pytest.fixture
def make_member() -> MakeMember:
    """Makes an active member with some roles, and gives it as an actor."""

    async def make(of: Actor, *role_ids: UUID) -> Actor:
        id = new_id()
        async with acting_as(of) as unit:
            await unit.connection.execute(
                """INSERT INTO member (tenant_id, id, person_id, email, name, role_ids, status)
                VALUES ($1, $2, $3, $4, '王芳', $5, 'ACTIVE')""",
                *(of.tenant_id, id, new_id(), f"{id.hex}@example.org", list(role_ids)),
            )
        return await actor_of_member(of.tenant_id, id)

    return make


@pytest.fixture
def make_key() -> MakeKey:
    """Makes a key as somebody; its id and secret."""

    async def make(actor: Actor, **more: Any) -> tuple[UUID, str]:
        async with acting_as(actor):
            key, secret = await add_api_key("Shop", **more)
        id: UUID = key.id
        return id, secret

    return make


@pytest.fixture
def run() -> Run:
    """Runs a statement in a tenant, whose id is $1, as another process would: this one is not told."""

    async def execute(actor: Actor, statement: str, *values: object) -> Any:
        async with acting_as(actor) as unit:
            return await unit.connection.fetch(statement, actor.tenant_id, *values)

    return execute
